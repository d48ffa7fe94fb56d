"""What belongs to one mailbox: those who wrote from it, and our own mails to it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, load_only

from app.delivery.envelope import ascii_address
from app.delivery.models import Delivery
from app.letters.models import Letter
from app.notices.sending import addressee_of
from app.supporters.addresses import DOTLESS_DOMAINS, canonical
from app.supporters.models import Supporter

READ_AT_ONCE: Final = 500


def people_of(session: Session, mailbox: bytes, *, lock: bool = False) -> list[Supporter]:
    """Return all rows of supporters of a mailbox, the oldest first; a mailbox has one for each submission.

    A group that sends a joint letter has a row of that kind, too: with the address for answers, which an
    organizer gave. It is nobody's own data, and erasing it would end the letter of all who signed.
    """
    is_group = sa.exists().where(Letter.supporter_id == Supporter.id, Letter.joint_letter_id.is_not(None))
    query = (
        sa.select(Supporter)
        .where(Supporter.email_index == mailbox, Supporter.email_sealed.is_not(None), ~is_group)
        .order_by(Supporter.created_at, Supporter.id)
    )
    return list(session.scalars(query.with_for_update(of=Supporter) if lock else query))


def mails_to(session: Session, addresses: Collection[str]) -> list[Delivery]:
    """Return our own mails to a mailbox that are not deleted yet, the oldest first.

    To whom a mail goes is encrypted: those to the mailbox's domain are opened, and looked at.

    Args:
        session: any.
        addresses: as the mailbox is written in what it sent here.
    """
    wanted = {_plain(address) for address in addresses}
    domains = {address.rpartition("@")[2] for address in wanted}
    if domains & DOTLESS_DOMAINS:
        domains |= DOTLESS_DOMAINS
    query = (
        sa.select(Delivery)
        .where(Delivery.kind == "notice", Delivery.domain.in_(domains))
        .order_by(Delivery.created_at, Delivery.id)
        .options(
            load_only(
                Delivery.state,
                Delivery.created_at,
                Delivery.envelope_to_sealed,
                Delivery.subject_sealed,
                Delivery.recipe_sealed,
            )
        )
        .execution_options(yield_per=READ_AT_ONCE)
    )
    return [mail for mail in session.scalars(query) if _plain(_goes_to(mail)) in wanted]


def _goes_to(mail: Delivery) -> str:
    return addressee_of(mail.recipe) if mail.recipe_sealed is not None else mail.envelope_to


def _plain(address: str) -> str:
    # Its domain as it stands on an envelope: composed mails have it in ASCII.
    return canonical(ascii_address(address))
