"""What becomes of a proposed change of a contact: approved by a second person, rejected, taken back."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import transaction
from app.errors import NotFound, Refused
from app.recipients.changing import locked
from app.recipients.models import Contact
from app.recipients.reaching import mark_verified, noted, refuse_withdrawn
from app.recipients.second_look import (
    Proposal,
    is_ones_own,
    proposal_of,
    refuse_unseen,
    write_proposal,
)

_NOTHING = {"proposed": None, "proposed_by": None, "proposed_at": None}


def approve_proposal(
    contact_id: uuid.UUID, *, seen: str, by: str, how: str, actor: str, now: datetime
) -> Contact:
    """Let a contact lead where somebody proposed: letters go there from now on.

    Args:
        contact_id: which.
        seen: `Proposal.seen` of what the approver was shown.
        by: who approves it; the contact is verified in their name.
        how: against what it was checked.
        actor: the same person, for the audit log.
        now: when.

    Raises:
        NotFound: there is no such contact, or nothing is proposed for it.
        Refused: it is the proposer who approves; another change was shown; the contact was edited
            meanwhile, or withdrawn.
    """
    with transaction() as session:
        contact = locked(session, Contact, contact_id)
        proposal = _existing(contact)
        if is_ones_own(proposal, actor, session):
            raise Refused(_("You proposed this change yourself: somebody else must approve it."))
        refuse_unseen(proposal.seen == seen)
        if proposal.is_stale:
            raise Refused(
                _(
                    "This contact was edited after the change was proposed, so it is not known any more what"
                    " the change would replace. Reject it; it can be proposed anew."
                )
            )
        refuse_withdrawn(contact)
        for name, value in proposal.new.items():
            setattr(contact, name, value)
        contact.entered_by = proposal.by
        _forget(contact)
        mark_verified(contact, by=by, now=now)
        noted(
            session, "contact.approved", contact, actor=actor, now=now,
            changed=", ".join(proposal.changed), how=how,
        )  # fmt: skip
    return contact


def reject_proposal(contact_id: uuid.UUID, *, seen: str, reason: str, actor: str, now: datetime) -> Contact:
    """Put a proposed change aside; the contact leads where it led before.

    Args:
        contact_id: which.
        seen: `Proposal.seen` of what was shown.
        reason: in a sentence, for the proposer and the audit log.
        actor: who rejects it.
        now: when.

    Raises:
        NotFound: there is no such contact, or nothing is proposed for it.
        Refused: another change was shown.
    """
    return _put_aside("contact.rejected", contact_id, seen=seen, actor=actor, now=now, reason=reason)


def take_back_proposal(contact_id: uuid.UUID, *, seen: str, actor: str, now: datetime) -> Contact:
    """Put one's own proposed change aside (arguments as of `reject_proposal`).

    Raises:
        NotFound: there is no such contact, or nothing is proposed for it.
        Refused: it is somebody else's, or another change was shown.
    """
    return _put_aside("contact.taken_back", contact_id, seen=seen, actor=actor, now=now)


def _put_aside(
    action: str, contact_id: uuid.UUID, *, seen: str, actor: str, now: datetime, **detail: str
) -> Contact:
    with transaction() as session:
        contact = locked(session, Contact, contact_id)
        proposal = _existing(contact)
        if action == "contact.taken_back" and proposal.by != actor:
            raise Refused(_("Somebody else proposed this change. You can reject it, and say why."))
        refuse_unseen(proposal.seen == seen)
        _forget_alone(session, contact)
        changed = ", ".join(proposal.changed)
        noted(session, action, contact, actor=actor, now=now, changed=changed, **detail)
    return contact


def _existing(contact: Contact) -> Proposal:
    proposal = proposal_of(contact)
    if proposal is None:
        raise NotFound(_("No change of this contact waits for anybody any more."))
    return proposal


def _forget(contact: Contact) -> None:
    for name, value in _NOTHING.items():
        setattr(contact, name, value)


def _forget_alone(session: Session, contact: Contact) -> None:
    write_proposal(session, contact, **_NOTHING)
