"""Several hands that share a batch, each with a connection of its own to the mail server, and take turns."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from flask import Flask

from app.delivery.claims import Claim
from app.delivery.hand import Hand
from app.delivery.pulse import working_in
from app.delivery.senders.base import Outcome
from app.delivery.turns import Turns


class Crew:
    """Delivers batches.

    Args:
        app: the application; each hand works in a context of its own.
        hands: one for each connection.
        stop: set when the worker is to end.
        apart: whether letters to one domain go one after the other.
        in_hand: holds what is not done with yet, at every moment.
        between: see `Turns`; writes down what several hands wait for.
    """

    def __init__(
        self,
        *,
        app: Flask,
        hands: Sequence[Hand],
        stop: threading.Event,
        apart: bool,
        in_hand: set[uuid.UUID],
        between: Callable[[], bool],
    ) -> None:
        self._app = app
        self._hands = hands
        self._stop = stop
        self._apart = apart
        self._in_hand = in_hand
        self._between = between
        self._under_way: list[Claim] = []

    @property
    def size(self) -> int:
        """How many hands there are."""
        return len(self._hands)

    def deliver(self, waiting: deque[Claim], note: Callable[[Outcome], None]) -> Outcome | None:
        """Deliver what waits, until all of it is done or no hand can reach the mail server.

        Args:
            waiting: what is to be delivered; what could not even be begun is left in it.
            note: told each outcome that says nothing against the server.

        Returns:
            None; or, if the server let go of all hands that tried it, what the last of them heard.

        Raises:
            Unavailable: the database could not be used for too long.
        """
        self._in_hand.update(one.delivery_id for one in waiting)
        if len(self._hands) == 1 or len(waiting) == 1:
            return self._work(self._hands[0], waiting, note)
        hands = self._hands[: len(waiting)]
        jobs = [partial(self._work_apart, hand, waiting, note) for hand in hands]
        outcomes = Turns(self._between).run(jobs)
        away = [outcome for outcome in outcomes if outcome is not None]
        # A server that takes no more connections is not away: the other hands go on with the rest.
        return away[-1] if away and (waiting or len(away) == len(outcomes)) else None

    def rest(self) -> None:
        """Let go of the mail server until there is something to do again."""
        for hand in self._hands:
            hand.close()

    def _work_apart(
        self, hand: Hand, waiting: deque[Claim], note: Callable[[Outcome], None]
    ) -> Outcome | None:
        with working_in(self._app):
            return self._work(hand, waiting, note)

    def _work(self, hand: Hand, waiting: deque[Claim], note: Callable[[Outcome], None]) -> Outcome | None:
        """Deliver as long as there is something; return the outcome that told that the server is away."""
        while claimed := self._next(waiting):
            try:
                outcome = hand.deliver(claimed)
            finally:
                self._done(claimed)
            if outcome is None:
                continue
            if outcome.server_away:
                return outcome
            note(outcome)
        return None

    def _next(self, waiting: deque[Claim]) -> list[Claim]:
        """Take the next claim, with all that go together with it; nothing where there is none."""
        if self._stop.is_set():
            return []
        one = next((each for each in waiting if self._may(each)), None)
        if one is None:
            return []
        taken = [one] if one.together is None else [e for e in waiting if e.together == one.together]
        for each in taken:
            waiting.remove(each)
        self._under_way += taken
        return taken

    def _may(self, one: Claim) -> bool:
        # What breaks the whole process must not take others with it, again and again, into quarantine.
        if self._under_way and (one.suspect or self._under_way[0].suspect):
            return False
        if not self._apart or one.kind != "letter":
            return True
        return all(other.domain != one.domain for other in self._under_way if other.kind == "letter")

    def _done(self, claimed: list[Claim]) -> None:
        for one in claimed:
            self._under_way.remove(one)
            self._in_hand.discard(one.delivery_id)
