"""What writers put into an office's form themselves: the help for it, and that they did."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.deeds import deed_stated_at
from app.campaigns.groups import first_rule
from app.campaigns.models import THANKS, Campaign, TemplateVersion
from app.campaigns.texts import text
from app.content import ContentMemory
from app.database import db, transaction
from app.delivery.models import Delivery
from app.delivery.outbox import hold
from app.delivery.states import transition
from app.errors import NotFound, Refused
from app.letters.confirming import copies_of
from app.letters.deciding import SUBMITTED
from app.letters.dispatch import must_be_held, must_wait
from app.letters.following import find_by_token
from app.letters.form_help import FormHelp, form_help
from app.letters.freezing import BY_FORM, writer_of
from app.letters.models import Letter
from app.recipients.models import Contact, Recipient
from app.rendering.letter import cut

LONGEST_REFERENCE: Final = 80
AT_ONCE: Final = 200


def forms_to_fill(token: str) -> dict[str, FormHelp]:
    """Return what is to be put into the forms of offices, by office.

    Raises:
        NotFound: there is no such letter.
    """
    letter = find_by_token(db.session, token)
    return {
        db.session.get_one(Recipient, copy.recipient_id).slug: help_
        for copy in copies_of(db.session, letter)
        if (help_ := _help(db.session, letter, copy)) is not None
    }


def _waits(copy: Delivery) -> bool:
    return copy.channel == "web_form" and copy.state == "awaiting_confirmation"


def _help(session: Session, letter: Letter, copy: Delivery) -> FormHelp | None:
    contact = session.get(Contact, copy.contact_id) if copy.contact_id else None
    if not _waits(copy) or contact is None or not copy.text or must_wait(session, copy):
        return None
    return form_help(
        contact,
        writer_of(letter.supporter),
        cut(copy.text, copy.subject),
        ask=_ask(session, copy, letter.language),
        language=letter.language,
    )


def _ask(session: Session, copy: Delivery, language: str) -> str:
    campaign = session.get_one(Campaign, copy.campaign_id)
    if session.get_one(TemplateVersion, copy.template_version_id).template.kind == THANKS:
        deed = deed_stated_at(campaign, copy.recipient_id, copy.created_at)
        return text(deed.said if deed is not None else {}, language)
    rule = first_rule(campaign.audience, session.get_one(Recipient, copy.recipient_id))
    return text(rule.ask_text if rule is not None else {}, language)


def hold_what_changed(*, now: datetime) -> int:
    """Hold the letters for forms that must not leave as they are: workers hold mails, nobody else these.

    Looked for only after offices, facts or campaigns have changed, and on each new day.

    Returns:
        How many were held.
    """
    held: list[int] = []
    looked: ContentMemory[None] = current_app.extensions["redress_forms_looked_at"]
    looked.get(now.date(), lambda: held.append(_hold_what_changed(now)))
    return sum(held)


def _hold_what_changed(now: datetime) -> int:
    db.session.rollback()
    query = sa.select(Delivery).where(
        Delivery.channel == "web_form",
        Delivery.state == "awaiting_confirmation",
        Delivery.reason == BY_FORM,
    )
    waiting = db.session.scalars(query.execution_options(yield_per=AT_ONCE))
    changed = [copy.id for copy in waiting if must_be_held(db.session, copy)]
    return sum(_hold(copy_id, now) for copy_id in changed)


def _hold(copy_id: uuid.UUID, now: datetime) -> bool:
    with transaction() as session:
        copy = session.get(Delivery, copy_id, with_for_update=True)
        if copy is None or not _waits(copy) or not (reason := must_be_held(session, copy)):
            return False  # its writer was faster, or somebody mended it
        return hold(session, copy, now=now, cause=reason, actor="redress")


def tell_submitted(token: str, *, only: str, reference: str, now: datetime) -> None:
    """Record that the writer of a letter has put it into the form of an office.

    Args:
        token: of the letter's page.
        only: slug of the office.
        reference: the number that the form gave; may be empty. Kept sealed, and as long as the text.
        now: the instant.

    Raises:
        NotFound: there is no such letter, or no such copy.
        Refused: it does not wait for that any more, or the number is none. Not because it should have
            waited: what was put in was put in.
    """
    if len(reference) > LONGEST_REFERENCE:
        raise Refused(_("That is too long for a reference number."))
    with transaction() as session:
        letter = find_by_token(session, token)
        slugs = {
            session.get_one(Recipient, copy.recipient_id).slug: copy for copy in copies_of(session, letter)
        }
        copy = slugs.get(only)
        if copy is None:
            raise NotFound(_("There is no such copy."))
        session.refresh(copy, with_for_update=True)  # the same button, pressed twice at once
        if not _waits(copy):
            raise Refused(_("This letter does not wait for you any more."))
        copy.receipt = reference
        transition(session, copy, "self_sent", now=now, cause=SUBMITTED, actor="supporter")
