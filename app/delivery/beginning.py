"""How an attempt begins: durably, one by one, so that it is known what a lost worker had in hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.database import transaction
from app.delivery import causes
from app.delivery.attempts import Beginning, begin_attempts
from app.delivery.breaker import shut_domains
from app.delivery.claims import WORKER, Claim, is_good
from app.delivery.envelope import BrokenEnvelope, Composer, Envelope, nothing_to_compose
from app.delivery.models import Delivery
from app.delivery.scribe import Write, alone
from app.delivery.states import Locked, Move, move_all
from app.delivery.stops import Stopped, stopped
from app.hot_rows import new_row

DispatchCheck = Callable[[Session, Sequence[Delivery]], Sequence[str]]
"""Looks once more before mails leave. Returns for each "", or the cause for which it must be held instead."""


def nothing_to_check(_session: Session, deliveries: Sequence[Delivery]) -> list[str]:
    """Let every mail leave."""
    return [""] * len(deliveries)


@dataclass(frozen=True, kw_only=True, repr=False)
class InHand:
    """An attempt that has begun."""

    delivery_id: uuid.UUID
    worker: str
    number: int
    kind: str
    domain: str
    _sealed: Delivery

    @property
    def digest_id(self) -> uuid.UUID | None:
        """The digest that it was in when it was last tried."""
        return self._sealed.digest_id

    def envelope(self, compose: Composer = nothing_to_compose) -> Envelope:
        """Decrypt the mail, or compose it from its recipe. Only workers call this.

        Raises:
            KeysError: the key that it was encrypted with is missing, or it was altered.
            BrokenEnvelope: it is none, or another one than its recipe was for.
        """
        sealed = self._sealed
        if sealed.recipe_sealed is not None:
            composed = compose(sealed.recipe)
            if composed.message_id != sealed.message_id:
                raise BrokenEnvelope("the recipe is another mail's")
            return composed
        return Envelope(
            mail_from=sealed.envelope_from,
            rcpt_to=sealed.envelope_to,
            subject=sealed.subject,
            text=sealed.text,
            wire=sealed.wire or b"",
            message_id=sealed.message_id or "",
        )


def begin(
    one: Claim,
    *,
    now: datetime,
    check: DispatchCheck = nothing_to_check,
    watch: bool = False,
    write: Write = alone,
) -> InHand | None:
    """Begin the attempt of a claim.

    Args:
        one: the claim.
        now: the instant.
        check: looks once more.
        watch: whether domains are given a rest (see `breaker`).
        write: opens the transaction.

    Returns:
        The attempt; None if the delivery was taken back, stopped or held meanwhile, or is held now
        because of what `check` found, or is no longer this worker's, or its domain takes none for now.
    """
    return write(_begin, _Asked(one, now, check, watch))


@dataclass(frozen=True)
class _Asked:
    claim: Claim
    now: datetime
    check: DispatchCheck
    watch: bool


def _begin(session: Session, asked: Sequence[_Asked]) -> list[InHand | None]:
    deliveries = _read(session, [each.claim.delivery_id for each in asked])
    what = stopped(session)
    domains = {each.claim.domain for each in asked if each.watch and each.claim.kind == "letter"}
    shut = shut_domains(session, domains, now=asked[0].now) if domains else set()
    mine: list[tuple[_Asked, Delivery]] = []
    for each in asked:
        delivery = deliveries.get(each.claim.delivery_id)
        if delivery is None or not is_good(each.claim, delivery):
            continue
        if _is_held(what, delivery) or (delivery.kind == "letter" and delivery.domain in shut):
            _give_back(session, delivery.id)
        else:
            mine.append((each, delivery))
    check = asked[0].check  # those who share a transaction are hands of one worker, and ask alike
    reasons = check(session, [delivery for _each, delivery in mine])
    begun: dict[uuid.UUID, InHand] = {}
    moves: list[Move] = []
    beginnings: list[Beginning] = []
    for (each, delivery), reason in zip(mine, reasons, strict=True):
        if reason:
            moves.append(Move(row=_locked(delivery), to="held", now=each.now, cause=reason, actor=WORKER))
            continue
        one = begun[delivery.id] = _in_hand(each.claim, delivery)
        moves.append(_to_sending(delivery, one.number, each.now))
        beginnings.append(
            Beginning(delivery_id=one.delivery_id, number=one.number, worker=one.worker, now=each.now)
        )
    move_all(session, moves)
    begin_attempts(session, beginnings)
    return [begun.get(each.claim.delivery_id) for each in asked]


def _in_hand(claim: Claim, delivery: Delivery) -> InHand:
    return InHand(
        delivery_id=delivery.id,
        worker=claim.worker,
        number=delivery.attempt_count + 1,
        kind=claim.kind,
        domain=claim.domain,
        _sealed=delivery,
    )


def _to_sending(delivery: Delivery, number: int, now: datetime) -> Move:
    return Move(
        row=_locked(delivery), to="sending", now=now, cause=causes.BEGUN, actor=WORKER, attempt_count=number
    )


def _locked(delivery: Delivery) -> Locked:
    return Locked(
        delivery.id,
        delivery.state,
        delivery.attempt_count,
        delivery.change_count,
        delivery.leased_by,
        delivery.lease_until,
    )


def kept_back(session: Session, deliveries: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of some deliveries that a stop keeps back that is on as of this transaction."""
    what = stopped(session)
    if not what:
        return set()
    scope = select(Delivery.id, Delivery.kind, Delivery.campaign_id, Delivery.recipient_id)
    rows = session.execute(scope.where(Delivery.id.in_(deliveries)))
    return {row.id for row in rows if _is_held(what, row)}


def _is_held(what: Stopped, row: Any) -> bool:
    return what.holds(row.kind, campaign_id=row.campaign_id, recipient_id=row.recipient_id)


def _give_back(session: Session, delivery_id: uuid.UUID) -> None:
    free = {"leased_by": None, "lease_until": None}
    session.execute(update(Delivery).where(Delivery.id == delivery_id).values(free))


_TABLE = cast(sa.Table, Delivery.__table__)
_READ = (
    select(_TABLE)
    .where(_TABLE.c.id.in_(bindparam("deliveries", expanding=True)))
    .order_by(_TABLE.c.id)
    .with_for_update()
)


def _read(session: Session, deliveries: Sequence[uuid.UUID]) -> dict[uuid.UUID, Delivery]:
    # Locked. Rows of their own, in no session: they outlive the transaction, and are opened outside of it.
    rows = session.connection().execute(_READ, {"deliveries": list(deliveries)}).mappings()
    return {row["id"]: new_row(Delivery, **row) for row in rows}


def note_digest(mails: Iterable[InHand], digest_id: uuid.UUID | None) -> None:
    """Write down in which digest mails are about to leave, or that each leaves by itself."""
    with transaction() as session:
        for one in sorted(mails, key=lambda mail: mail.delivery_id):
            mine = (Delivery.id == one.delivery_id, Delivery.attempt_count == one.number)
            session.execute(update(Delivery).where(*mine).values(digest_id=digest_id))
