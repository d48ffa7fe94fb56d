"""One mail from claim to journal: begin, send, write down."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

from app.delivery import claims, journal
from app.delivery.claims import Claim, DispatchCheck, InHand
from app.delivery.envelope import Composer
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
        self._stop = stop
        self._watch = watch
        self._write = write
        self._sender: Sender | None = None

    def deliver(self, one: Claim) -> Outcome | None:
        """Make one attempt.

        Returns:
            How it ended, as journalled; None where there was nothing to attempt any more.

        Raises:
            Unavailable: the database could not be used for too long.
        """
        in_hand = self._persist(partial(self._begin, one))
        if in_hand is None:
            return None
        outcome = self._send(in_hand)
        jitter = self._chance.random()
        recorded = self._persist(
            lambda: journal.record(
                in_hand, outcome, now=self._now(), jitter=jitter, watch=self._watch, write=self._write
            )
        )
        _tell(in_hand, outcome, recorded=recorded)
        return outcome

    def close(self) -> None:
        """Let go of the mail server."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _begin(self, one: Claim) -> InHand | None:
        try:
            return claims.begin(one, now=self._now(), check=self._check, write=self._write)
        except DATABASE_TROUBLE:
            raise
        except Exception as error:
            _tell_unforeseen(one, error)
            claims.set_aside(one, now=self._now())
            return None

    def _send(self, in_hand: InHand) -> Outcome:
        if self._sender is None:
            self._sender = self._senders(self._stop)
        before_dot = partial(self._before_dot, in_hand)
        try:
            return self._sender.send(envelope=in_hand.envelope(self._compose), before_dot=before_dot)
        except Exception as error:
            _tell_unforeseen(in_hand, error)
            self.close()
            return Outcome(kind="crashed", reply=type(error).__name__)

    def _before_dot(self, in_hand: InHand) -> bool:
        try:
            return journal.mark_dot_pending(in_hand, now=self._now(), write=self._write)
        except DATABASE_TROUBLE as error:
            log.warning("the database cannot be used (%s): the dot is not sent", type(error).__name__)
            return False


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
