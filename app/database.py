"""The ground of everything that is stored: base class, types, and the one way to write.

Reading goes through `db.session`, which lives as long as the request. Writing goes through
`transaction()`, a session of its own that is one database transaction: it commits at the end of
the block or leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import threading
import time
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _
from flask_sqlalchemy_lite import SQLAlchemy
from flask_sqlalchemy_lite._extension import _close_async_sessions
from sqlalchemy.engine import URL, Connection, Dialect, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app.errors import Unavailable

BUSY_SECONDS = 5.0
"""How long a writer waits for its turn before the person is told to try again."""
WRITE_BACK_TRIES, WRITE_BACK_PAUSE = 20, 0.05
GLANCE_SECONDS = 0.0005
"""After which a waiting writer of SQLite looks again."""

PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    # Pages; SQLite's own are a quarter of that. Whenever the journal is written back, whoever just commits
    # waits for it, and a submission touches some thirty. `write_back` sees to what must not stay in it.
    "wal_autocheckpoint=4000",
)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An instant. Takes aware datetimes only and always gives back UTC, on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone is not an instant")
        value = value.astimezone(UTC)
        # SQLite keeps text and compares it as text: one zone for all, and no offset in it.
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SealedColumn:
    """A descriptor that keeps its value encrypted in another column of the same row (`security.sealed`).

    Attributes:
        column: the name of that other column.
    """

    column: str


Json = sa.JSON(none_as_null=True)


class Base(DeclarativeBase):
    """Every row has an `id` from the moment it is constructed, so that sealed columns can be bound to it."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        uuid.UUID: sa.Uuid(),
        list[str]: Json,
        dict[str, str]: Json,
        list[dict[str, str]]: Json,
    }

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, sort_order=-1)

    def __init__(self, **values: Any) -> None:
        self.id = values.pop("id", None) or uuid.uuid4()
        if unknown := values.keys() - _names_of(type(self)):
            raise TypeError(f"{type(self).__name__} has no “{min(unknown)}”")
        for name, value in values.items():
            setattr(self, name, value)


@functools.cache
def _names_of(model: type[Base]) -> frozenset[str]:
    return frozenset(dir(model))


Row = TypeVar("Row", bound=Base)

db = SQLAlchemy(
    # What a statement was given may be somebody's name: it has no place in an error's text.
    engine_options={"hide_parameters": True},
    session_options={"expire_on_commit": False},
)

_open: ContextVar[bool] = ContextVar("redress_transaction_open", default=False)


@contextlib.contextmanager
def transaction() -> Iterator[Session]:
    """Open the one write transaction of a service call.

    Yields:
        A session. It commits when the block ends and rolls back when the block raises.

    Raises:
        Unavailable: other writers held the database for longer than `BUSY_SECONDS`.
    """
    if _open.get():
        raise RuntimeError("a transaction is open already: hand its session down instead of opening another")
    db.session.rollback()  # what was read before may be stale after this, and SQLite cannot upgrade a reader
    token = _open.set(True)
    try:
        with _writers_turn(), db.sessionmaker() as session:
            session.connection(execution_options={"redress_write": True})
            yield session
            session.commit()
    finally:
        _open.reset(token)


@contextlib.contextmanager
def _writers_turn() -> Iterator[None]:
    lock: WriterLock | None = current_app.extensions.get("redress_writer_lock")
    if lock is None:
        yield
        return
    with lock.held():
        yield


class WriterLock:
    """Queues SQLite's writers, over threads and processes.

    SQLite's own busy handler polls and starves one of two steady writers; a lock that is taken
    before `BEGIN IMMEDIATE` lets each have its turn (see dependencies.md). A second file is the
    queue's door: whoever is next stands in it, so that a writer who has just finished cannot slip
    in again before those who wait.

    Args:
        path: the lock file, beside the database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.threads = threading.Lock()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        deadline = time.monotonic() + BUSY_SECONDS
        if not self.threads.acquire(timeout=BUSY_SECONDS):
            raise _busy()
        try:
            with self.path.open("ab") as file:
                with self.path.with_name(self.path.name + ".next").open("ab") as door:
                    self._take(door.fileno(), deadline)
                    self._take(file.fileno(), deadline)
                yield
        finally:
            self.threads.release()

    def _take(self, descriptor: int, deadline: float) -> None:
        # The kernel lets go of the lock when the process dies, whatever it died of.
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise _busy() from None
                time.sleep(GLANCE_SECONDS)


def _busy() -> Unavailable:
    return Unavailable(
        _("The site is very busy at the moment. Nothing was lost; please try again in a minute.")
    )


def write_back() -> None:
    """Let nothing that was deleted or replaced stand in SQLite's journal; PostgreSQL's is seen to by VACUUM.

    No transaction may be open. Where somebody still reads what was before, it is tried again a few times and
    then left for the next time: nobody who writes is kept waiting for who reads.
    """
    db.session.rollback()  # we would be that somebody
    if db.engine.dialect.name == "sqlite":
        for _try in range(WRITE_BACK_TRIES):
            if _written_back():
                return
            time.sleep(WRITE_BACK_PAUSE)


def _written_back() -> bool:
    with _writers_turn(), contextlib.closing(db.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            busy, _pages, _moved = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            cursor.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_SECONDS)}")
            cursor.close()
    return not busy


def init_database(app: Flask, url: str) -> None:
    """Connect an application to its database.

    Args:
        app: the application.
        url: a SQLAlchemy URL of SQLite or PostgreSQL (psycopg).
    """
    address = make_url(url)
    app.config["SQLALCHEMY_ENGINES"] = {"default": _engine_options(address)}
    db.init_app(app)
    # It also closes asynchronous sessions; there are none, and looking for them starts a thread each time.
    app.teardown_appcontext_funcs.remove(_close_async_sessions)
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "redress.sqlite")
        path.parent.mkdir(parents=True, exist_ok=True)
        app.extensions["redress_writer_lock"] = WriterLock(path.with_name(path.name + ".writers"))
        with app.app_context():
            sa.event.listen(db.engine, "connect", _prepare_sqlite)
            sa.event.listen(db.engine, "begin", _begin_sqlite)


def _engine_options(address: URL) -> dict[str, Any]:
    options: dict[str, Any] = {"url": address}
    if address.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": BUSY_SECONDS}
    else:
        # Who waits for a row that somebody else holds gets the same answer as SQLite's writers do.
        given = address.query.get("options", "")
        patience = f"{given} -c lock_timeout={int(BUSY_SECONDS * 1000)}".strip()
        connect = {"connect_timeout": 5, "options": patience}
        # A server can be restarted under us; a file cannot, and asking costs as much as a small query.
        options |= {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20, "connect_args": connect}
    return options


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite says which kind is wanted.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins as a reader can be refused midway (SQLITE_BUSY_SNAPSHOT): begin as what it is.
    write = connection.get_execution_options().get("redress_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
