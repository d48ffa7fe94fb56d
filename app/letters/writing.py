"""Writing a letter: what is stored when a supporter sends the form, and the mail that asks to confirm it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.campaigns.reading import AudienceOffice, CampaignPage
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import notice_rows
from app.errors import Refused, TooMany
from app.hot_rows import Insertion, Question, execute, insertions, new_row
from app.letters.draft import Draft, place_of
from app.letters.freezing import writer_of
from app.letters.models import Letter
from app.letters.snapshot import Snapshot
from app.letters.wording import Words
from app.notices.confirmation import order_confirmation
from app.security.rate_limits import hit, seconds_left
from app.security.tokens import derived_token, hash_token, new_token
from app.supporters.addresses import address_index
from app.supporters.models import Consent, Supporter
from app.supporters.silence import is_silenced

CONFIRMATION_SPAN = timedelta(days=7)
CONFIRMATIONS_A_DAY = 3
"""Mails that one mailbox can be sent by anybody who types its address, in 24 hours."""
HOUR = timedelta(hours=1)
LETTERS_AN_HOUR = 120
"""From one network: more than a full hall with one wireless network writes, less than a flood."""
LETTER_PAGE = "letter page"


@dataclass(frozen=True)
class Written:
    """What became of a submission. `is_new` is False for the same form posted again."""

    reference: str
    is_new: bool


class SentAlready(Refused):
    """A form that was sent, went back to and was changed: with a new key it is another letter."""

    def __init__(self) -> None:
        super().__init__(
            _("You sent this letter before you changed it. To send it as it is now, press the button again.")
        )


def words_of(draft: Draft, *, now: datetime) -> Words:
    """Return what the letters of a draft are made of when it is written `now`."""
    return Words(
        writer=draft.writer,
        personal_message=draft.personal_message,
        reference=draft.reference,
        written_on=now.date(),
        language=draft.language,
        points=draft.points,
        key=draft.submission_key,
        said=draft.said,
    )


def write(
    snapshot: Snapshot, page: CampaignPage, draft: Draft, *, network: str | None, now: datetime
) -> Written:
    """Store a letter that waits for its confirmation, and the mail that asks for it.

    Args:
        snapshot: the campaign as it is now.
        page: the campaign as the supporter read it, with the consent texts.
        draft: what came from the form.
        network: where it came from, as `network_of` names it; None is not counted.
        now: the instant of writing.

    Raises:
        Refused: an office cannot be written to, or the letter needs something that was left empty.
        SentAlready: the form was sent before and has been changed since.
        Unavailable: the letter cannot be worded.
        TooMany: this network has sent too many letters within the hour.
    """
    offices = snapshot.choose(draft.recipients, place_of(draft.writer))
    _check_wording(snapshot, draft, offices, now=now)
    submission = _Submission(snapshot, page, draft, offices, address_index(draft.writer.email), now)
    prepared = _prepare(submission)
    try:
        with transaction() as session:
            known = _look_up(session, submission)
            if known.letter:
                return _the_same_again(session, submission)
            allowed = _within_limit(session, network, now)
            if allowed:
                execute(session, prepared.with_mail if known.may_mail else prepared.letter)
    except IntegrityError:
        # Two posts of one form at the same instant on PostgreSQL: the other one was first.
        with transaction() as session:
            if not _look_up(session, submission).letter:
                raise
            return _the_same_again(session, submission)
    # Raised outside: an exception inside would undo the count.
    if not allowed:
        sentence = _("Too many letters came from your network within an hour.")
        raise TooMany(sentence, seconds_left(HOUR, now=now))
    return Written(draft.reference, is_new=True)


@dataclass(frozen=True)
class _Submission:
    """One form that was sent, with all that is known of it before anything is stored."""

    snapshot: Snapshot
    page: CampaignPage
    draft: Draft
    offices: list[AudienceOffice]
    mailbox: bytes
    now: datetime


@dataclass(frozen=True)
class _Known:
    """What the database knows already: the same form, and whether the mailbox may be written to."""

    letter: bool
    may_mail: bool


def _the_same_again(session: Session, submission: _Submission) -> Written:
    # Whoever corrects a slip in their address and sends once more must not be left waiting for a mail.
    draft = submission.draft
    letter = session.scalars(select(Letter).where(Letter.submission_key == draft.submission_key)).one()
    to = set(session.scalars(select(Delivery.recipient_id).where(Delivery.letter_id == letter.id)))
    points = tuple(letter.points or ())
    before = (writer_of(letter.supporter), letter.personal_message, points, letter.said, letter.language)
    offices = {office.addressee.recipient.id for office in submission.offices}
    now = (draft.writer, draft.personal_message, draft.points, draft.said, draft.language)
    if (before, to) != (now, offices):
        raise SentAlready
    return Written(draft.reference, is_new=False)


def _check_wording(snapshot: Snapshot, draft: Draft, offices: list[AudienceOffice], *, now: datetime) -> None:
    # What is acknowledged here must be possible to confirm. Once for each template is enough to know.
    words = words_of(draft, now=now)
    for office in {office.template_key: office for office in offices}.values():
        snapshot.check(office, words, snapshot.version_for(office, draft.language, now=now))


def _within_limit(session: Session, network: str | None, now: datetime) -> bool:
    return network is None or hit(session, "letters", network, window=HOUR, now=now) <= LETTERS_AN_HOUR


def _look_up(session: Session, submission: _Submission) -> _Known:
    # Whoever types a stranger's address must not be able to fill that mailbox. The answer on the page is the
    # same either way, so that it tells nothing about an address.
    take_turns(session, submission.mailbox)
    known, silenced, count = _LOOK_UP.row(
        session,
        key=submission.draft.submission_key,
        mailbox=submission.mailbox,
        since=submission.now - timedelta(days=1),
    )
    return _Known(letter=bool(known), may_mail=not silenced and count < CONFIRMATIONS_A_DAY)


_LOOK_UP = Question(
    select(
        exists().where(Letter.submission_key == bindparam("key")),
        is_silenced(bindparam("mailbox")),
        # Each submission stores its supporter, whether it is a letter or a name under a joint one.
        select(func.count())
        .select_from(Supporter)
        .where(Supporter.email_index == bindparam("mailbox"), Supporter.created_at > bindparam("since"))
        .scalar_subquery(),
    )
)


@dataclass(frozen=True)
class _Prepared:
    """What is to be stored: made before the transaction, because all writers of SQLite wait for its end."""

    letter: list[Insertion]
    with_mail: list[Insertion]


def _prepare(submission: _Submission) -> _Prepared:
    supporter = _supporter(submission)
    token = new_token()
    letter = _letter(submission, supporter, token)
    mail = order_confirmation(
        to=submission.draft.writer.email,
        campaign_title=submission.page.title,
        link=_confirmation_link(token),
        until=letter.confirm_until,
        message_key=letter.id,
        language=submission.draft.language,
        now=submission.now,
    )
    rows = (supporter, letter, *_consents(submission, supporter), *_copies(submission, letter))
    made = insertions(db.engine.dialect, *rows)
    return _Prepared(
        letter=made,
        with_mail=[*made, *insertions(db.engine.dialect, *notice_rows(mail=mail, now=submission.now))],
    )


def _confirmation_link(token: str) -> str:
    # From the configured address, never from the request's Host header, which anybody can write.
    path = current_app.url_map.bind("").build("public.confirm", {"token": token})
    return f"{current_app.config['REDRESS_SETTINGS'].base_url}{path}"


def take_turns(session: Session, index: bytes) -> None:
    """Wait until nobody else is storing something for the mailbox of this blind index."""
    # Many letters for one mailbox at the same instant: each must see those before it to be counted.
    # SQLite has one writer at a time anyway.
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(index[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def _supporter(submission: _Submission) -> Supporter:
    writer = submission.draft.writer
    return new_row(
        Supporter,
        email_index=submission.mailbox,
        email=writer.email,
        name=writer.name,
        title=writer.title,
        affiliation=writer.affiliation,
        city=writer.city,
        region=writer.region,
        postal_code=writer.postal_code,
        country=writer.country,
        language=submission.draft.language,
        created_at=submission.now,
    )


def _consents(submission: _Submission, supporter: Supporter) -> list[Consent]:
    page = submission.page
    texts = {"letter": page.consent_text} | (
        {"updates": page.updates_text} if submission.draft.updates else {}
    )
    return consent_rows(supporter.id, texts, page.consent_version, now=submission.now)


def consent_rows(
    supporter_id: uuid.UUID, texts: Mapping[str, str], version: str, *, now: datetime
) -> list[Consent]:
    """Return what `insert_rows` stores of the texts, by purpose, that somebody agreed to."""
    return [
        new_row(
            Consent, supporter_id=supporter_id, purpose=purpose, text=text, text_version=version, given_at=now
        )
        for purpose, text in texts.items()
    ]


def _letter(submission: _Submission, supporter: Supporter, token: str) -> Letter:
    draft, now = submission.draft, submission.now
    own = {key: dict(said.own) for key, said in draft.said.items() if said.own}
    letter = new_row(
        Letter,
        campaign_id=submission.snapshot.campaign.id,
        supporter_id=supporter.id,
        submission_key=draft.submission_key,
        reference=draft.reference,
        language=draft.language,
        personal_message=draft.personal_message,
        points=list(draft.points),
        picked={key: dict(said.picked) for key, said in draft.said.items() if said.picked} or None,
        edits=json.dumps(own, ensure_ascii=False) if own else "",
        written_on=now.date(),
        created_at=now,
        confirm_token_hash=hash_token(token),
        confirm_until=now + CONFIRMATION_SPAN,
    )
    letter.page_token_hash = hash_token(derived_token(LETTER_PAGE, letter.id))
    return letter


def _copies(submission: _Submission, letter: Letter) -> list[Delivery]:
    version_for, now = submission.snapshot.version_for, submission.now
    return [
        new_row(
            Delivery,
            kind="letter",
            letter_id=letter.id,
            recipient_id=office.addressee.recipient.id,
            template_version_id=version_for(office, letter.language, now=now).id,
            campaign_id=letter.campaign_id,
            position=place,
            state="awaiting_confirmation",
            state_at=submission.now,
            created_at=submission.now,
        )
        for place, office in enumerate(submission.offices)
    ]
