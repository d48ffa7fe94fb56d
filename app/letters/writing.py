"""Writing a letter: what is stored when a supporter sends the form, and the mail that asks to confirm it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.campaigns.reading import AudienceOffice, CampaignPage
from app.database import insert_rows, transaction
from app.delivery.models import Delivery
from app.errors import TooMany
from app.letters.draft import Draft
from app.letters.models import Letter
from app.letters.snapshot import Snapshot
from app.letters.wording import Words
from app.notices.confirmation import ask_to_confirm
from app.security.rate_limits import hit, seconds_left
from app.security.tokens import derived_token, hash_token, new_token
from app.supporters.addresses import address_index
from app.supporters.models import Consent, Supporter
from app.supporters.silence import wants_no_mail

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


def words_of(draft: Draft, *, now: datetime) -> Words:
    """Return what the letters of a draft are made of when it is written `now`."""
    return Words(
        writer=draft.writer,
        personal_message=draft.personal_message,
        reference=draft.reference,
        written_on=now.date(),
        language=draft.language,
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
        Refused: an office cannot be written to.
        TooMany: this network has sent too many letters within the hour.
    """
    offices = snapshot.choose(draft.recipients)
    try:
        with transaction() as session:
            if _reference_of(session, draft) is not None:
                return Written(draft.reference, is_new=False)
            allowed = _within_limit(session, network, now)
            if allowed:
                _store(session, snapshot, page, draft, offices, now=now)
    except IntegrityError:
        # Two posts of one form at the same instant on PostgreSQL: the other one was first.
        with transaction() as session:
            if _reference_of(session, draft) is None:
                raise
        return Written(draft.reference, is_new=False)
    # Raised outside: an exception inside would undo the count.
    if not allowed:
        raise TooMany(
            _("Too many letters came from your network within an hour."), seconds_left(HOUR, now=now)
        )
    return Written(draft.reference, is_new=True)


def _within_limit(session: Session, network: str | None, now: datetime) -> bool:
    return network is None or hit(session, "letters", network, window=HOUR, now=now) <= LETTERS_AN_HOUR


def _reference_of(session: Session, draft: Draft) -> str | None:
    return session.scalar(select(Letter.reference).where(Letter.submission_key == draft.submission_key))


def _store(
    session: Session,
    snapshot: Snapshot,
    page: CampaignPage,
    draft: Draft,
    offices: list[AudienceOffice],
    *,
    now: datetime,
) -> None:
    index = address_index(draft.writer.email)
    may_mail = _may_mail(session, index, now)
    supporter = _supporter(draft, index, now)
    token = new_token()
    letter = _letter(snapshot, draft, supporter, token, now)
    copies = [_delivery(snapshot, letter, office, place, now) for place, office in enumerate(offices)]
    insert_rows(session, supporter, letter, *_consents(page, draft, supporter, now), *copies)
    if may_mail:
        ask_to_confirm(
            session,
            to=draft.writer.email,
            campaign_title=page.title,
            link=_confirmation_link(token),
            until=letter.confirm_until,
            message_key=letter.id,
            language=draft.language,
            now=now,
        )


def _confirmation_link(token: str) -> str:
    # From the configured address, never from the request's Host header, which anybody can write.
    path = current_app.url_map.bind("").build("public.confirm", {"token": token})
    return f"{current_app.config['REDRESS_SETTINGS'].base_url}{path}"


def _may_mail(session: Session, index: bytes, now: datetime) -> bool:
    # Whoever types a stranger's address must not be able to fill that mailbox. The answer on the page is the
    # same either way, so that it tells nothing about an address.
    _take_turns(session, index)
    if wants_no_mail(session, index):
        return False
    written = (
        select(func.count())
        .select_from(Letter)
        .join(Supporter, Letter.supporter_id == Supporter.id)
        .where(Supporter.email_index == index, Letter.created_at > now - timedelta(days=1))
    )
    return (session.scalar(written) or 0) < CONFIRMATIONS_A_DAY


def _take_turns(session: Session, index: bytes) -> None:
    # Many letters for one mailbox at the same instant: each must see those before it to be counted.
    # SQLite has one writer at a time anyway.
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(index[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def _supporter(draft: Draft, index: bytes, now: datetime) -> Supporter:
    writer = draft.writer
    return Supporter(
        email_index=index,
        email=writer.email,
        name=writer.name,
        title=writer.title,
        affiliation=writer.affiliation,
        city=writer.city,
        region=writer.region,
        postal_code=writer.postal_code,
        country=writer.country,
        language=draft.language,
        created_at=now,
    )


def _consents(page: CampaignPage, draft: Draft, supporter: Supporter, now: datetime) -> list[Consent]:
    texts = {"letter": page.consent_text} | ({"updates": page.updates_text} if draft.updates else {})
    return [
        Consent(
            supporter_id=supporter.id,
            purpose=purpose,
            text=text,
            text_version=page.consent_version,
            given_at=now,
        )
        for purpose, text in texts.items()
    ]


def _letter(snapshot: Snapshot, draft: Draft, supporter: Supporter, token: str, now: datetime) -> Letter:
    letter = Letter(
        campaign_id=snapshot.campaign.id,
        supporter_id=supporter.id,
        submission_key=draft.submission_key,
        reference=draft.reference,
        language=draft.language,
        personal_message=draft.personal_message,
        written_on=now.date(),
        created_at=now,
        confirm_token_hash=hash_token(token),
        confirm_until=now + CONFIRMATION_SPAN,
    )
    letter.page_token_hash = hash_token(derived_token(LETTER_PAGE, letter.id))
    return letter


def _delivery(
    snapshot: Snapshot, letter: Letter, office: AudienceOffice, place: int, now: datetime
) -> Delivery:
    return Delivery(
        kind="letter",
        letter_id=letter.id,
        recipient_id=office.addressee.recipient.id,
        template_version_id=snapshot.version_for(office, letter.language).id,
        position=place,
        state="awaiting_confirmation",
        state_at=now,
        created_at=now,
    )
