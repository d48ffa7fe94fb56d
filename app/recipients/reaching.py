"""How an office is reached: contacts, which count only once a person has verified them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import Refused
from app.recipients.changing import apply, locked, note, refuse_stale
from app.recipients.drafts import ContactDraft, values_of
from app.recipients.models import CHANNELS, CONFIDENCES, WHERE, Contact, Recipient
from app.recipients.second_look import (
    is_for_others,
    needs_approval,
    place_of,
    refuse_unseen,
    seen_of,
    store_proposal,
)

STEPS = {"suspended": "contact.suspended", "active": "contact.resumed", "withdrawn": "contact.withdrawn"}


def add_contact(
    recipient_id: uuid.UUID, draft: ContactDraft, *, row_id: uuid.UUID, actor: str, now: datetime
) -> Contact:
    """Add a contact, not yet verified (arguments as of `editing.add_recipient`).

    Raises:
        NotFound: there is no such office.
        Refused: the address is none.
    """
    draft = _checked(draft)
    with transaction() as session:
        locked(session, Recipient, recipient_id)
        existing = session.get(Contact, row_id)
        if existing is not None:
            return existing
        contact = Contact(id=row_id, recipient_id=recipient_id, status="active", entered_by=actor)
        apply(contact, draft, now)
        session.add(contact)
        noted(session, "contact.added", contact, actor=actor, now=now)
    return contact


def edit_contact(
    contact_id: uuid.UUID, draft: ContactDraft, *, seen: datetime | None, actor: str, now: datetime
) -> Contact:
    """Change a contact; if it is to lead somewhere else, a second person must look at that.

    Where a verified e-mail or postal contact leads stays as it is: the change waits for somebody to
    approve it (`approving`), in place of what waited before. In any other contact it is changed at once,
    and the contact must be verified again. All else is changed at once.

    Raises:
        NotFound: there is no such contact.
        EditedMeanwhile: somebody else was faster.
        Refused: the address is none.
    """
    draft = _checked(draft)
    with transaction() as session:
        contact = locked(session, Contact, contact_id)
        refuse_stale(contact, seen)
        if place_of(draft) != place_of(contact) and needs_approval(contact, session):
            _propose(session, contact, draft, actor=actor, now=now)
            # How sure one is of the new address says nothing about the one in use.
            draft = replace(draft, **place_of(contact), confidence=contact.confidence)
            if not _differs(contact, draft):
                return contact
        if changed := apply(contact, draft, now):
            if WHERE.intersection(changed):
                contact.verified_at, contact.verified_by, contact.entered_by = None, "", actor
            noted(session, "contact.edited", contact, actor=actor, now=now, changed=", ".join(changed))
    return contact


def _differs(contact: Contact, draft: ContactDraft) -> bool:
    return any(getattr(contact, name) != value for name, value in values_of(draft).items())


def _propose(session: Session, contact: Contact, draft: ContactDraft, *, actor: str, now: datetime) -> None:
    action = "contact.proposed" if contact.proposed is None else "contact.proposed_anew"
    old, new = place_of(contact), place_of(draft)
    store_proposal(session, contact, draft, by=actor, now=now)
    changed = ", ".join(sorted(name for name in WHERE if old[name] != new[name]))
    noted(session, action, contact, actor=actor, now=now, changed=changed)


def verify_contact(
    contact_id: uuid.UUID, *, seen: str, by: str, how: str, actor: str, now: datetime
) -> Contact:
    """Record that a person has checked a contact: from now on letters may go there.

    Args:
        contact_id: which.
        seen: `second_look.seen_of` the contact that they were shown.
        by: who checked.
        how: against what, such as "the office's own page".
        actor: for the audit log.
        now: when.

    Raises:
        NotFound: there is no such contact.
        Refused: it was withdrawn; it leads elsewhere by now; or `actor` entered it, and it takes another
            person.
    """
    with transaction() as session:
        contact = locked(session, Contact, contact_id)
        refuse_withdrawn(contact)
        if is_for_others(contact, actor, session):
            raise Refused(_("You entered this address yourself: somebody else must verify it."))
        refuse_unseen(seen == seen_of(contact))
        mark_verified(contact, by=by, now=now)
        noted(session, "contact.verified", contact, actor=actor, now=now, how=how)
    return contact


def mark_verified(contact: Contact, *, by: str, now: datetime) -> None:
    """Put into a contact's row that somebody has checked where it leads."""
    contact.verified_at, contact.verified_by, contact.edited_at = now, by, now
    contact.confidence = "high"
    if contact.bounced_at is not None:
        contact.bounced_at, contact.status = None, "active"


def suspend_bounced(session: Session, contact: Contact, *, why: str, actor: str, now: datetime) -> None:
    """Suspend a contact, locked by the caller, to which mail came back, until somebody verifies it again."""
    contact.status, contact.bounced_at, contact.edited_at = "suspended", now, now
    noted(session, STEPS["suspended"], contact, actor=actor, now=now, why=why)


def refuse_withdrawn(contact: Contact) -> None:
    """Refuse to verify what is not used any more.

    Raises:
        Refused: the contact was withdrawn.
    """
    if contact.status == "withdrawn":
        raise Refused(_("This contact was withdrawn. Put it to use again before you verify it."))


def set_contact_status(contact_id: uuid.UUID, status: str, *, actor: str, now: datetime) -> Contact:
    """Suspend a contact, withdraw it, or put it to use again.

    Args:
        contact_id: which.
        status: `suspended`, `withdrawn` or `active`. What was verified stays verified.
        actor: for the audit log.
        now: the present instant.

    Raises:
        NotFound: there is no such contact.
    """
    with transaction() as session:
        contact = locked(session, Contact, contact_id)
        if contact.status != status:
            contact.status, contact.bounced_at, contact.edited_at = status, None, now
            noted(session, STEPS[status], contact, actor=actor, now=now)
    return contact


def _checked(draft: ContactDraft) -> ContactDraft:
    if draft.channel not in CHANNELS:
        raise Refused(_("Choose one of the list."), "channel")
    if draft.confidence not in CONFIDENCES:
        raise Refused(_("Choose one of the list."), "confidence")
    if draft.channel == "email":
        return replace(draft, value=_email(draft.value), postal={}, form_fields=None)
    if draft.channel == "web_form":
        return replace(draft, value=_form_address(draft.value), postal={})
    return replace(draft, value="", postal=_postal(draft), form_fields=None)


def _email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Refused(
            _("This e-mail address cannot be right: %(reason)s", reason=str(error)), "value"
        ) from None


def _form_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_good = parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        is_good = False
    if not is_good:
        raise Refused(_("The address of a form begins with https:// and the name of a site."), "value")
    return value


def _postal(draft: ContactDraft) -> dict[str, str]:
    for name, sentence in (
        ("street", _("A postal address needs a street, a post-office box or the name of a building.")),
        ("city", _("A postal address needs a town.")),
    ):
        if not draft.postal.get(name):
            raise Refused(sentence, name)
    if not draft.country:
        raise Refused(_("A postal address needs a country."), "country")
    return draft.postal


def noted(
    session: Session, action: str, contact: Contact, *, actor: str, now: datetime, **detail: str
) -> None:
    """Write a change of a contact into the audit log, with its channel and `detail`."""
    recipient = session.get_one(Recipient, contact.recipient_id)
    note(session, action, recipient, actor=actor, now=now, detail={"channel": contact.channel, **detail})
