"""What organizers do with letters that are held because of what they state: all of one kind at once.

They are cancelled with a word to their writers, released as they are, or (where a corrected fact took the
place of the old one) their writers are asked whether they agree to the new wording.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, Deed
from app.campaigns.texts import text
from app.database import db, transaction
from app.delivery import outbox
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.evidence.models import Fact, Measure, Person
from app.evidence.reading import current_facts
from app.evidence.standing import may_be_named
from app.hot_rows import insert_rows
from app.letters.confirming import page_token
from app.letters.deciding import TOLD, release_in
from app.letters.models import Letter
from app.letters.one_by_one import one_by_one
from app.letters.readdressing import AT_ONCE, BATCH, Outcome
from app.letters.stating import CORRECTED, OF_DEEDS, RELEASED_PERSON, STOPS, WITHDRAWN
from app.notices.correction import correction_message_id, order_correction
from app.recipients.models import Recipient
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_line
from app.security import audit

LONGEST_MESSAGE = 240


@dataclass(frozen=True)
class RetractedGroup:
    """Letters that are held because of one thing that they state.

    Attributes:
        reason: why, as the journal says it.
        count: how many.
        since: when the first of them was held.
        about: what they state, in the reader's language.
        instead: the fact that took its place, if there is one.
    """

    reason: str
    count: int
    since: datetime
    about: str
    instead: str

    @property
    def can_ask(self) -> bool:
        """Whether their writers can be asked to agree to a corrected wording."""
        return bool(self.instead)


def retracted_groups(language: str) -> list[RetractedGroup]:
    """Return what is held because of what it states, the largest group first."""
    query = (
        sa.select(Delivery.reason, sa.func.count(), sa.func.min(Delivery.state_at))
        .where(Delivery.kind == "letter", Delivery.state == "held")
        .where(sa.or_(*(Delivery.reason.startswith(begins) for begins in STOPS)))
        .group_by(Delivery.reason)
        .order_by(sa.func.count().desc(), Delivery.reason)
    )
    return [
        RetractedGroup(reason, count, since, *_about(db.session, reason, language))
        for reason, count, since in db.session.execute(query)
    ]


def retracted_group(reason: str, language: str) -> RetractedGroup:
    """Return one group.

    Raises:
        NotFound: nothing is held for this reason any more.
    """
    found = [group for group in retracted_groups(language) if group.reason == reason]
    if not found:
        raise NotFound(_("None of these letters is held any more."))
    return found[0]


def _about(session: Session, reason: str, language: str) -> tuple[str, str]:
    key = reason.partition(": ")[2]
    if reason.startswith((WITHDRAWN, CORRECTED)):
        fact = session.scalar(sa.select(Fact).where(Fact.key == key))
        instead = current_facts(session).get(key) if reason.startswith(CORRECTED) else None
        return (
            text(fact.statement, language) if fact else key,
            text(instead.statement, language) if instead else "",
        )
    if reason.startswith(OF_DEEDS):
        return _deeds(session, key, language) or key, ""
    if reason.startswith(RELEASED_PERSON):
        person = session.scalar(sa.select(Person).where(Person.key == key))
        return (text(person.name if may_be_named(person) else person.office, language) if person else key), ""
    measure = session.scalar(sa.select(Measure).where(Measure.key == key))
    return (measure.number or text(measure.title, language) if measure else key), ""


def _deeds(session: Session, key: str, language: str) -> str:
    campaign, _stroke, office = key.partition("/")
    query = (
        sa.select(Recipient.short_name, Deed.said)
        .join(Deed, Deed.recipient_id == Recipient.id)
        .join(Campaign, Deed.campaign_id == Campaign.id)
        .where(Campaign.slug == campaign, Recipient.slug == office)
        .order_by(Deed.recorded_at.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return f"{row.short_name}: {text(row.said, language)}" if row else ""


def cancel_retracted(reason: str, message: str, *, actor: str, now: datetime) -> Outcome:
    """Cancel the letters of a group, and tell their writers why on their pages.

    Args:
        reason: why they are held.
        message: what their writers read.
        actor: who decides.
        now: the instant.

    Returns:
        What became of it; at most `AT_ONCE` copies are decided about.

    Raises:
        Refused: there is no message, or it is too long.
    """
    try:
        said = clean_line(message, limit=LONGEST_MESSAGE)
    except RenderingError as error:
        raise Refused(_(error.message, **error.values), "message") from None
    if not said:
        raise Refused(_("Tell the writers in a line why their letters are not sent."), "message")

    def cancel(session: Session, copies: Sequence[Delivery]) -> int:
        return sum(
            outbox.cancel(session, copy, now=now, cause=f"{TOLD}{said}", actor=actor) for copy in copies
        )

    return _decide(reason, cancel, "delivery.all_retracted", actor=actor, now=now)


def release_retracted(reason: str, *, actor: str, now: datetime) -> Outcome:
    """Send the letters of a group as they are (arguments as of `cancel_retracted`).

    One whose office changed meanwhile stays held.
    """

    def release(session: Session, copies: Sequence[Delivery]) -> int:
        return one_by_one(session, copies, partial(_release, session, actor=actor, now=now))

    return _decide(reason, release, "delivery.all_released_as_they_are", actor=actor, now=now)


def _release(session: Session, copy: Delivery, *, actor: str, now: datetime) -> bool:
    release_in(session, copy, actor=actor, now=now)
    return True


def ask_writers(reason: str, *, actor: str, now: datetime) -> Outcome:
    """Ask the writers of a group by mail whether they agree to the corrected wording; each letter once.

    The letters stay held until they do: nothing leaves that its writer has not read.

    Returns:
        How many were asked; those whose address is deleted already could not be.

    Raises:
        Refused: nothing took the place of what they state.
    """
    if not retracted_group(reason, "en").can_ask:
        raise Refused(_("Nothing took the place of what these letters state. Cancel them, or release them."))
    asked: set[uuid.UUID] = set()

    def ask(session: Session, copies: Sequence[Delivery]) -> int:
        letters = [session.get_one(Letter, copy.letter_id) for copy in copies]
        return sum(_ask(session, letter, reason, asked, now) for letter in letters)

    return _decide(reason, ask, "delivery.writers_asked", actor=actor, now=now)


def _ask(session: Session, letter: Letter, reason: str, asked: set[uuid.UUID], now: datetime) -> bool:
    if not letter.supporter.email:
        return False
    key = uuid.uuid5(letter.id, reason)
    known = sa.select(Delivery.id).where(Delivery.message_id == correction_message_id(key))
    if letter.id not in asked and session.scalar(known) is None:
        settings = current_app.config["REDRESS_SETTINGS"]
        campaign = session.get_one(Campaign, letter.campaign_id)
        mail = order_correction(
            to=letter.supporter.email,
            campaign_title=text(campaign.title, letter.language),
            link=f"{settings.base_url}/letters/{page_token(letter)}",
            message_key=key,
            language=letter.language,
            now=now,
        )
        insert_rows(session, *outbox.notice_rows(mail=mail, now=now))
    asked.add(letter.id)
    return True


def _decide(
    reason: str,
    act: Callable[[Session, Sequence[Delivery]], int],
    action: str,
    *,
    actor: str,
    now: datetime,
) -> Outcome:
    if not reason.startswith(STOPS):
        raise NotFound(_("None of these letters is held any more."))
    held = (Delivery.kind == "letter", Delivery.state == "held", Delivery.reason == reason)
    seen = done = failed = 0
    after: uuid.UUID | None = None
    while seen < AT_ONCE:
        with transaction() as session:
            query = sa.select(Delivery).where(*held).order_by(Delivery.id).limit(BATCH)
            if after is not None:
                query = query.where(Delivery.id > after)
            copies = session.scalars(query.with_for_update()).all()
            if not copies:
                break
            after = copies[-1].id
            decided = act(session, copies)
            seen, done, failed = seen + len(copies), done + decided, failed + len(copies) - decided
            detail = {"copies": str(decided), "held for": reason}
            audit.record(session, action, actor=actor, now=now, kind="letter", object_id=None, detail=detail)
    left = sa.select(sa.func.count()).select_from(Delivery).where(*held)
    return Outcome(done=done, failed=failed, left=db.session.scalar(left) or 0)
