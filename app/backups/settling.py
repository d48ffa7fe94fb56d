"""What a database needs after it was restored from a backup, before anybody uses it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.backups.manifest import Manifest
from app.database import transaction
from app.delivery import stops
from app.delivery.takeover import take_over
from app.letters.replies.asking import count_as_asked
from app.letters.restored import MayHaveLeft, keep_all_back, note_restored
from app.organizers.sessions import end_everybodys

LONGEST_REASON: Final = 300


def settle(manifest: Manifest, *, nothing_left_since: bool, actor: str, now: datetime) -> MayHaveLeft:
    """Stop sending, take over what lost workers had in hand, keep back what may have left; all sign in anew.

    Args:
        manifest: of the backup.
        nothing_left_since: whether what waited in it may keep its place.
        actor: for the audit log.
        now: the instant.
    """
    _stop(manifest, actor=actor, now=now)
    take_over(now=now, is_alive=lambda _process: False)
    kept = MayHaveLeft(0, 0, 0) if nothing_left_since else keep_all_back(now=now)
    if not nothing_left_since:
        count_as_asked(now=now)
    with transaction() as session:
        # A sign-in that was ended after the backup would be good again.
        end_everybodys(session, now=now)
    note_restored(actor=actor, now=now, backup_of=manifest.made_at, edition=manifest.edition, kept=kept)
    return kept


def _stop(manifest: Manifest, *, actor: str, now: datetime) -> None:
    reason = f"The database was restored from the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC."
    before = stops.find_stop("site")
    if before is not None:
        reason = f"{reason} Stopped before that: {before.reason}"
        stops.resume("site", actor=actor, now=now)
    stops.stop("site", reason=reason[:LONGEST_REASON], actor=actor, now=now, notices=True)
