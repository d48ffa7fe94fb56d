"""Sharing the text of an office's answer with the campaign, by choice; and taking it back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import gettext as _
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.hot_rows import insert_rows
from app.letters.models import Letter
from app.letters.replies.models import OfficeReply, PublishedReply, SharedReply
from app.letters.replies.telling import AskedCopy, find_asked, look_at_replies, taken_copies
from app.letters.writing import consent_rows, take_turns
from app.rendering.originality import count_words, sketch, sketched_closeness
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_text
from app.security.keys import current_keys
from app.supporters.models import Consent

LONGEST: Final = 20_000
FEWEST_WORDS: Final = 5
ALIKE: Final = 0.5
"""From this closeness on (`rendering.originality`) an answer is the same form: in a short one, name and date
change half of it."""
COMPARED: Final = 200
"""With how many others of an office one is compared, the newest: so much does sharing cost at most."""
CONSENT_VERSION: Final = "reply 1"
SOMETHING: Final = ("answered", "acknowledged")


@dataclass(frozen=True)
class SharePage:
    """What somebody sees who shares an answer, or has; `shown` once an organizer has let it pass."""

    campaign_title: str
    copy: AskedCopy
    shown: bool


def consent_to_share() -> str:
    """Return what somebody agrees to who shares an answer."""
    return _(
        "I share this answer with the campaign. Organizers read it and may show it on the campaign’s page, "
        "without my name. I can take it back on this page."
    )


def cleaned_answer(typed: str) -> str:
    """Return the text of an answer as it is kept.

    Raises:
        Refused: it is too short or too long, or has characters that no page should show.
    """
    try:
        text = clean_text(typed, limit=LONGEST)
    except RenderingError as error:
        raise Refused(_(error.message, **error.values), "text") from None
    if count_words(text) < FEWEST_WORDS:
        raise Refused(_("Please paste the text of the answer."), "text")
    return text


def look_at_sharing(token: str, delivery_id: uuid.UUID, language: str) -> SharePage:
    """Return the page on which the answer to one copy is shared. Changes nothing.

    Raises:
        NotFound: there is no such question, or no answer of that office was told.
    """
    page = look_at_replies(token, language)
    copy = next((one for one in page.copies if one.id == delivery_id and one.told in SOMETHING), None)
    if copy is None:
        raise NotFound(_("Tell first that this office has answered; then you can share its answer."))
    row = db.session.scalar(select(SharedReply).where(SharedReply.delivery_id == delivery_id))
    return SharePage(page.campaign_title, copy, shown=row is not None and row.published_id is not None)


def share(token: str, delivery_id: uuid.UUID, typed: str, *, agreed: bool, now: datetime) -> None:
    """Share the answer to one copy. A form that is read already needs nobody to read it again.

    Args:
        token: of the question's link.
        delivery_id: the copy.
        typed: the text of the answer.
        agreed: whether they agreed to `consent_to_share()`.
        now: the present instant.

    Raises:
        NotFound: as `look_at_sharing`.
        Refused: it was shared before, without consent, or as `cleaned_answer`.
    """
    text = cleaned_answer(typed)
    if not agreed:
        raise Refused(_("Please agree that organizers read the answer and may show it."), "consent")
    with transaction() as session:
        letter, delivery = _find(session, token, delivery_id)
        wait_for_turn(session, delivery.recipient_id)
        if session.scalar(select(exists().where(SharedReply.delivery_id == delivery_id))):
            raise Refused(_("You have shared this answer already. Take it back first to share another."))
        row = SharedReply(
            delivery_id=delivery_id,
            campaign_id=letter.campaign_id,
            recipient_id=delivery.recipient_id,
            sketch=sketch(text, current_keys().mac("reply sketch", b"")),
            shared_at=now,
        )
        row.cluster = row.id
        _place(session, row, text)
        session.add(row)
        consents = consent_rows(letter.supporter_id, {"reply": consent_to_share()}, CONSENT_VERSION, now=now)
        insert_rows(session, *consents)


def take_back(token: str, delivery_id: uuid.UUID, *, now: datetime) -> None:
    """Take a shared answer back. What nobody shares any more is not shown any more.

    Raises:
        NotFound: as `look_at_sharing`.
    """
    with transaction() as session:
        letter, delivery = _find(session, token, delivery_id)
        row = session.scalar(select(SharedReply).where(SharedReply.delivery_id == delivery.id))
        if row is None:
            return
        agreed = (Consent.supporter_id == letter.supporter_id, Consent.given_at == row.shared_at)
        session.execute(
            update(Consent).where(*agreed, Consent.purpose == "reply").values(withdrawn_at=now),
            execution_options={"synchronize_session": False},
        )
        withdraw_answer(session, row)


def withdraw_answer(session: Session, row: SharedReply) -> None:
    """Delete a shared answer, and what is shown of it if nobody else shares it. Part of a transaction."""
    wait_for_turn(session, row.recipient_id)
    found = session.get(SharedReply, row.id, populate_existing=True)  # somebody may have decided about it
    if found is None:
        return
    session.delete(found)
    session.flush()
    others = exists().where(SharedReply.published_id == row.published_id)
    if row.published_id is not None and not session.scalar(select(others)):
        session.execute(delete(PublishedReply).where(PublishedReply.id == row.published_id))
    let_the_next_lead(session, row.id)


def wait_for_turn(session: Session, recipient_id: uuid.UUID | None) -> None:
    """Wait until nobody else shares an answer of an office, or decides about one."""
    take_turns(session, recipient_id.bytes * 2 if recipient_id else bytes(32))


def let_the_next_lead(session: Session, gone: uuid.UUID) -> None:
    """Let the oldest of those alike that is left be the one read, in the caller's transaction."""
    alike = select(SharedReply).where(SharedReply.cluster == gone).order_by(SharedReply.shared_at)
    rest = session.scalars(alike).all()
    for row in rest:
        row.cluster = rest[0].id


def _place(session: Session, row: SharedReply, text: str) -> None:
    """Put an answer with those alike; its text is kept only where somebody must read it."""
    here = (SharedReply.campaign_id == row.campaign_id, SharedReply.recipient_id == row.recipient_id)
    first = SharedReply.cluster == SharedReply.id
    there = (PublishedReply.campaign_id == row.campaign_id, PublishedReply.recipient_id == row.recipient_id)
    shown = select(PublishedReply.id, PublishedReply.sketch).where(*there)
    waiting = select(SharedReply.id, SharedReply.sketch).where(
        *here, first, SharedReply.published_id.is_(None)
    )
    for found in session.execute(shown.order_by(PublishedReply.published_at.desc()).limit(COMPARED)):
        if sketched_closeness(found.sketch, row.sketch) >= ALIKE:
            row.published_id = found.id
            return
    row.text = text
    for found in session.execute(waiting.order_by(SharedReply.shared_at.desc()).limit(COMPARED)):
        if sketched_closeness(found.sketch, row.sketch) >= ALIKE:
            row.cluster = found.id
            return


def _find(session: Session, token: str, delivery_id: uuid.UUID) -> tuple[Letter, Delivery]:
    letter = find_asked(session, token, lock=True)
    told = exists().where(OfficeReply.delivery_id == delivery_id, OfficeReply.kind.in_(SOMETHING))
    delivery = next((copy for copy in taken_copies(session, letter) if copy.id == delivery_id), None)
    if delivery is None or not session.scalar(select(told)):
        raise NotFound(_("Tell first that this office has answered; then you can share its answer."))
    return letter, delivery
