"""Asking by mail for the link to one's data, and who is behind a link.

Whoever asks is told the same, whatever address they type, and has waited as long. A mail goes only to a
mailbox that has confirmed something here, a letter or a signature: anybody can type a stranger's address
into a form, and must not make us write to that stranger by doing so. It goes to the address that was
confirmed, not to the one that was typed. A mailbox that asked never to be written to gets none either: that
was said to us without condition, and whoever types the address cannot be told from whoever owns it. Its
owner has the same rights at the command line (`redress privacy`), which the page says to everybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.database import db, transaction
from app.delivery.outbox import notice_rows
from app.errors import Gone, NotFound, TooMany
from app.hot_rows import insert_rows, new_row
from app.letters.joint.models import Signature
from app.letters.models import Letter
from app.letters.privacy.models import PrivacyLink
from app.letters.writing import HOUR, take_turns
from app.notices.privacy import order_privacy_link
from app.security.rate_limits import hit, seconds_left
from app.security.tokens import hash_token, new_token
from app.supporters.addresses import address_index
from app.supporters.models import Supporter
from app.supporters.silence import is_silenced

GOOD_FOR: Final = timedelta(minutes=30)
A_DAY: Final = 3
"""Mails that one mailbox can be sent by anybody who types its address, in 24 hours."""
PAUSE: Final = timedelta(minutes=5)
"""Between two of them: a button that was pressed twice writes once."""
AN_HOUR: Final = 20
"""From one network."""
AN_HOUR_IN_ALL: Final = 600
KEPT: Final = timedelta(days=1)
"""How long a link that ended is remembered: for `A_DAY`, and so that its page can say what became of it."""


class LinkOver(Gone):
    """The link has ended: `used` if everything behind it was erased, else its time is over."""

    def __init__(self, *, used: bool) -> None:
        super().__init__(
            _("What this link led to was erased.") if used else _("This link was good for 30 minutes.")
        )
        self.used = used


def ask_for_link(address: str, *, language: str, network: str | None, now: datetime) -> None:
    """Send the link to a mailbox that may get it. To whoever asks it looks the same if it may not.

    Args:
        address: as it was typed, checked.
        language: of the mail.
        network: where it was asked, as `network_of` names it; None is not counted.
        now: the instant.

    Raises:
        TooMany: this network, or all together, have asked too often within the hour.
    """
    mailbox, token = address_index(address), new_token()
    link = new_row(
        PrivacyLink, email_index=mailbox, token_hash=hash_token(token), asked_at=now, until=now + GOOD_FOR
    )
    known = _confirmed_address(db.session, mailbox)
    mail = order_privacy_link(
        to=known or address,
        link=_address_of(token),
        minutes=GOOD_FOR // timedelta(minutes=1),
        message_key=link.id,
        language=language,
        now=now,
    )
    rows = (link, *notice_rows(mail=mail, now=now))
    with transaction() as session:
        take_turns(session, mailbox)
        allowed = _within_limits(session, network, now)
        if allowed:
            # Stored for everybody, and taken back for who is not to be written to: it takes as long.
            with session.begin_nested() as stored:
                insert_rows(session, *rows)
                if known is None or not _may_mail(session, link):
                    stored.rollback()
    # Raised outside: an exception inside would undo the count.
    if not allowed:
        sentence = _("This was asked too often within an hour. Please come back later.")
        raise TooMany(sentence, seconds_left(HOUR, now=now))


def mailbox_behind(session: Session, token: str, *, now: datetime, lock: bool = False) -> PrivacyLink:
    """Return the link of a token.

    Args:
        session: any; of a transaction where `lock` is set.
        token: of the link.
        now: the instant.
        lock: whether whoever else uses the link is to wait.

    Raises:
        NotFound: there is no such link.
        LinkOver: it has ended.
    """
    query = sa.select(PrivacyLink).where(PrivacyLink.token_hash == hash_token(token))
    link = session.scalar(query.with_for_update() if lock else query)
    if link is None:
        raise NotFound(_("There is nothing behind this link. Was it copied whole?"))
    if link.used_at is not None or now >= link.until:
        raise LinkOver(used=link.used_at is not None)
    return link


def use_up(session: Session, mailbox: bytes, *, now: datetime) -> None:
    """End all links of a mailbox: there is nothing behind them any more. Part of the caller's transaction."""
    for link in session.scalars(sa.select(PrivacyLink).where(PrivacyLink.email_index == mailbox)):
        link.used_at, link.email_index = now, link.id.bytes


def purge_links(session: Session, now: datetime, *, limit: int) -> int:
    """Delete links that ended long enough ago, `limit` at most; return how many."""
    over = sa.select(PrivacyLink.id).where(PrivacyLink.until <= now - KEPT).limit(limit)
    ids = list(session.scalars(over))
    session.execute(sa.delete(PrivacyLink).where(PrivacyLink.id.in_(ids)))
    return len(ids)


def _confirmed_address(session: Session, mailbox: bytes) -> str | None:
    """Return the address of the newest letter or signature that a mailbox has confirmed."""
    wrote = sa.exists().where(
        Letter.supporter_id == Supporter.id,
        Letter.confirmed_at.is_not(None),
        Letter.joint_letter_id.is_(None),
    )
    signed = sa.exists().where(Signature.supporter_id == Supporter.id, Signature.confirmed_at.is_not(None))
    query = (
        sa.select(Supporter)
        .where(Supporter.email_index == mailbox, Supporter.email_sealed.is_not(None), sa.or_(wrote, signed))
        .order_by(Supporter.created_at.desc(), Supporter.id)
        .limit(1)
    )
    found = session.scalar(query)
    return found.email if found is not None else None


def _within_limits(session: Session, network: str | None, now: datetime) -> bool:
    if network is not None and hit(session, "privacy links", network, window=HOUR, now=now) > AN_HOUR:
        return False
    return hit(session, "privacy links", "in all", window=HOUR, now=now) <= AN_HOUR_IN_ALL


def _may_mail(session: Session, link: PrivacyLink) -> bool:
    silenced = session.scalar(sa.select(is_silenced(link.email_index)))
    others = sa.select(PrivacyLink.asked_at).where(
        PrivacyLink.email_index == link.email_index,
        PrivacyLink.id != link.id,
        PrivacyLink.asked_at > link.asked_at - timedelta(days=1),
    )
    asked = session.scalars(others).all()
    return not silenced and len(asked) < A_DAY and all(at <= link.asked_at - PAUSE for at in asked)


def _address_of(token: str) -> str:
    # From the configured address, never from the request's Host header, which anybody can write.
    path = current_app.url_map.bind("").build("public.own_data", {"token": token})
    return f"{current_app.config['REDRESS_SETTINGS'].base_url}{path}"
