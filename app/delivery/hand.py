"""One mail from claim to journal: begin, send, write down. A digest is one mail of several deliveries."""

from __future__ import annotations

import logging
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from app.delivery import beginning, claims, journal
from app.delivery.beginning import DispatchCheck, InHand
from app.delivery.claims import Claim
from app.delivery.envelope import Composer, Envelope
from app.delivery.gathering import Gatherer, digest_of
from app.delivery.patience import DATABASE_TROUBLE, Persistence
from app.delivery.scribe import Write, alone
from app.delivery.senders.base import Outcome, Sender, SenderFactory

log = logging.getLogger("redress.worker")


class Hand:
    """Delivers one mail at a time, and lets go of the database while it speaks with the server.

    Args:
        senders: makes what hands the mails over; one is kept for as long as it serves.
        persist: does what the database must do.
        now: tells the time.
        chance: spreads what was refused together.
        check: looks once more before a mail leaves.
        compose: makes the mails in our own name.
        gather: makes one mail of several letters.
        stop: set when the worker is to end.
        watch: whether to remember how domains answer.
        write: opens the journal's transactions.
    """

    def __init__(
        self,
        *,
        senders: SenderFactory,
        persist: Persistence,
        now: Callable[[], datetime],
        chance: random.Random,
        check: DispatchCheck,
        compose: Composer,
        gather: Gatherer,
        stop: threading.Event,
        watch: bool = False,
        write: Write = alone,
    ) -> None:
        self._senders = senders
        self._persist = persist
        self._now = now
        self._chance = chance
        self._check = check
        self._compose = compose
        self._gather = gather
        self._stop = stop
        self._watch = watch
        self._write = write
        self._sender: Sender | None = None

    def deliver(self, claimed: Sequence[Claim]) -> Outcome | None:
        """Make one attempt with each of the claims: with one, or with several that go together.

        Returns:
            How it ended, as journalled; None where there was nothing to attempt any more. Of several mails,
            how the last one did, or one to which the server was away.

        Raises:
            Unavailable: the database could not be used for too long.
        """
        begun = [self._persist(partial(self._begin, one)) for one in claimed]
        ends = [self._hand_over(mails) for mails in _apart([one for one in begun if one is not None])]
        away = [outcome for outcome in ends if outcome.server_away]
        return (away or ends)[-1] if ends else None

    def _hand_over(self, mails: Sequence[InHand]) -> Outcome:
        outcome = self._send(mails)
        jitter = self._chance.random()
        recorded = self._persist(
            lambda: journal.record(
                mails, outcome, now=self._now(), jitter=jitter, watch=self._watch, write=self._write
            )
        )
        for one in mails:
            _tell(one, outcome, recorded=recorded)
        return outcome

    def close(self) -> None:
        """Let go of the mail server."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _begin(self, one: Claim) -> InHand | None:
        try:
            return beginning.begin(
                one, now=self._now(), check=self._check, watch=self._watch, write=self._write
            )
        except DATABASE_TROUBLE:
            raise
        except Exception as error:
            _tell_unforeseen(one, error)
            claims.set_aside(one, now=self._now())
            return None

    def _send(self, mails: Sequence[InHand]) -> Outcome:
        if self._sender is None:
            self._sender = self._senders(self._stop)
        before_dot = partial(self._before_dot, mails)
        try:
            return self._sender.send(envelope=self._envelope(mails), before_dot=before_dot)
        except Exception as error:
            _tell_unforeseen(mails[0], error)
            self.close()
            return Outcome(kind="crashed", reply=type(error).__name__)

    def _envelope(self, mails: Sequence[InHand]) -> Envelope:
        digest_id = digest_of([one.delivery_id for one in mails]) if len(mails) > 1 else None
        if any(one.digest_id != digest_id for one in mails):
            self._persist(lambda: beginning.note_digest(mails, digest_id))
        envelopes = [one.envelope(self._compose) for one in mails]
        return self._gather(digest_id, envelopes, self._now()) if digest_id else envelopes[0]

    def _before_dot(self, mails: Sequence[InHand]) -> bool:
        try:
            return journal.mark_dot_pending(*mails, now=self._now(), write=self._write)
        except DATABASE_TROUBLE as error:
            log.warning("the database cannot be used (%s): the dot is not sent", type(error).__name__)
            return False


def _apart(begun: Sequence[InHand]) -> list[list[InHand]]:
    """Part what was begun into mails: to each address one, and by itself what no other mail can carry."""
    if len(begun) == 1:
        return [list(begun)]
    parts: dict[str | uuid.UUID, list[InHand]] = {}
    for one in begun:
        parts.setdefault(_place(one), []).append(one)
    return list(parts.values())


def _place(one: InHand) -> str | uuid.UUID:
    try:
        envelope = one.envelope()
    except Exception:
        return one.delivery_id  # what is wrong with it is told, and journalled, when it is sent
    # A message inside of a message is never encoded anew (RFC 2046 §5.2.1).
    return one.delivery_id if envelope.needs_8bit else envelope.rcpt_to


def _tell(in_hand: InHand, outcome: Outcome, *, recorded: bool) -> None:
    level = logging.INFO if outcome.kind == "accepted" else logging.WARNING
    where = f"{outcome.step or '-'} {outcome.code or '-'}{'' if recorded else ' (no longer ours)'}"
    log.log(
        level, "delivery %s attempt %d: %s at %s", in_hand.delivery_id, in_hand.number, outcome.kind, where
    )


def _tell_unforeseen(mail: Claim | InHand, error: Exception) -> None:
    # Neither its text nor a traceback: both could hold an address.
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place else "?"
    log.error("delivery %s: unforeseen %s in %s", mail.delivery_id, type(error).__name__, where)
