"""Confirming a letter: once, all copies together, frozen and queued in the same transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.models import TemplateVersion
from app.campaigns.reading import AudienceOffice
from app.campaigns.texts import text
from app.database import db, transaction
from app.delivery.models import Delivery
from app.errors import Gone, NotFound, Unavailable
from app.letters.freezing import freeze, office_of, snapshot_for, word_copy
from app.letters.models import Letter
from app.letters.originality import sketches_of
from app.letters.snapshot import Snapshot
from app.letters.stating import stated_by, stops_of
from app.letters.tone import look_at_words
from app.letters.wording import Worded
from app.letters.writing import LETTER_PAGE
from app.notices.confirmation import forget_confirmation
from app.recipients.resolution import Addressee
from app.rendering.tone import Finding
from app.security.tokens import derived_token, hash_token
from app.supporters.addresses import address_index
from app.supporters.silence import silence


class LinkUsed(Gone):
    """The letter behind the link is confirmed already. `page_token` leads to its page."""

    def __init__(self, page_token: str) -> None:
        super().__init__(_("You have confirmed this letter already."))
        self.page_token = page_token


@dataclass(frozen=True)
class Pending:
    """A letter that waits for its confirmation, exactly as it will be sent, and what the rules find in it.

    `other_ways` are offices, by name, that do not get it by e-mail, each with a sentence that says how.
    """

    campaign_title: str
    campaign_slug: str
    reference: str
    until: datetime
    letters: tuple[Worded, ...]
    findings: tuple[Finding, ...]
    other_ways: tuple[tuple[str, str], ...]


def look_at(token: str, language: str, *, now: datetime) -> Pending:
    """Return what a confirmation link is about. Changes nothing.

    Raises:
        NotFound: there is no such link.
        LinkUsed: it was confirmed.
        Gone: it has ended, the letter was taken back, or the campaign writes to none of its offices any more.
    """
    letter = _find(db.session, token)
    _check_pending(letter, now)
    snapshot = snapshot_for(db.session, letter, now=now)
    copies = _still_addressed(db.session, snapshot, copies_of(db.session, letter))
    with _plain_where_withdrawn(db.session, letter, now):
        worded = [word_copy(db.session, snapshot, letter, delivery, office) for delivery, office in copies]
    return Pending(
        campaign_title=text(snapshot.campaign.title, language),
        campaign_slug=snapshot.campaign.slug,
        reference=letter.reference,
        until=letter.confirm_until,
        letters=tuple(worded),
        findings=look_at_words(letter.own_words),
        other_ways=tuple(
            (office.short_name, said)
            for _delivery, office in copies
            if (said := _other_way(office.addressee))
        ),
    )


def _other_way(addressee: Addressee) -> str:
    if addressee.goes_by_post:
        return _("takes letters on paper: an organizer prints yours and posts it.")
    if addressee.contact is None and addressee.form is not None:
        return _(
            "takes letters through the form on its own site: after you have confirmed, you copy yours there."
        )
    return ""


def confirm(token: str, *, now: datetime) -> str:
    """Confirm a letter: freeze, address and queue every copy in one transaction.

    Returns:
        The token of the letter's page.

    Raises:
        NotFound: there is no such link.
        LinkUsed: it was confirmed before; nothing was changed.
        Gone: as `look_at`.
    """
    with transaction() as session:
        letter = _find(session, token, lock=True)
        _check_pending(letter, now)
        letter.confirmed_at = now
        snapshot = snapshot_for(session, letter, now=now)
        copies = copies_of(session, letter)
        _still_addressed(session, snapshot, copies)
        with _plain_where_withdrawn(session, letter, now):
            frozen = [freeze(session, snapshot, letter, delivery, now=now) for delivery in copies]
        letter.sketches = sketches_of(worded for worded in frozen if worded is not None)
        return page_token(letter)


@contextlib.contextmanager
def _plain_where_withdrawn(session: Session, letter: Letter, now: datetime) -> Iterator[None]:
    """Say why a letter cannot be worded any more, where it states what was withdrawn since it was written.

    Raises:
        Gone: it does. What else keeps it from being worded is raised as it is.
    """
    try:
        yield
    except Unavailable:
        ids = {copy.template_version_id for copy in copies_of(session, letter)}
        versions = session.scalars(select(TemplateVersion).where(TemplateVersion.id.in_(ids)))
        stated = {name for version in versions for name in stated_by(letter, version)}
        if stops_of(session, stated, day=now.date()):
            raise Gone(
                _(
                    "After you wrote it, the organizers withdrew something that your letter states. So it is"
                    " not sent like this, and nothing was sent. Write it again on the campaign’s page: it"
                    " will state only what holds today."
                )
            ) from None
        raise


def decline(token: str, *, never_again: bool, now: datetime) -> None:
    """Delete a letter that somebody did not write (or no longer wants), and all that was stored with it.

    Args:
        token: of the confirmation link.
        never_again: also remember that this mailbox wants no mail from here.

    Raises:
        NotFound, LinkUsed, Gone: as `confirm`.
    """
    with transaction() as session:
        letter = _find(session, token, lock=True)
        _check_pending(letter, now)
        supporter = letter.supporter
        if never_again:
            silence(session, address_index(supporter.email), now=now)
        for delivery in copies_of(session, letter):
            session.delete(delivery)
        session.flush()
        forget_confirmation(session, letter.id)
        session.delete(letter)
        session.flush()
        session.delete(supporter)


def page_token(letter: Letter) -> str:
    """Return the token of a letter's page."""
    return derived_token(LETTER_PAGE, letter.id)


def _find(session: Session, token: str, *, lock: bool = False) -> Letter:
    query = select(Letter).where(Letter.confirm_token_hash == hash_token(token))
    letter = session.scalar(query.with_for_update() if lock else query)
    if letter is None:
        raise NotFound(_("There is no letter behind this link. Was it copied whole?"))
    return letter


def _check_pending(letter: Letter, now: datetime) -> None:
    if letter.confirmed_at is not None:
        raise LinkUsed(page_token(letter))
    if letter.withdrawn_at is not None:
        raise Gone(_("This letter was taken back. Nothing was sent."))
    if now >= letter.confirm_until:
        raise Gone(
            _("This link ended after seven days, and nothing was sent. You can write your letter again.")
        )


def _still_addressed(
    session: Session, snapshot: Snapshot, copies: list[Delivery]
) -> list[tuple[Delivery, AudienceOffice]]:
    """Return the copies to offices that the campaign still writes to, each with its office.

    Raises:
        Gone: there is none.
    """
    left = [(copy, office) for copy in copies if (office := office_of(session, snapshot, copy)) is not None]
    if not left:
        raise Gone(_("The offices do not belong to this campaign any more. Please write your letter again."))
    return left


def copies_of(session: Session, letter: Letter) -> list[Delivery]:
    """Return the copies of a letter in the order of its campaign."""
    query = select(Delivery).where(Delivery.letter_id == letter.id).order_by(Delivery.position)
    return list(session.scalars(query))
