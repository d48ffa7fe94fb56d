"""Who holds an office: adding, editing and ending terms, which never overlap."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import Refused
from app.i18n import page_language
from app.i18n.dates import long_date
from app.recipients.changing import apply, locked, note, refuse_stale
from app.recipients.drafts import HolderDraft
from app.recipients.models import CONFIDENCES, Holder, Recipient
from app.recipients.search import refresh_search_text
from app.recipients.terms import overlapping


def add_holder(
    recipient_id: uuid.UUID, draft: HolderDraft, *, row_id: uuid.UUID, actor: str, now: datetime
) -> Holder:
    """Add a term (arguments as of `editing.add_recipient`).

    Raises:
        NotFound: there is no such office.
        Refused: nobody is named, the days are the wrong way round, or the term overlaps another one.
    """
    _check(draft)
    with transaction() as session:
        recipient = locked(session, Recipient, recipient_id)
        existing = session.get(Holder, row_id)
        if existing is not None:
            return existing
        holder = Holder(id=row_id)
        apply(holder, draft, now)
        _refuse_overlap(recipient.holders, holder)
        recipient.holders.append(holder)
        _noted(session, "holder.added", holder, recipient, actor=actor, now=now)
    return holder


def edit_holder(
    holder_id: uuid.UUID, draft: HolderDraft, *, seen: datetime | None, actor: str, now: datetime
) -> Holder:
    """Change a term (arguments as of `editing.edit_recipient`).

    Raises:
        NotFound: there is no such term.
        EditedMeanwhile: somebody else was faster.
        Refused: as of `add_holder`.
    """
    _check(draft)
    with transaction() as session:
        holder = locked(session, Holder, holder_id)
        recipient = locked(session, Recipient, holder.recipient_id)
        refuse_stale(holder, seen)
        if changed := apply(holder, draft, now):
            _refuse_overlap(recipient.holders, holder)
            _noted(session, "holder.edited", holder, recipient, actor=actor, now=now, changed=changed)
    return holder


def end_holder(holder_id: uuid.UUID, *, on: date, actor: str, now: datetime) -> Holder:
    """End a term.

    Args:
        holder_id: which.
        on: its last day.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such term.
        Refused: the day lies before its first.
    """
    with transaction() as session:
        holder = locked(session, Holder, holder_id)
        recipient = locked(session, Recipient, holder.recipient_id)
        _refuse_order(holder.starts_on, on)
        holder.ends_on, holder.edited_at = on, now
        _refuse_overlap(recipient.holders, holder)
        _noted(session, "holder.ended", holder, recipient, actor=actor, now=now)
    return holder


def _check(draft: HolderDraft) -> None:
    if draft.vacant and draft.acting:
        raise Refused(
            _("Either the office is vacant, or somebody is acting: not both in one term."), "vacant"
        )
    if draft.vacant and draft.name:
        raise Refused(_("A vacancy has no name. Take the name out, or take back that it is vacant."), "name")
    if not draft.vacant and not draft.name:
        raise Refused(_("Who is it? If nobody holds the office, tick that it is vacant."), "name")
    if draft.confidence not in CONFIDENCES:
        raise Refused(_("Choose one of the list."), "confidence")
    _refuse_order(draft.starts_on, draft.ends_on)


def _refuse_order(first: date | None, last: date | None) -> None:
    if first and last and last < first:
        raise Refused(_("The last day lies before the first."), "ends_on")


def _refuse_overlap(holders: Iterable[Holder], term: Holder) -> None:
    other = overlapping(holders, term)
    if other is None:
        return
    raise Refused(
        _(
            "These days overlap with another term: %(term)s. End that one first, or correct the days.",
            term=_told(other),
        ),
        "starts_on",
    )


def _told(holder: Holder) -> str:
    def day(on: date | None) -> str:
        return long_date(on, page_language()) if on else _("open")

    who = holder.name or _("vacant")
    return _(
        "%(who)s (%(first)s to %(last)s)", who=who, first=day(holder.starts_on), last=day(holder.ends_on)
    )


def _noted(
    session: Session,
    action: str,
    holder: Holder,
    recipient: Recipient,
    *,
    actor: str,
    now: datetime,
    changed: list[str] | None = None,
) -> None:
    refresh_search_text(recipient)
    detail = {"holder": holder.name or "vacant"}
    if changed:
        detail["changed"] = ", ".join(changed)
    note(session, action, recipient, actor=actor, now=now, detail=detail)
