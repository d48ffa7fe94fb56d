"""The version of everything that organizers edit, so that what was read of it can be kept until it changes.

Offices, facts and campaigns change a few times a day and are read thousands of times a minute. One
number is raised in every transaction that changes one of them; whoever keeps something made from them
asks for the number first.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, UOWTransaction

from app.database import Base, db

THE_ROW = uuid.UUID(int=1)
MOST_KEPT = 256

Key = TypeVar("Key", bound=Hashable)
Kept = TypeVar("Kept")


class Content:
    """Mixin: rows of this class are content, and changing one raises the version."""


class ContentVersion(Base):
    """One row: the number of transactions that changed content."""

    __tablename__ = "content_version"

    number: Mapped[int]


_VERSION = f"SELECT number FROM {ContentVersion.__tablename__}"  # noqa: S608 (it has one row)


def content_changed(session: Session) -> None:
    """Raise the version in the caller's transaction: for changes that do not go through objects."""
    raised = (
        sa.update(ContentVersion).where(ContentVersion.id == THE_ROW).values(number=ContentVersion.number + 1)
    )
    session.connection().execute(raised)


@sa.event.listens_for(Session, "after_flush")
def _after_flush(session: Session, _context: UOWTransaction) -> None:
    changed: list[Any] = [*session.new, *session.dirty, *session.deleted]
    if any(isinstance(row, Content) for row in changed):
        content_changed(session)


def content_version() -> int:
    """Return the version as of now."""
    # Asked with every page, past SQLAlchemy: the same answer in a tenth of the time.
    errors = db.engine.dialect.loaded_dbapi.Error
    try:
        with contextlib.closing(db.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(_VERSION)
            row = cursor.fetchone()
            cursor.close()
    except errors as error:  # what SQLAlchemy would have made of it: the site answers 503 to that
        raise sa.exc.DBAPIError.instance(_VERSION, None, error, errors) from error
    return int(row[0]) if row else 0


def hold_content(session: Session) -> int:
    """Return the version; nobody else changes content until the caller's transaction ends."""
    # SQLite has one writer at a time anyway, and knows no such clause.
    query = sa.select(ContentVersion.number).where(ContentVersion.id == THE_ROW)
    return session.scalar(query.with_for_update()) or 0


class ContentMemory(Generic[Kept]):
    """What was made from content, by key, until content changes. For one process; threads may share it."""

    def __init__(self) -> None:
        self._version = -1
        self._kept: dict[Hashable, Kept] = {}

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under `key` if content has not changed since, or make and keep it."""
        return self.get_all([key], lambda _key: make())[key]

    def get_all(self, keys: Iterable[Key], make: Callable[[Key], Kept]) -> dict[Key, Kept]:
        """Return what is kept under each of some keys: as `get`, and the version is asked for once."""
        version = content_version()
        if version != self._version or len(self._kept) >= MOST_KEPT:
            # A new dictionary, not a cleared one: another thread may be putting something older into it.
            self._kept, self._version = {}, version
        kept = self._kept
        found: dict[Key, Kept] = {}
        for key in keys:
            if key not in kept:
                kept[key] = make(key)
            found[key] = kept[key]
        return found
