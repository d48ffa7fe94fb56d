"""What organizers decide about copies: cancel, release what is held (what is unclear: `unclear`).

Each decision is one transaction with its line in the audit log, and is refused in plain words if the
copy has moved on since the organizer looked.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.campaigns.models import Campaign, TemplateVersion
from app.database import transaction
from app.delivery import causes, outbox
from app.delivery.envelope import Envelope
from app.delivery.models import Delivery
from app.errors import NotFound, Refused
from app.letters.dispatch import (
    ADDRESS_GONE,
    CONTACT_CHANGED,
    HOLDER_CHANGED,
    NO_CONTACT,
    OFFICE_CLOSED,
    STUCK,
    WORDS,
    must_be_held,
)
from app.letters.freezing import BY_FORM, BY_POST, LEFT_CAMPAIGN, can_go_to, envelope_of, send_elsewhere
from app.letters.models import Letter
from app.letters.stating import (
    ACTED,
    AS_IT_IS,
    CLOSED_MEASURE,
    CONSENTED,
    CORRECTED,
    RELEASED_PERSON,
    UNDONE,
    WITHDRAWN,
    is_stop,
)
from app.letters.wording import Worded
from app.recipients.resolution import Addressee, resolve
from app.rendering.letter import Segment
from app.security import audit

CANCELLED: Final = "cancelled by an organizer"
RELEASED: Final = AS_IT_IS
FOUND: Final = "an organizer found that it was taken"
ANEW: Final = "addressed anew: "
"""Begins a cause that goes on with the names before and after, divided by an arrow."""
AGAIN: Final = "an organizer decided to send it again"
GIVEN_UP: Final = "an organizer gave it up"
ELSEWHERE: Final = "addressed to the office's new contact"
PRINTED: Final = "printed"
NOT_PRINTED: Final = "back: not printed after all"
POSTED: Final = "posted"
SUBMITTED: Final = "its writer put it into the office's form"
UNSUBMITTED: Final = "its writer did not put it into the office's form"
TAKEN_BACK: Final = "taken back by its writer"
TWICE: Final = "the successor gets this letter already"
TIME_OVER: Final = "its time is over"
ERASED: Final = "its writer had their data erased"
AGAIN_NOW: Final = "tried again by an organizer"
TOLD: Final = "cancelled, and its writer is told: "
"""Begins a cause that goes on with what an organizer says to the writers."""

SENTENCES: Final = {
    CANCELLED: _l("An organizer cancelled it."),
    RELEASED: _l("An organizer released it."),
    FOUND: _l("An organizer found in the mail server's log that it was taken."),
    AGAIN: _l("An organizer decided to send it again although it may have arrived."),
    AGAIN_NOW: _l("An organizer had it tried again."),
    GIVEN_UP: _l("An organizer gave it up: nobody can know whether it arrived."),
    NO_CONTACT: _l("The office has no verified contact."),
    ADDRESS_GONE: _l("Mail to its address came back: the address does not exist any more."),
    ELSEWHERE: _l("It was addressed to the office's new contact."),
    OFFICE_CLOSED: _l("The office takes no letters any more."),
    HOLDER_CHANGED: _l("Somebody else holds the office than is named in the letter."),
    WORDS: _l("Its writer's own words sound like a threat or an insult: read them first."),
    CONTACT_CHANGED: _l("The contact that it was addressed to is not in use any more."),
    TWICE: _l("The office that follows gets this letter already."),
    TAKEN_BACK: _l("Its writer took it back."),
    TIME_OVER: _l("The campaign ended before it could leave."),
    ERASED: _l("Its writer had everything about them erased."),
    STUCK: _l(
        "An error of our own came up when it was to be released. Address it anew or cancel it, and tell"
        " whoever runs this installation: the log says which kind of error it was."
    ),
    CONSENTED: _l("Its writer agreed to the corrected wording."),
    UNSUBMITTED: _l("For four weeks nobody told that it was put into the office's form."),
    SUBMITTED: _l("Its writer put it into the office's form."),
    PRINTED: _l("It was printed."),
    NOT_PRINTED: _l("It was not printed after all."),
    POSTED: _l("It was posted."),
    BY_POST: _l("It goes by post: it is to be printed."),
    BY_FORM: _l("The office has a form: its writer puts it in."),
    LEFT_CAMPAIGN: _l("The office does not belong to the campaign any more."),
}

STATED: Final = {
    WITHDRAWN: _l("It states a fact that was withdrawn."),
    CORRECTED: _l("It states a fact that was corrected."),
    RELEASED_PERSON: _l("It asks for somebody who is not in custody any more."),
    CLOSED_MEASURE: _l("It asks for a measure that cannot be supported any more."),
    ACTED: _l("It asks for something of which the office has done its part."),
    UNDONE: _l("It gives thanks for something that was recorded by mistake."),
}


def cause_sentence(cause: str) -> str:
    """Return why a copy changed its state as a sentence in the reader's language."""
    if cause.startswith(ANEW):
        before, _arrow, after = cause.removeprefix(ANEW).partition(" → ")
        return _("Addressed anew: before to %(before)s, now to %(after)s.", before=before, after=after)
    if cause.startswith(TOLD):
        return _("An organizer cancelled it and tells the writer: %(what)s", what=cause.removeprefix(TOLD))
    for begins, sentence in STATED.items():
        if cause.startswith(begins):
            return f"{sentence} ({cause.removeprefix(begins)})"
    return str(SENTENCES[cause]) if cause in SENTENCES else causes.sentence(cause)


def cancel_copy(delivery_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Cancel a copy that has not left.

    Args:
        delivery_id: which.
        actor: who decides, as audit log and journal name them.
        now: the instant.

    Raises:
        NotFound: there is no such copy.
        Refused: it has left, or is over.
    """

    def act(session: Session, delivery: Delivery) -> None:
        if not outbox.cancel(session, delivery, now=now, cause=CANCELLED, actor=actor):
            raise moved_on()

    decide_about(delivery_id, act, "delivery.cancelled", actor=actor, now=now)


def release_copy(delivery_id: uuid.UUID, *, actor: str, now: datetime) -> None:
    """Queue a held copy: with its bytes if it has some, else addressed to the contact of today.

    Raises:
        NotFound: there is no such copy.
        Refused: it is not held any more, or the office is closed or has no verified contact.
    """

    def act(session: Session, delivery: Delivery) -> None:
        if delivery.state != "held":
            raise moved_on()
        release_in(session, delivery, actor=actor, now=now)

    decide_about(delivery_id, act, "delivery.released", actor=actor, now=now)


def release_in(session: Session, delivery: Delivery, *, actor: str, now: datetime) -> None:
    """Queue a held copy in the caller's transaction (as `release_copy`).

    Where the way that it was made for is gone, it goes on another one, word for word the same.
    """
    addressee = _reachable(session, delivery, now)
    if addressee.contact is None or (delivery.channel == "post" and addressee.post is not None):
        _elsewhere(session, delivery, addressee, actor=actor, now=now)
    elif delivery.wire_sealed is not None:
        reason = must_be_held(session, delivery)
        if reason == CONTACT_CHANGED and delivery.reason == ADDRESS_GONE:
            _address_elsewhere(session, delivery, addressee, actor=actor, now=now)
            return
        if is_stop(reason) and reason != delivery.reason:
            raise Refused(_("It also states what may not be stated any more. Cancel it."))
        if reason and not is_stop(reason):
            raise Refused(
                _(
                    "The office has changed since: as it is, the letter would be held again. "
                    "Address it anew, at Held letters."
                )
            )
        outbox.queue_again(session, delivery, now=now, cause=RELEASED, actor=actor)
    else:
        _address(session, delivery, addressee, actor=actor, now=now)


def decide_about(
    delivery_id: uuid.UUID,
    act: Callable[[Session, Delivery], None],
    action: str,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Do what an organizer decided about a copy, with its line in the audit log, in one transaction.

    Raises:
        NotFound: there is no such copy.
        Refused: `act` refuses.
    """
    with transaction() as session:
        delivery = session.get(Delivery, delivery_id, with_for_update=True)
        if delivery is None or delivery.letter_id is None:
            raise NotFound(_("There is no such copy."))
        letter = session.get_one(Letter, delivery.letter_id)
        act(session, delivery)
        audit.record(
            session,
            action,
            actor=actor,
            now=now,
            kind="letter",
            object_id=letter.id,
            detail={"letter": letter.reference, "copy": str(delivery.position + 1)},
        )


def _reachable(session: Session, delivery: Delivery, now: datetime) -> Addressee:
    if delivery.recipient_id is None:
        raise moved_on()
    addressee = resolve(session, [delivery.recipient_id], day=now.date())[delivery.recipient_id]
    if not addressee.recipient.is_open:
        raise Refused(_("The office is closed. Cancel the copy, or reopen the office if that was a mistake."))
    if not addressee.is_reachable:
        raise Refused(_("The office has no verified contact yet. Verify one, then release the copy."))
    return addressee


def _elsewhere(
    session: Session, delivery: Delivery, addressee: Addressee, *, actor: str, now: datetime
) -> None:
    if delivery.wire_sealed is not None:
        # It says that a reply to the mail reaches its writer.
        raise Refused(
            _("It was worded as a mail, and the office takes none now. Address it anew, or cancel it.")
        )
    letter = session.get_one(Letter, delivery.letter_id)
    if not delivery.text:
        raise Refused(_("The text of this copy is not kept any more; it cannot be sent."))
    if not can_go_to(letter, addressee):
        raise Refused(_("The office has no verified contact yet. Verify one, then release the copy."))
    # Only whoever looked at what it states has decided about that; the last look asks for it (`undecided`).
    cause = RELEASED if is_stop(delivery.reason) else ""
    send_elsewhere(session, letter, delivery, addressee, now=now, actor=actor, cause=cause)


def _address(
    session: Session, delivery: Delivery, addressee: Addressee, *, actor: str, now: datetime
) -> None:
    envelope = _envelope(session, delivery, addressee, now=now)
    outbox.enqueue(session, delivery, envelope=envelope, now=now, actor=actor)


def _address_elsewhere(
    session: Session, delivery: Delivery, addressee: Addressee, *, actor: str, now: datetime
) -> None:
    # Another address is another message (RFC 5322 §3.6.4), although every word is the same.
    envelope = _envelope(session, delivery, addressee, now=now, edition=uuid.uuid4())
    outbox.address_anew(session, delivery, envelope=envelope, now=now, cause=ELSEWHERE, actor=actor)


def _envelope(
    session: Session,
    delivery: Delivery,
    addressee: Addressee,
    *,
    now: datetime,
    edition: uuid.UUID | None = None,
) -> Envelope:
    letter = session.get_one(Letter, delivery.letter_id)
    if addressee.contact is None or delivery.recipient_id is None or not delivery.text:
        raise Refused(_("The text of this copy is not kept any more; it cannot be sent."))
    delivery.channel, delivery.contact_id = "email", addressee.contact.id
    return envelope_of(
        campaign=session.get_one(Campaign, letter.campaign_id),
        letter=letter,
        delivery=delivery,
        # The text was frozen when its writer confirmed it: only the envelope is made now.
        worded=Worded(
            slug=addressee.recipient.slug,
            short_name=addressee.recipient.short_name,
            to_line=addressee.form_of_address(letter.language).envelope[0],
            subject=delivery.subject,
            segments=(Segment("paragraph", delivery.text),),
            version=session.get_one(TemplateVersion, delivery.template_version_id),
            language=letter.language,
            country=addressee.recipient.country or "",
        ),
        contact=addressee.contact,
        now=now,
        edition=edition,
    )


def moved_on() -> Refused:
    """Return the refusal of a decision about a copy that is not any more what the organizer saw."""
    return Refused(_("This copy has moved on in the meantime; look at where it is now."))
