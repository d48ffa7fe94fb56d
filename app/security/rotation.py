"""Another encryption key in place of the old one, without a moment at which a process cannot open something.

A new key is first added to the key file, and seals nothing until every process can know it (`add_key`).
Then it seals (`use_newest`), and what older keys have sealed is sealed anew (`resealing`). When nothing
needs the old keys any more, they are removed (`retire`). Each step can be stopped and begun again.

The root is never another one. Blind indexes, Message-IDs, the tokens in links, the chain of the audit
log, passwords and second factors are made from it and cannot be made again from what is stored: each
look-up would have to ask under both roots for as long as anything of the old one lives, and organizers
would have to begin anew with password and authenticator.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import RedressError
from app.security import audit, key_file
from app.security.audit import AuditEntry
from app.security.keys import KeyRing, KeysError, current_keys, new_key
from app.security.resealing import any_opens, count_older

SETTLED: Final = timedelta(minutes=1)
"""After this nobody stores any more what was sealed before the key file changed."""


@dataclass(frozen=True)
class Step:
    """Where a rotation stands.

    Args:
        number: the key that it is about.
        done: whether this call has changed anything.
    """

    number: int
    done: bool


def add_key(path: Path, *, actor: str, now: datetime) -> Step:
    """Add a key to the key file that seals nothing yet. Where one waits already, nothing is changed.

    Its number is one that no key of this installation ever had, not even in another copy of the file.

    Raises:
        KeysError: the key file cannot be changed.
    """
    with _turn() as session:
        ring = KeyRing.load(path)
        if ring.newest != ring.sealing:
            return Step(ring.newest, done=False)
        number = 1 + max(ring.newest, _highest_told(session))
        audit.record(session, "key.added", actor=actor, now=now, detail={"key": str(number)})
        keys = {**ring.encryption, number: new_key()}
        key_file.put(replace(ring, encryption=keys, seals=ring.sealing), path)
    return Step(number, done=True)


def use_newest(path: Path, *, actor: str, now: datetime) -> Step:
    """Let the newest key seal from now on. Where it does already, nothing is changed.

    Every process must be able to know the key: the key file is the same everywhere.

    Raises:
        KeysError: the key file cannot be changed.
    """
    with _turn() as session:
        ring = KeyRing.load(path)
        waits = ring.newest != ring.sealing
        if waits:
            audit.record(session, "key.used", actor=actor, now=now, detail={"key": str(ring.newest)})
            key_file.put(replace(ring, seals=0), path)
    current_keys().read_again()
    return Step(ring.newest, done=waits)


def note_resealed(rows: int, *, actor: str, now: datetime) -> None:
    """Tell the audit log that rows were sealed anew."""
    with transaction() as session:
        audit.record(session, "key.resealed", actor=actor, now=now, detail={"rows": str(rows)})


def unsettled(path: Path, *, now: datetime) -> timedelta:
    """Return how long somebody may still store what was sealed before the key file changed."""
    return min(max(key_file.changed_at(path) + SETTLED - now, timedelta()), SETTLED)


def old_keys(path: Path) -> list[int]:
    """Return the numbers of the keys that are older than the one that seals."""
    ring = KeyRing.load(path)
    return sorted(number for number in ring.encryption if number < ring.sealing)


def retire(path: Path, *, keep: Path | None, actor: str, now: datetime) -> list[int]:
    """Remove from the key file what is older than the key that seals, if nothing needs it.

    Running processes go on knowing it until they end, for what they have read before.

    Args:
        path: the key file.
        keep: a new file for the keys as they were; None where no backup needs the old ones.
        actor: for the audit log.
        now: the present instant.

    Returns:
        The numbers of the keys that were removed.

    Raises:
        RedressError: something still needs one of them; nothing was changed.
        KeysError: the key file cannot be changed, or `keep` cannot be written.
    """
    sealing = KeyRing.load(path).sealing
    left = count_older(sealing)
    if left and any_opens(sealing):
        raise RedressError(
            f"{left} {'value is' if left == 1 else 'values are'} still sealed with an older key: "
            "“redress keys rotate --use” seals them anew. Nothing was changed."
        )
    with _turn() as session:
        ring = KeyRing.load(path)
        kept = {number: key for number, key in ring.encryption.items() if number >= sealing}
        removed = sorted(ring.encryption.keys() - kept.keys())
        if removed:
            told = ", ".join(map(str, removed))
            audit.record(session, "key.retired", actor=actor, now=now, detail={"keys": told})
            with _put_aside(ring, keep) if keep else nullcontext():
                key_file.put(replace(ring, encryption=kept), path)
    return removed


@contextmanager
def _put_aside(ring: KeyRing, keep: Path) -> Iterator[None]:
    key_file.copy(ring, keep)
    try:
        yield
    except KeysError:
        keep.unlink()
        raise


@contextmanager
def _turn() -> Iterator[Session]:
    """Open a transaction in which nobody else changes the key file, on any machine."""
    with transaction() as session:
        audit.take_turn(session)
        yield session


def _highest_told(session: Session) -> int:
    added = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "key.added"))
    return max((int(entry.detail["key"]) for entry in added), default=0)
