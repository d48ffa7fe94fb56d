"""The last look before a letter leaves: is it still the right office, the right person, the right address?

What a letter says was frozen when its writer confirmed it. Offices change in the meantime, and what it
states may have been withdrawn: then it is held, and an organizer decides (`readdressing`, `retracted`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import current_app
from sqlalchemy.orm import Session

from app import clock
from app.campaigns.models import TemplateVersion
from app.content import ContentMemory
from app.database import db
from app.delivery.models import Delivery
from app.delivery.stops import stopped
from app.letters.stating import (
    Stop,
    is_about,
    is_older,
    named_in,
    statements_of,
    stops_of,
    stops_of_deeds,
    undecided,
)
from app.recipients.resolution import Addressee, resolve
from app.rendering.forms_of_address import with_institution
from app.rendering.mail import wire_address

HOLDER_CHANGED: Final = "holder changed"
OFFICE_CLOSED: Final = "office closed"
CONTACT_CHANGED: Final = "contact changed"
NO_CONTACT: Final = "no verified contact"
ADDRESS_GONE: Final = "the address does not exist any more"
"""Mail to the same address came back."""
WORDS: Final = "words to be read first"
STUCK: Final = "an error of our own keeps it back"
PAUSED: Final = "sending is paused"
"""Nothing is held for that: what waits in a queue waits on, and what its writer is to send does, too."""


_Key = tuple[uuid.UUID, uuid.UUID]
"""An office, and a version of a letter to it."""


@dataclass(frozen=True)
class _Desk:
    """What a letter to an office must agree with today, and what of its wording may not be said to it."""

    is_open: bool
    holder_id: uuid.UUID | None
    address: str
    mailbox: str
    has_post: bool
    forms: frozenset[uuid.UUID]
    stops: tuple[Stop, ...]

    def takes(self, delivery: Delivery) -> bool:
        """Whether the way on which a copy goes is still there; of mails the mailbox tells more."""
        if delivery.channel == "web_form":
            return delivery.contact_id in self.forms
        return delivery.channel != "post" or self.has_post


def must_be_held(session: Session, delivery: Delivery) -> str:
    """Return "", or why this mail must not leave as it is: `reasons_to_hold` of one."""
    return reasons_to_hold(session, [delivery])[0]


def reasons_to_hold(session: Session, deliveries: Sequence[Delivery]) -> list[str]:
    """Return for each mail "", or why it must not leave as it is (a `DispatchCheck`).

    Asked of every mail in the transaction in which its attempt begins, of letters by post before they are
    printed, and of those for an office's form before their writer is shown them. What an office looks like
    is kept until an organizer changes something, so that asking costs one small query for all of them.
    """
    desks = _desks(deliveries)
    return [_reason_to_hold(session, one, desk) for one, desk in zip(deliveries, desks, strict=True)]


def _reason_to_hold(session: Session, delivery: Delivery, desk: _Desk | None) -> str:
    if desk is None:
        return ""
    if not desk.is_open:
        return OFFICE_CLOSED
    # The name too: whoever corrects a row instead of ending a term has changed the addressee all the same.
    if desk.holder_id != delivery.holder_id or desk.address != address_in(delivery.text):
        return HOLDER_CHANGED
    if delivery.channel == "email" and desk.mailbox != delivery.envelope_to:
        return CONTACT_CHANGED
    return undecided(session, delivery, desk.stops) or ("" if desk.takes(delivery) else NO_CONTACT)


def must_wait(session: Session, delivery: Delivery) -> str:
    """Return "", or why a letter's writer must not send it now: as for `must_be_held`, or `PAUSED`."""
    place = {"campaign_id": delivery.campaign_id, "recipient_id": delivery.recipient_id}
    paused = PAUSED if stopped(session).holds("letter", **place) else ""
    return must_be_held(session, delivery) or paused


def may_not_be_stated(recipient_id: uuid.UUID, version_id: uuid.UUID) -> bool:
    """Whether a letter of a wording to an office can state anything that may not be stated any more."""
    (desk,) = _desks_of({(recipient_id, version_id)}).values()
    return bool(desk.stops)


def states_what_is_withdrawn(session: Session, delivery: Delivery) -> bool:
    """Whether a copy was worded before something that it names was withdrawn or corrected."""
    (desk,) = _desks([delivery])
    stops = desk.stops if desk is not None else ()
    named = named_in(session, delivery) if stops else frozenset()
    return any(is_about(stop, named) and not is_older(session, stop, delivery) for stop in stops)


def address_in(text: str) -> str:
    """Return the lines of the address with which the text of a letter begins."""
    return text.partition("\n\n")[0]


def _desks(deliveries: Sequence[Delivery]) -> list[_Desk | None]:
    """Return what each letter must agree with; None for what is no letter."""
    keys = [(one.recipient_id, one.template_version_id) for one in deliveries]
    desks = _desks_of({(office, version) for office, version in keys if office and version})
    return [desks.get((office, version)) if office and version else None for office, version in keys]


def _desks_of(wanted: Collection[_Key]) -> dict[_Key, _Desk]:
    if not wanted:
        return {}
    memory: ContentMemory[_Desk] = current_app.extensions["redress_desks"]
    day = clock.now().date()
    found = memory.get_all([(day, key) for key in wanted], lambda dated: _look(dated[0], *dated[1]))
    return {key: desk for (_day, key), desk in found.items()}


def _look(day: date, recipient_id: uuid.UUID, version_id: uuid.UUID) -> _Desk:
    with db.sessionmaker() as session:
        version = session.get_one(TemplateVersion, version_id)
        language = version.template.language
        addressee = resolve(session, [recipient_id], day=day)[recipient_id]
        lines = with_institution(
            addressee.form_of_address(language).envelope, addressee.recipient.institution
        )
        return _Desk(
            is_open=takes_letters(addressee),
            holder_id=addressee.holder.id if addressee.holder else None,
            address="\n".join(lines),
            mailbox=wire_address(addressee.contact.value) if addressee.contact else "",
            has_post=addressee.post is not None,
            forms=frozenset(
                contact.id
                for contact in addressee.recipient.contacts
                if contact.channel == "web_form" and contact.is_usable
            ),
            stops=(
                *stops_of(session, statements_of(version), day=day),
                *stops_of_deeds(version.template.campaign, version, addressee, day=day),
            ),
        )


def takes_letters(addressee: Addressee) -> bool:
    """Whether an office takes letters; that a writer is a constituent was seen to when it was written."""
    return addressee.recipient.is_open and addressee.recipient.accepts != "cases"
