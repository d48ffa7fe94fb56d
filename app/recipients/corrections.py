"""Corrections that readers of an office's page propose, and what organizers decide about them.

Nobody is asked who they are: a correction is a text and a place where it can be checked.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from app.database import Base, db, transaction
from app.errors import NotFound, Refused, TooMany
from app.recipients.changing import note as write_down
from app.recipients.models import Recipient
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_text
from app.security.rate_limits import hit, seconds_left

OPEN = "open"
DECISIONS = ("taken_over", "not_taken_over")
STATES = (OPEN, *DECISIONS)
SHORTEST, LONGEST = 10, 2_000
LONGEST_SOURCE = 1_000
LONGEST_NOTE = 1_000
HOUR = timedelta(hours=1)
AN_HOUR = 10
"""Corrections that one network may propose within an hour."""
KEPT = timedelta(days=365)
"""How long a correction is kept after it was decided about."""
PAGE = 25


class Correction(Base):
    """What somebody says is wrong about an office, and where that can be checked.

    `id` is made with the form, so that the same form sent twice is one correction. `decided_by` is
    named as in the audit log; `note` is the organizer's, for colleagues.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'taken_over', 'not_taken_over')", name="state"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_once"),
        sa.Index("ix_corrections_by_state", "state", "proposed_at", "id"),
    )

    recipient_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("recipients.id", ondelete="CASCADE"), index=True
    )
    text: Mapped[str] = mapped_column(sa.Text)
    source: Mapped[str] = mapped_column(sa.Text)
    proposed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(16), default=OPEN)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(sa.String(80), default="")
    note: Mapped[str] = mapped_column(sa.Text, default="")

    recipient: Mapped[Recipient] = relationship()

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided about it yet."""
        return self.state == OPEN


@dataclass(frozen=True)
class CorrectionPage:
    """One page of a list: its rows, its number from 1, how many pages and corrections there are."""

    rows: list[Correction]
    number: int
    pages: int
    total: int


class ProposedAlready(Refused):
    """A form that was sent, went back to and was changed: with a new key it is another correction."""

    def __init__(self) -> None:
        super().__init__(
            _("You sent this before you changed it. To send it as it is now, press the button again.")
        )


def cleaned(text: str, name: str, *, least: int, most: int, missing: str) -> str:
    """Return what was typed, made safe and neat.

    Args:
        text: what was typed.
        name: of the form field that it is about.
        least, most: how many characters it may have.
        missing: the sentence for less than `least`.

    Raises:
        Refused: it is too short, too long, or holds what no text may hold.
    """
    try:
        neat = clean_text(text, limit=most)
    except RenderingError as error:
        raise Refused(_(error.message, **error.values), name) from None
    if len(neat) < least:
        raise Refused(missing, name)
    return neat


def cleaned_text(text: str) -> str:
    """Return what is said to be wrong, made safe (raises as of `cleaned`)."""
    missing = _(
        "Please say what is wrong, and how it should be: at least %(least)s characters.", least=SHORTEST
    )
    return cleaned(text, "text", least=SHORTEST, most=LONGEST, missing=missing)


def cleaned_source(source: str) -> str:
    """Return where it can be checked, made safe (raises as of `cleaned`)."""
    missing = _("Please say where that can be checked: without a source we cannot take it over.")
    return cleaned(source, "source", least=1, most=LONGEST_SOURCE, missing=missing)


def propose(
    recipient_id: uuid.UUID, text: str, source: str, *, row_id: uuid.UUID, network: str | None, now: datetime
) -> Correction:
    """Keep a correction until an organizer decides.

    Args:
        recipient_id: the office that it is about.
        text: what is wrong.
        source: where that can be checked.
        row_id: made with the form: the same form sent twice is one correction.
        network: where it came from, as `network_of` names it; None is not counted.
        now: the present instant.

    Raises:
        NotFound: there is no such office.
        Refused: something is missing, too long, or cannot be text.
        ProposedAlready: the form was sent before and has been changed since.
        TooMany: this network has proposed too many within the hour.
    """
    row = Correction(
        id=row_id, recipient_id=recipient_id, text=cleaned_text(text), source=cleaned_source(source),
        proposed_at=now, state=OPEN, decided_at=None,
    )  # fmt: skip
    try:
        with transaction() as session:
            if session.get(Recipient, recipient_id) is None:
                raise NotFound(_("There is no such office."))
            before = session.get(Correction, row_id)
            if before is not None:
                return _the_same_again(before, row)
            allowed = network is None or hit(session, "corrections", network, window=HOUR, now=now) <= AN_HOUR
            if allowed:
                session.add(row)
    except IntegrityError:
        # Two posts of one form at the same instant on PostgreSQL: the other one was first.
        db.session.rollback()
        return _the_same_again(db.session.get_one(Correction, row_id), row)
    # Raised outside: an exception inside would undo the count.
    if not allowed:
        sentence = _(
            "Many corrections came from your network within an hour. Yours is not lost yet: send it later."
        )
        raise TooMany(sentence, seconds_left(HOUR, now=now))
    return row


def _the_same_again(before: Correction, again: Correction) -> Correction:
    if (before.recipient_id, before.text, before.source) != (again.recipient_id, again.text, again.source):
        raise ProposedAlready
    return before


def decide(correction_id: uuid.UUID, decision: str, note: str, *, actor: str, now: datetime) -> Correction:
    """Decide about a correction, once.

    Args:
        correction_id: which.
        decision: one of `DECISIONS`.
        note: for colleagues: what was changed, or why not.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such correction.
        Refused: it was decided about otherwise before, there is no such decision, or the note is missing.
    """
    if decision not in DECISIONS:
        raise Refused(_("Choose one of the list."), "decision")
    missing = _("Say in a line what was changed, or why it was not.")
    note = cleaned(note, "note", least=1, most=LONGEST_NOTE, missing=missing)
    with transaction() as session:
        row = session.get(Correction, correction_id, with_for_update=True)
        if row is None:
            raise _nothing()
        if not row.is_open:
            if (row.state, row.note, row.decided_by) == (decision, note, actor):
                return row  # the form was sent twice
            raise Refused(_("Somebody has decided about this correction already."))
        row.state, row.note, row.decided_at, row.decided_by = decision, note, now, actor
        recipient = session.get_one(Recipient, row.recipient_id)
        write_down(session, f"correction.{decision}", recipient, actor=actor, now=now)
    return row


def find(correction_id: uuid.UUID) -> Correction:
    """Return a correction with its office.

    Raises:
        NotFound: there is none.
    """
    row = db.session.get(Correction, correction_id, options=[joinedload(Correction.recipient)])
    if row is None:
        raise _nothing()
    return row


def listed(*, recipient_id: uuid.UUID | None = None, number: int = 1, size: int = PAGE) -> CorrectionPage:
    """Return a page of corrections: open ones first, the oldest of them on top; then what was decided last.

    Args:
        recipient_id: only about this office.
        number: which page; one that does not exist becomes the nearest one that does.
        size: rows of a page.
    """
    about = [] if recipient_id is None else [Correction.recipient_id == recipient_id]
    total = db.session.scalar(sa.select(sa.func.count(Correction.id)).where(*about)) or 0
    pages = max(1, -(-total // size))
    number = min(max(1, number), pages)
    decided = sa.case((Correction.state == OPEN, 0), else_=1)
    rows = db.session.scalars(
        sa.select(Correction)
        .where(*about)
        .options(joinedload(Correction.recipient))
        .order_by(
            decided,
            sa.case((Correction.state == OPEN, Correction.proposed_at)),
            Correction.decided_at.desc(),
            Correction.id,
        )
        .limit(size)
        .offset((number - 1) * size)
    )
    return CorrectionPage(list(rows), number, pages, total)


def count_open(recipient_id: uuid.UUID | None = None) -> int:
    """Return how many corrections wait for a decision: about one office, or all."""
    query = sa.select(sa.func.count(Correction.id)).where(Correction.state == OPEN)
    if recipient_id is not None:
        query = query.where(Correction.recipient_id == recipient_id)
    return db.session.scalar(query) or 0


def purge_decided(session: Session, now: datetime, *, limit: int) -> int:
    """Delete corrections that were decided about long enough ago, `limit` at most; return how many."""
    over = sa.select(Correction.id).where(Correction.decided_at <= now - KEPT).limit(limit)
    ids = list(session.scalars(over))
    session.execute(sa.delete(Correction).where(Correction.id.in_(ids)))
    return len(ids)


def _nothing() -> NotFound:
    return NotFound(_("There is no such correction. What was decided is deleted after a year."))
