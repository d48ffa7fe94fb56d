"""Sending a letter to oneself before anybody can write it: the mail as an office would get it."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _

from app.campaigns.editing import note
from app.campaigns.models import LetterTemplate
from app.campaigns.texts import text
from app.database import transaction
from app.delivery.dkim import signed
from app.delivery.envelope import Envelope, bounce_address
from app.delivery.outbox import notice_rows
from app.errors import Refused
from app.hot_rows import insert_rows
from app.letters.campaign_desk import version_whole
from app.letters.checking import SOMEBODY
from app.letters.wording import Worded
from app.notices.sending import TRIAL, message_id
from app.rendering.mail import Mailbox, compose, wire_address


def send_to_oneself(template: LetterTemplate, number: int, *, to: str, actor: str, now: datetime) -> int:
    """Queue a version of a letter, as each office would get it, to the organizer who tries it.

    Args:
        template: which letter.
        number: of its version.
        to: the organizer's own address.
        actor: for the audit log.
        now: the present instant; the Date of the mails.

    Returns:
        How many mails are on their way.

    Raises:
        NotFound: the letter has no version of this number.
        Refused: it cannot be worded yet, or no office gets it.
    """
    whole = version_whole(template, number, now=now)
    if not whole.tried:
        raise Refused(_("There is nothing to send yet: put right what is told, and choose an office."))
    campaign = template.campaign
    title = text(campaign.title, template.language)
    mails = [_mail(worded, title, to, now) for worded in whole.tried]
    with transaction() as session:
        for mail in mails:
            insert_rows(session, *notice_rows(mail=mail, now=now, actor=actor))
        campaign = session.merge(campaign, load=False)
        note(session, "campaign.letter_tried", campaign, actor=actor, now=now, letter=template.key)
    return len(mails)


def _mail(worded: Worded, campaign: str, to: str, now: datetime) -> Envelope:
    key, domain = uuid.uuid4(), current_app.config["REDRESS_SETTINGS"].mail_from
    identifier = message_id(TRIAL, key)
    wire = compose(
        sender=Mailbox(
            _("%(name)s via %(campaign)s", name=SOMEBODY.name, campaign=campaign), f"letters@{domain}"
        ),
        to=Mailbox(worded.to_line, to),
        reply_to=Mailbox("", to),
        subject=worded.subject,
        date=now,
        message_id=identifier,
        text=worded.text,
        auto_submitted="auto-generated",
    )
    return Envelope(
        mail_from=bounce_address(key),
        rcpt_to=wire_address(to),
        subject=worded.subject,
        wire=signed(wire),
        text=worded.text,
        message_id=identifier,
    )
