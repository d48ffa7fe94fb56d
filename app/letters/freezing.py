"""Freezing a letter's copies: worded, addressed, composed, and handed to the outbox."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Final

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session, selectinload

from app.campaigns.deeds import deed_stated_at
from app.campaigns.groups import first_rule
from app.campaigns.models import THANKS, Campaign, TemplateVersion
from app.campaigns.reading import AudienceOffice, office_card
from app.campaigns.texts import text
from app.delivery import causes
from app.delivery.dkim import signed
from app.delivery.envelope import Envelope, bounce_address
from app.delivery.models import Delivery
from app.delivery.outbox import cancel, enqueue
from app.delivery.states import transition
from app.letters.dispatch import NO_CONTACT, OFFICE_CLOSED, WORDS, reasons_to_hold
from app.letters.draft import Writer
from app.letters.joint.wording import word_joint_copy
from app.letters.models import Letter
from app.letters.restored import keep_back
from app.letters.snapshot import Snapshot, read_snapshot
from app.letters.stating import OF_DEEDS
from app.letters.tone import must_be_held
from app.letters.wording import Worded, Words
from app.notices.sending import message_id
from app.recipients.models import Contact, Recipient
from app.recipients.resolution import Addressee, resolve
from app.rendering.mail import Mailbox, compose, wire_address
from app.supporters.models import Supporter

ACTOR = "supporter"
BY_POST: Final = "to be printed and posted"
BY_FORM: Final = "its writer puts it into the office's form"
LEFT_CAMPAIGN: Final = "no longer in the campaign"


def snapshot_for(session: Session, letter: Letter, *, now: datetime) -> Snapshot:
    """Read what a stored letter is made from, as of `now`."""
    options = (
        selectinload(Campaign.audience),
        selectinload(Campaign.deeds),
        selectinload(Campaign.templates),
    )
    campaign = session.get_one(Campaign, letter.campaign_id, options=options)
    return read_snapshot(session, campaign, letter.language, day=now.date())


def office_of(session: Session, snapshot: Snapshot, delivery: Delivery) -> AudienceOffice | None:
    """Return the office of a copy, or None where the campaign does not write to it any more.

    That somebody represents the writer was found out when the letter was written.
    """
    for office in snapshot.offices:
        if office.addressee.recipient.id == delivery.recipient_id:
            return office
    recipient = session.get_one(Recipient, delivery.recipient_id)
    rule = first_rule(snapshot.campaign.audience, recipient)
    if rule is not None:
        # Of a group's offices the open ones are offered; it may have closed since.
        addressee = resolve(session, [recipient.id], day=snapshot.day)[recipient.id]
        return office_card(snapshot.campaign, rule, addressee, snapshot.language, day=snapshot.day)
    found = snapshot.named([recipient.slug]) if snapshot.campaign.representatives else []
    return found[0] if found else None


def word_copy(
    session: Session, snapshot: Snapshot, letter: Letter, delivery: Delivery, office: AudienceOffice
) -> Worded:
    """Return the letter of one copy, to its office, in the wording that it was written with."""
    version = session.get_one(TemplateVersion, delivery.template_version_id)
    if version.template.kind == THANKS:
        # For what its writer read, whatever was recorded since; if that was a mistake, it is held.
        stated = deed_stated_at(snapshot.campaign, delivery.recipient_id, delivery.created_at)
        office = replace(office, deed=stated or office.deed)
    if letter.joint_letter_id is not None:
        return word_joint_copy(session, snapshot, letter, office, version)
    return snapshot.word(office, words_of_letter(letter), version)


def words_of_letter(letter: Letter) -> Words:
    """Return the supporter's part of a stored letter."""
    return Words(
        writer=writer_of(letter.supporter),
        personal_message=letter.personal_message,
        reference=letter.reference,
        written_on=letter.written_on,
        language=letter.language,
        points=tuple(letter.points or ()),
        key=letter.submission_key,
        said=letter.said,
    )


def writer_of(supporter: Supporter) -> Writer:
    """Return a stored supporter as the one who signs."""
    return Writer(
        name=supporter.name,
        email=supporter.email,
        country=supporter.country,
        title=supporter.title,
        affiliation=supporter.affiliation,
        city=supporter.city,
        region=supporter.region,
        postal_code=supporter.postal_code,
    )


def freeze(
    session: Session,
    snapshot: Snapshot,
    letter: Letter,
    delivery: Delivery,
    *,
    now: datetime,
    actor: str = ACTOR,
) -> Worded | None:
    """Fix the text of one copy for good and queue it, or hold it where it cannot go now.

    Args:
        session: the transaction that confirms the letter.
        snapshot: what the letter is made from, as of `now`.
        letter: the letter.
        delivery: its copy to one office.
        now: the instant of confirmation; the Date of the mail.
        actor: who decided that it may leave.

    Returns:
        The letter; None where the campaign does not write to its office any more.
    """
    office = office_of(session, snapshot, delivery)
    if office is None:
        cancel(session, delivery, now=now, cause=LEFT_CAMPAIGN, actor="redress")
        return None
    may_have_left = delivery.reason == causes.RESTORED
    worded = word_copy(session, snapshot, letter, delivery, office)
    holder, contact = office.addressee.holder, office.addressee.contact
    delivery.holder_id = holder.id if holder else None
    delivery.subject, delivery.text = worded.subject, worded.text
    if must_be_held(letter.own_words):
        # Before all else: what waits for a contact leaves by itself once there is one.
        transition(session, delivery, "held", now=now, cause=WORDS, actor=actor)
    elif not office.addressable:
        transition(session, delivery, "held", now=now, cause=OFFICE_CLOSED, actor=actor)
    elif contact is None and (reason := reasons_to_hold(session, [delivery])[0]).startswith(OF_DEEDS):
        # What goes into a form by its writer's hand nobody looks at once more.
        transition(session, delivery, "held", now=now, cause=reason, actor=actor)
    elif contact is None:
        send_elsewhere(session, letter, delivery, office.addressee, now=now, actor=actor)
    else:
        delivery.contact_id = contact.id
        envelope = envelope_of(
            campaign=snapshot.campaign,
            letter=letter,
            delivery=delivery,
            worded=worded,
            contact=contact,
            now=now,
        )
        enqueue(session, delivery, envelope=envelope, now=now, actor=actor)
    if may_have_left:
        keep_back(session, delivery, now=now)
    return worded


def can_go_to(letter: Letter, addressee: Addressee) -> bool:
    """Whether there is a way to an office for a letter: nobody puts a joint one into a form."""
    has_writer = letter.joint_letter_id is None
    return (
        addressee.contact is not None or addressee.post is not None or (has_writer and addressee.is_reachable)
    )


def send_elsewhere(
    session: Session,
    letter: Letter,
    delivery: Delivery,
    addressee: Addressee,
    *,
    now: datetime,
    actor: str,
    cause: str = "",
) -> None:
    """Let a copy go to an office that has no e-mail contact: by post, or by the office's form.

    Args:
        session: the transaction that decides about it.
        letter, delivery: the copy, awaiting confirmation or held, with its text.
        addressee: its office. Where that has no other way either, the copy is held.
        now: the instant.
        actor: who decided.
        cause: why, for the journal; without it, that it is to be printed, or put into the form.
    """
    if addressee.post is not None:
        delivery.channel, delivery.contact_id = "post", addressee.post.id
        delivery.print_batch_id = None
        transition(session, delivery, "to_print", now=now, cause=cause or BY_POST, actor=actor)
    elif addressee.form is not None and letter.joint_letter_id is None:
        if delivery.state == "held":
            by = cause or BY_FORM
            transition(session, delivery, "awaiting_confirmation", now=now, cause=by, actor=actor)
        # Confirmed it is; what is awaited now is that its writer puts it into the form.
        delivery.channel, delivery.contact_id, delivery.reason = "web_form", addressee.form.id, BY_FORM
    elif delivery.state != "held":
        transition(session, delivery, "held", now=now, cause=NO_CONTACT, actor=actor)


def print_anew(
    session: Session,
    letter: Letter,
    delivery: Delivery,
    addressee: Addressee,
    worded: Worded,
    *,
    now: datetime,
    cause: str,
    actor: str,
) -> None:
    """Give a held copy another text, and let it go by post or form (arguments as of `send_elsewhere`).

    Like `outbox.address_anew`, an exception to "what is frozen never changes".
    """
    delivery.subject, delivery.text, delivery.wire = worded.subject, worded.text, None
    send_elsewhere(session, letter, delivery, addressee, now=now, actor=actor, cause=cause)


def envelope_of(
    *,
    campaign: Campaign,
    letter: Letter,
    delivery: Delivery,
    worded: Worded,
    contact: Contact,
    now: datetime,
    edition: uuid.UUID | None = None,
    identifier: str | None = None,
) -> Envelope:
    """Return the mail that carries one copy: from us, to the office, answers to the writer.

    Args:
        campaign: whose letter it is.
        letter: the letter.
        delivery: its copy.
        worded: what it says.
        contact: where it goes.
        now: the Date of the mail.
        edition: set for a copy that was addressed anew: another text is another message (RFC 5322 §3.6.4).
        identifier: the Message-ID, of a copy that keeps the one that it has.
    """
    settings = current_app.config["REDRESS_SETTINGS"]
    supporter = letter.supporter
    with force_locale(letter.language):
        via = _(
            "%(name)s via %(campaign)s", name=supporter.name, campaign=text(campaign.title, letter.language)
        )
    keys = (letter.id, contact.recipient_id, *([edition] if edition else []))
    identifier = identifier or message_id("letter", *keys)
    wire = compose(
        # Never the supporter's own address: their provider's DMARC policy would have the letter thrown away.
        sender=Mailbox(via, f"letters@{settings.mail_from}"),
        to=Mailbox(worded.to_line, contact.value),
        reply_to=Mailbox(supporter.name, supporter.email),
        subject=worded.subject,
        date=now,
        message_id=identifier,
        text=worded.text,
    )
    return Envelope(
        mail_from=bounce_address(delivery.id),
        rcpt_to=wire_address(contact.value),
        subject=worded.subject,
        wire=signed(wire),
        text=worded.text,
        message_id=identifier,
    )
