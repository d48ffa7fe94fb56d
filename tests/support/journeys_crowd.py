"""Many supporters at once: a database in which all of them have confirmed their letters."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Flask

from tests.support.databases import Backend, one_at_a_time
from tests.support.environment import installation
from tests.support.journeys import CAMPAIGN, DURING_THE_CAMPAIGN, OFFICES
from tests.support.lengths import length
from tests.support.smtp import Envelope

if TYPE_CHECKING:
    from app.delivery.models import Delivery

SUPPORTERS = length(40, 200)
CONFIRMED_AT = datetime.fromisoformat(DURING_THE_CAMPAIGN)
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)\r$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Crowd:
    """An installation whose outbox holds what a crowd has confirmed.

    Args:
        app: the application.
        environ: its REDRESS_… variables, for workers.
    """

    app: Flask
    environ: Mapping[str, str]

    def letters(self) -> dict[str, tuple[str, str, bytes]]:
        """Return state, address and text of every letter, by Message-ID."""
        from app.delivery.models import Delivery

        with self.app.app_context():
            rows = self._deliveries(Delivery.kind == "letter")
            return {str(row.message_id): (row.state, row.envelope_to, row.text.encode()) for row in rows}

    def states(self) -> Counter[str]:
        """Return how many letters are in which state."""
        return Counter(state for state, _to, _text in self.letters().values())

    def ever_unclear(self) -> set[str]:
        """Return the Message-IDs of letters that were `unclear` at any time, by the journal."""
        from app.delivery.models import Delivery

        with self.app.app_context():
            rows = self._deliveries(Delivery.changes.any(to_state="unclear"))
            return {str(row.message_id) for row in rows}

    def broken_attempts(self) -> int:
        """Return how many attempts were journalled as broken off by the loss of their worker."""
        from app.database import db
        from app.delivery.models import Attempt

        lost = sa.select(sa.func.count()).where(Attempt.outcome.in_(["crashed", "unclear"]))
        with self.app.app_context(), db.sessionmaker() as session:
            return session.scalars(lost).one()

    def send_unclear_again(self, now: datetime) -> None:
        """Decide, as an organizer would, that what is unclear is sent again although it may have arrived."""
        from app.database import transaction
        from app.delivery.models import Delivery
        from app.delivery.outbox import queue_again

        with self.app.app_context(), transaction() as session:
            for row in session.scalars(sa.select(Delivery).where(Delivery.state == "unclear")):
                queue_again(session, row, now=now, cause="decided in a test", actor="organizer")

    def _deliveries(self, *where: sa.ColumnElement[bool]) -> list[Delivery]:
        from app.database import db
        from app.delivery.models import Delivery

        with db.sessionmaker() as session:
            return list(session.scalars(sa.select(Delivery).where(*where)))


@contextmanager
def crowd(
    backends: Mapping[str, Backend], name: str, run: Path, keys_file: Path, own: Path
) -> Iterator[Crowd]:
    """Make a database with a crowd's letters in it, for the length of a block.

    Written once for each run, on SQLite; copied from there.

    Args:
        backends, name: the kinds of database, and which one is wanted.
        run: the folder that all test processes of the run share.
        keys_file: with which everything in the run is encrypted.
        own: a folder of the test's own.
    """
    written = run / "crowd.sqlite"
    with one_at_a_time(run / "crowd.lock"):
        if not written.exists():
            _write(backends["sqlite"], written, keys_file, own / "writing")
    url = backends[name].make("migrated")
    if name == "sqlite":
        shutil.copyfile(written, url.removeprefix("sqlite:///"))
    else:
        _copy_rows(f"sqlite:///{written}", url)
    environ = installation(own / "instance", url, keys_file=keys_file)
    with _application(environ) as app:
        yield Crowd(app, environ)
    backends[name].drop(url)


@contextmanager
def _application(environ: Mapping[str, str]) -> Iterator[Flask]:
    from app import create_app
    from app.database import db
    from app.settings import Settings

    app = create_app(Settings.from_environ(environ))
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


def _write(backend: Backend, place: Path, keys_file: Path, own: Path) -> None:
    """Write and confirm every letter through the services. The mails that asked to confirm count as sent."""
    from app.database import transaction
    from app.delivery.models import Delivery
    from app.letters.confirming import confirm
    from tests.factories.letters import notices, token_in, write_letter

    url = backend.make("seeded")
    with _application(installation(own, url, keys_file=keys_file)) as app, app.app_context():
        for _ in range(SUPPORTERS):
            write_letter(CAMPAIGN, now=CONFIRMED_AT, recipients=OFFICES)
        for token in [token_in(notice) for notice in notices()]:
            confirm(token, now=CONFIRMED_AT)
        with transaction() as session:
            session.execute(sa.delete(Delivery).where(Delivery.kind == "notice"))
    shutil.move(url.removeprefix("sqlite:///"), place)


def _copy_rows(source_url: str, target_url: str) -> None:
    from app.database import Base

    source, target = sa.create_engine(source_url), sa.create_engine(target_url)
    with source.connect() as reader, target.begin() as writer:
        # Offices name their successors: rows of one table that need each other.
        writer.exec_driver_sql("SET session_replication_role = replica")
        for table in Base.metadata.sorted_tables:
            writer.execute(table.delete())
            if rows := [dict(row) for row in reader.execute(sa.select(table)).mappings()]:
                writer.execute(table.insert(), rows)
    source.dispose()
    target.dispose()


def received(envelopes: list[Envelope]) -> dict[str, list[Envelope]]:
    """Return what a mail server accepted, by Message-ID."""
    found: dict[str, list[Envelope]] = {}
    for envelope in envelopes:
        (message_id,) = MESSAGE_ID.findall(envelope.content.partition(b"\r\n\r\n")[0] + b"\r\n")
        found.setdefault(message_id.decode(), []).append(envelope)
    return found
