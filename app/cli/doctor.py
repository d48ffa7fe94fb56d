"""`redress doctor`: what is wrong with this installation, in one line each."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import click
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from app import clock
from app.cli import Installation
from app.cli.mail_dns import examine, texts_of
from app.database import db
from app.delivery.dkim import SigningKey
from app.evidence.models import Fact
from app.evidence.standing import STALE_AFTER, is_stale
from app.extensions import alembic
from app.recipients.models import Contact, Recipient
from app.security.keys import current_keys
from app.security.resealing import census
from app.settings import Settings

TOLD = 10
"""So many keys of stale facts are named."""
LOOKED_AT = 2_000
"""So many rows at each end of a table are asked which key has sealed them: no index tells it."""


@dataclass(frozen=True)
class Finding:
    """One check. `ok` False makes the command end with status 1."""

    ok: bool
    sentence: str


@click.command("doctor")
@click.pass_obj
def command(installation: Installation) -> None:
    """Check configuration, database, keys, mail server, clock, contacts and facts. Exit 1 with findings."""
    settings = installation.settings()
    app = installation.app()
    with app.app_context():
        findings = list(_examine(settings, clock.now()))
    for finding in findings:
        click.echo(f"{'ok     ' if finding.ok else 'CHECK  '} {finding.sentence}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


def _examine(settings: Settings, now: datetime) -> Iterator[Finding]:
    yield Finding(True, f"Configuration: {settings.env}, {settings.base_url}")
    yield _clock(now)
    yield _mail_server(settings)
    yield from _signatures(settings)
    database = _database()
    yield database
    yield _keys() if database.ok else Finding(True, "Keys: the key file opens")
    if database.ok:
        yield _contacts()
        yield _facts(now.date())


def _keys() -> Finding:
    ring, found = current_keys().ring, census(LOOKED_AT)
    among = "" if found.whole else f" of {found.by_key.total()} that were looked at"
    lost = sum(count for number, count in found.by_key.items() if number not in ring.encryption)
    older = sum(found.by_key[number] for number in ring.encryption if number < ring.sealing)
    told = [f"key {ring.sealing} seals"]
    if lost:
        told.append(f"sealed with a key that the file does not have: {lost}{among}")
    if older:
        told.append(f"still under an older key (run “redress keys rotate --use”): {older}{among}")
    if ring.newest != ring.sealing:
        told.append(f"key {ring.newest} waits")
    if len(ring.encryption) > 1:
        told.append(f"in the file: {', '.join(map(str, sorted(ring.encryption)))}")
    return Finding(not (lost or older), f"Keys: {'; '.join(told)}")


def _clock(now: datetime) -> Finding:
    newest = datetime(2026, 11, 1, tzinfo=UTC)
    return Finding(
        now > newest,
        f"Clock: {now:%Y-%m-%d %H:%M} UTC" + ("" if now > newest else ", which lies in the past"),
    )


def _mail_server(settings: Settings) -> Finding:
    if settings.smtp_url is None:
        return Finding(
            settings.env != "production", f"Mail: no SMTP server; it goes to {settings.maildir.name}/"
        )
    parts = urlsplit(settings.smtp_url)
    connect = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with connect(parts.hostname or "", parts.port or 0, timeout=5) as server:
            server.noop()
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return Finding(False, f"Mail: the SMTP server does not answer ({type(error).__name__})")
    return Finding(True, "Mail: the SMTP server answers")


def _signatures(settings: Settings) -> Iterator[Finding]:
    keys: tuple[SigningKey, ...] = current_app.extensions["redress_dkim"]
    names = ", ".join(f"{key.selector} ({key.algorithm})" for key in keys)
    yield Finding(True, f"DKIM: mails are signed by {names}" if keys else "DKIM: mails are not signed here")
    if settings.env != "production":
        yield Finding(True, "Mail DNS: looked at in production only")
        return
    for ok, sentence in examine(settings.mail_from, settings.bounce_domain, keys, texts_of):
        yield Finding(ok, sentence)


def _database() -> Finding:
    try:
        if alembic.needs_upgrade():
            return Finding(False, "Database: not at the current form; run “redress db upgrade”")
    except DBAPIError:
        return Finding(False, "Database: cannot be reached")
    return Finding(True, f"Database: {db.engine.dialect.name}, current")


def _contacts() -> Finding:
    verified = select(Contact.recipient_id).where(
        Contact.verified_at.is_not(None), Contact.status == "active"
    )
    query = select(func.count()).select_from(Recipient)
    query = query.where(
        Recipient.status == "open", Recipient.accepts == "public", Recipient.id.not_in(verified)
    )
    missing = db.session.scalar(query) or 0
    return Finding(missing == 0, f"Contacts: {missing} open offices have no verified contact")


def _facts(today: date) -> Finding:
    facts = db.session.scalars(select(Fact).order_by(Fact.key))
    stale = [fact.key for fact in facts if is_stale(fact, today)]
    told = f": {', '.join(stale[:TOLD])}{', …' if len(stale) > TOLD else ''}" if stale else ""
    return Finding(not stale, f"Facts: {len(stale)} not checked for {STALE_AFTER.days} days{told}")
