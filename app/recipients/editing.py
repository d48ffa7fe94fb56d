"""Offices: adding, editing, closing, reopening. Nothing is ever deleted."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import transaction
from app.delivery.limits import is_time_zone
from app.errors import Refused
from app.recipients.changing import apply, locked, note, refuse_stale
from app.recipients.drafts import OfficeDraft
from app.recipients.models import ACCEPTS, CONFIDENCES, LEVELS, RHYTHMS, Recipient
from app.recipients.search import normalised, refresh_search_text

LONGEST_SLUG = 80


def add_recipient(draft: OfficeDraft, *, row_id: uuid.UUID, actor: str, now: datetime) -> Recipient:
    """Add an office.

    Args:
        draft: what it is.
        row_id: made with the form: the same form sent twice adds one office.
        actor: for the audit log.
        now: the present instant.

    Raises:
        Refused: a value is not one of those that there are.
    """
    _check(draft)
    try:
        return _add(draft, row_id, actor, now)
    except IntegrityError:
        # Somebody was faster by a moment: with the same form (then there is nothing left to do), or with
        # another office of that name (then the next free slug is taken).
        return _add(draft, row_id, actor, now)


def _add(draft: OfficeDraft, row_id: uuid.UUID, actor: str, now: datetime) -> Recipient:
    with transaction() as session:
        existing = session.get(Recipient, row_id)
        if existing is not None:
            return existing
        slug = _free_slug(session, draft.short_name)
        recipient = Recipient(id=row_id, slug=slug, external_id=f"local:{slug}", status="open")
        apply(recipient, draft, now)
        refresh_search_text(recipient)
        session.add(recipient)
        session.flush()
        note(session, "recipient.added", recipient, actor=actor, now=now)
    return recipient


def edit_recipient(
    recipient_id: uuid.UUID, draft: OfficeDraft, *, seen: datetime | None, actor: str, now: datetime
) -> Recipient:
    """Change an office. Its slug stays: it stands in addresses.

    Args:
        recipient_id: which.
        draft: what it is to be.
        seen: `edited_at` as the editor saw it.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such office.
        EditedMeanwhile: somebody else was faster.
        Refused: a value is not one of those that there are.
    """
    _check(draft)
    with transaction() as session:
        recipient = locked(session, Recipient, recipient_id)
        refuse_stale(recipient, seen)
        if changed := apply(recipient, draft, now):
            refresh_search_text(recipient)
            note(
                session,
                "recipient.edited",
                recipient,
                actor=actor,
                now=now,
                detail={"changed": ", ".join(changed)},
            )
    return recipient


def close_recipient(
    recipient_id: uuid.UUID,
    *,
    on: date,
    reason: str,
    successor_id: uuid.UUID | None,
    actor: str,
    now: datetime,
) -> Recipient:
    """Close an office: it stays to be seen, as history, and cannot be written to.

    Args:
        recipient_id: which.
        on: its last day; not in the future.
        reason: what happened, in a sentence that supporters read.
        successor_id: the office to write to instead, if there is one.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such office, or no such successor.
        Refused: the day is to come, or the successor is the office itself or is closed.
    """
    if on > now.date():
        raise Refused(_("This day is still to come. Close the office when it has come."), "closed_on")
    with transaction() as session:
        recipient = locked(session, Recipient, recipient_id)
        if successor_id is not None:
            _check_successor(recipient, locked(session, Recipient, successor_id))
        recipient.status, recipient.closed_on, recipient.closed_reason = "closed", on, reason
        recipient.successor_id, recipient.edited_at = successor_id, now
        note(session, "recipient.closed", recipient, actor=actor, now=now, detail={"on": on.isoformat()})
    return recipient


def reopen_recipient(recipient_id: uuid.UUID, *, actor: str, now: datetime) -> Recipient:
    """Undo a closing.

    Raises:
        NotFound: there is no such office.
    """
    with transaction() as session:
        recipient = locked(session, Recipient, recipient_id)
        if recipient.status == "closed":
            recipient.status, recipient.closed_on, recipient.closed_reason = "open", None, ""
            recipient.successor_id, recipient.edited_at = None, now
            note(session, "recipient.reopened", recipient, actor=actor, now=now)
    return recipient


def _check(draft: OfficeDraft) -> None:
    for name, known in (
        ("level", LEVELS),
        ("accepts", ACCEPTS),
        ("confidence", CONFIDENCES),
        ("rhythm", RHYTHMS),
    ):
        if getattr(draft, name) not in known:
            raise Refused(_("Choose one of the list."), name)
    if (draft.opens_at is None) != (draft.closes_at is None):
        missing = "closes_at" if draft.closes_at is None else "opens_at"
        raise Refused(_("Office hours begin and end: write both hours, or neither."), missing)
    if draft.time_zone and not is_time_zone(draft.time_zone):
        raise Refused(_("This time zone is not known here. Write it like Europe/Paris."), "time_zone")


def _check_successor(recipient: Recipient, successor: Recipient) -> None:
    if successor.id == recipient.id:
        raise Refused(_("An office cannot follow itself."), "successor")
    if not successor.is_open:
        raise Refused(_("This office is closed too; choose one that can be written to."), "successor")


def _free_slug(session: Session, name: str) -> str:
    plain = normalised(name).encode("ascii", "ignore").decode("ascii")
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or "office"
    # An underscore or per cent sign cannot be in it: LIKE needs no escape here.
    taken = set(session.scalars(sa.select(Recipient.slug).where(Recipient.slug.like(f"{stem}%"))))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (stem, *numbered) if slug not in taken)
