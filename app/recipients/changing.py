"""What every change of an office has in common: nobody's edit is lost, and all of it is written down."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.errors import NotFound, Refused
from app.recipients.drafts import Draft, values_of
from app.recipients.models import Contact, Holder, Recipient
from app.security import audit

Row = TypeVar("Row", Recipient, Holder, Contact)


class EditedMeanwhile(Refused):
    """Somebody else saved the same row between the opening of the form and its sending."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else changed this while you were writing. Nothing of yours is lost: compare below,"
                " then save again, and yours is taken."
            )
        )


def locked(session: Session, kind: type[Row], row_id: uuid.UUID) -> Row:
    """Return a row, locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    row = session.get(kind, row_id, with_for_update=True)
    if row is None:
        raise NotFound(_("There is nothing here any more, or there never was."))
    return row


def refuse_stale(row: Recipient | Holder | Contact, seen: datetime | None) -> None:
    """Refuse a change of somebody who has not seen the row as it is.

    Args:
        row: the row.
        seen: `edited_at` as it was when their form was made.

    Raises:
        EditedMeanwhile: it was edited since.
    """
    if row.edited_at != seen:
        raise EditedMeanwhile


def apply(row: Recipient | Holder | Contact, draft: Draft, now: datetime) -> list[str]:
    """Give a row the values of a draft; return the names of those that changed."""
    changed = [name for name, value in values_of(draft).items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, getattr(draft, name))
    row.edited_at = now
    return changed


def note(
    session: Session,
    action: str,
    recipient: Recipient,
    *,
    actor: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write a change of an office, its holders or its contacts into the audit log."""
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        kind="recipient",
        object_id=recipient.id,
        detail={"office": recipient.short_name, **(detail or {})},
    )
