"""Who holds an office on a day, and how it can be reached: resolved when it matters, never stored ahead."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.recipients.models import Contact, Holder, Recipient
from app.recipients.terms import holder_on
from app.rendering import postal_address
from app.rendering.forms_of_address import FormOfAddress, HolderName, Office, address


@dataclass(frozen=True)
class Addressee:
    """An office as of a day.

    Attributes:
        recipient: the office.
        holder: who holds it, or None where it is vacant or nobody knows.
        contact: the verified e-mail contact, or None where there is none yet.
        post: the verified postal address, or None.
        form: the verified form on the office's own site, or None.
    """

    recipient: Recipient
    holder: Holder | None
    contact: Contact | None
    post: Contact | None = None
    form: Contact | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether there is any way on which a letter gets there."""
        return any((self.contact, self.post, self.form))

    @property
    def goes_by_post(self) -> bool:
        """Whether letters are printed for it: there is a postal address and no e-mail contact."""
        return self.contact is None and self.post is not None

    def form_of_address(self, language: str) -> FormOfAddress:
        """Return envelope lines, salutation and closing in `language`."""
        return address(
            style=self.recipient.address_style,
            language=language,
            office=Office(
                title=self.recipient.title,
                institution=self.recipient.institution,
                country=self.recipient.country or "",
            ),
            holder=_name_of(self.holder),
            overrides=self.recipient.forms,
        )


def resolve(
    session: Session, recipient_ids: Collection[uuid.UUID], *, day: date
) -> dict[uuid.UUID, Addressee]:
    """Resolve offices as of a day.

    Args:
        session: any session.
        recipient_ids: the offices.
        day: the day for which the holder is wanted.

    Returns:
        An addressee for each office that exists.
    """
    query = (
        select(Recipient)
        .where(Recipient.id.in_(recipient_ids))
        .options(selectinload(Recipient.holders), selectinload(Recipient.contacts))
    )
    return {
        recipient.id: Addressee(
            recipient,
            holder_on(recipient.holders, day),
            email_contact(recipient),
            post=contact_by(recipient, "post"),
            form=contact_by(recipient, "web_form"),
        )
        for recipient in session.scalars(query)
    }


def email_contact(recipient: Recipient) -> Contact | None:
    """Return the e-mail contact to use: of those that somebody verified, the one verified last."""
    return contact_by(recipient, "email")


def contact_by(recipient: Recipient, channel: str) -> Contact | None:
    """Return the contact of a channel to use (as `email_contact`)."""
    usable = [c for c in recipient.contacts if c.channel == channel and c.is_usable and c.verified_at]
    return max(usable, key=lambda contact: (contact.verified_at, contact.id.hex), default=None)


def envelope_lines(
    addressee: Addressee, name_lines: Sequence[str], *, sender_country: str, language: str
) -> tuple[str, ...]:
    """Return the lines of an envelope to an office; none where it has no verified postal address.

    Args:
        addressee: the office.
        name_lines: what comes before the street.
        sender_country: where the letter is posted.
        language: of the letter.
    """
    contact = addressee.post
    if contact is None:
        return ()
    postal = contact.postal
    return postal_address.lines(
        name_lines=name_lines,
        street=postal.get("street", "").splitlines(),
        city=postal.get("city", ""),
        region=postal.get("region", ""),
        postal_code=postal.get("postal_code", ""),
        country_code=contact.country or addressee.recipient.country or "",
        sender_country=sender_country,
        language=language,
    )


def _name_of(holder: Holder | None) -> HolderName | None:
    if holder is None:
        return None
    return HolderName(
        name=holder.name,
        family_name=holder.family_name,
        honorific=holder.honorific,
        rank=holder.rank,
        acting=holder.acting,
    )
