"""Asking, two weeks after the last copy was taken, what came back: once for each letter, never in a flood."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from flask import current_app
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.campaigns.models import Campaign
from app.campaigns.texts import text
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import PATIENT_PRIORITY, notice_rows
from app.delivery.states import DUE
from app.hot_rows import insert_rows, new_row
from app.letters.models import Letter
from app.letters.replies.models import ReplyQuestion
from app.letters.writing import take_turns
from app.notices.replies import order_question
from app.security.tokens import derived_token, hash_token
from app.supporters.models import Supporter
from app.supporters.silence import is_not_to_be_asked, is_silenced

AFTER: Final = timedelta(days=14)
NOT_AFTER: Final = timedelta(days=90)
"""Whoever confirmed a letter longer ago is not asked any more: nobody remembers."""
AN_HOUR: Final = 200
"""Mails of all workers together, so that a pause is caught up with calmly."""
TAKEN: Final = ("accepted", "posted")
"""What an office can answer."""
PURPOSE: Final = "what came back"

_TURN: Final = PURPOSE.encode().ljust(32, b"\0")
_BATCH = 50


def ask_what_came_back(*, now: datetime) -> int:
    """Queue the question to every writer whose time has come; any number of workers may do so at once.

    Returns:
        How many were asked. Who is beyond `AN_HOUR` is asked with a later call.
    """
    total = 0
    while _anybody_waits(now):
        with transaction() as session:
            asked = _ask_some(session, now)
        total += asked
        if asked < _BATCH:
            break
    return total


def count_as_asked(*, now: datetime) -> int:
    """Note of every letter whose time has come that its writer was asked, and ask nobody.

    For a database that was restored from a backup: they were asked meanwhile, and their links lead on.

    Returns:
        How many letters that were.
    """
    with transaction() as session:
        letters = session.scalars(_to_be_asked(now).with_only_columns(Letter.id)).all()
        insert_rows(session, *(_note(letter, now) for letter in letters))
    return len(letters)


def _note(letter: uuid.UUID, now: datetime) -> ReplyQuestion:
    token = derived_token(PURPOSE, letter)
    return new_row(ReplyQuestion, letter_id=letter, token_hash=hash_token(token), asked_at=now)


def _anybody_waits(now: datetime) -> bool:
    with db.sessionmaker() as session:  # to look costs nothing; to ask for the write lock does
        return session.execute(_to_be_asked(now).limit(1)).first() is not None


def _ask_some(session: Session, now: datetime) -> int:
    take_turns(session, _TURN)  # so that two workers see what each other asked
    hour = select(func.count()).where(ReplyQuestion.asked_at > now - timedelta(hours=1))
    room = min(_BATCH, AN_HOUR - (session.scalar(hour) or 0))
    if room <= 0:
        return 0
    letters = session.scalars(_to_be_asked(now).options(joinedload(Letter.supporter)).limit(room)).all()
    for letter in letters:
        _ask(session, letter, now)
    return len(letters)


def _to_be_asked(now: datetime) -> Select[Letter]:
    """Return the letters whose copies have been with their offices for two weeks, oldest first."""
    of_letter = Delivery.letter_id == Letter.id
    taken = exists().where(of_letter, Delivery.state.in_(TAKEN))
    # What is held may stay so for ever; what waits for a worker, or was taken later, is waited for.
    too_new = Delivery.state.in_(TAKEN) & (Delivery.state_at > now - AFTER)
    under_way = exists().where(of_letter, or_(Delivery.state.in_({*DUE, "sending"}), too_new))
    return (
        select(Letter)
        .join(Supporter, Letter.supporter_id == Supporter.id)
        .where(
            Letter.confirmed_at.between(now - NOT_AFTER, now - AFTER),
            Letter.joint_letter_id.is_(None),
            Letter.withdrawn_at.is_(None),
            ~exists().where(ReplyQuestion.letter_id == Letter.id),
            taken,
            ~under_way,
            Supporter.email_sealed.is_not(None),
            ~is_silenced(Supporter.email_index),
            ~is_not_to_be_asked(Supporter.email_index),
        )
        .order_by(Letter.confirmed_at)
    )


def _ask(session: Session, letter: Letter, now: datetime) -> None:
    token = derived_token(PURPOSE, letter.id)
    # A worker knows no routes: the tests walk along the link.
    link = f"{current_app.config['REDRESS_SETTINGS'].base_url}/replies/{token}"
    campaign = session.get_one(Campaign, letter.campaign_id)
    mail = order_question(
        to=letter.supporter.email,
        campaign_title=text(campaign.title, letter.language),
        link=link,
        stop_link=f"{link}/stop",
        message_key=letter.id,
        language=letter.language,
        now=now,
    )
    insert_rows(session, _note(letter.id, now), *notice_rows(mail=mail, now=now, priority=PATIENT_PRIORITY))
