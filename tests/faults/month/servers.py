"""The mail servers of the month: they take, refuse and break off, and remember what they really took."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from app.delivery.envelope import Envelope, subject_of_bounce
from app.delivery.senders.base import Outcome

TAKEN = Outcome(kind="accepted", step="dot", code=250)
LOST = Outcome(kind="unclear", step="dot")
REFUSALS = {
    "busy": Outcome(kind="temporary", step="rcpt", code=450, reply="4.2.0 not now"),
    "busy at the dot": Outcome(kind="temporary", step="dot", code=451, reply="4.3.0 not now"),
    "broken off": Outcome(kind="temporary", step="text"),
    "server away": Outcome(kind="temporary", step="connect", reply="nobody answers"),
    "refused": Outcome(kind="permanent", step="rcpt", code=550, reply="5.7.1 not wanted here"),
    "refused at the dot": Outcome(kind="permanent", step="dot", code=554, reply="5.6.0 not like this"),
}
WELL = ("well",) * 6
DECK = (
    *WELL, "busy", *WELL, "taken, lost", *WELL, "crash", *WELL, "broken off", *WELL, "lost",
    *WELL, "refused", *WELL, "busy at the dot", *WELL, "crash at the dot", *WELL, "server away",
    *WELL, "taken, lost, logged", *WELL, "refused at the dot", *WELL, "lost, came back",
)  # fmt: skip
"""What becomes of one mail after the other, over and over: so each of it happens in a short month, too."""


@dataclass(frozen=True)
class Arrival:
    """A message that a server really has. `answered` is whether we were told so."""

    envelope: Envelope
    about: uuid.UUID | None
    answered: bool


@dataclass
class Servers:
    """All mail servers together, and the relay's log. Everything may be called from any thread.

    Attributes:
        arrived: what they took, in that order.
        gone: addresses that do not exist any more.
        log: what the relay wrote about mails of which we were told nothing.
        seen: how often what of the deck happened.
        stop_after: set the event of the worker in hand after so many mails.
    """

    arrived: list[Arrival] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    stop_after: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _deck: itertools.cycle[str] = field(default_factory=lambda: itertools.cycle(DECK))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _hurry: threading.Event) -> _Sender:
        return _Sender(self)

    def next_card(self, envelope: Envelope) -> str:
        """Return what becomes of a mail."""
        with self._lock:
            if self.stop_after is not None:
                self.stop_after -= 1
                if self.stop_after <= 0:
                    self.stop.set()
            card = "no address" if envelope.rcpt_to in self.gone else next(self._deck)
            self.seen[card] += 1
            return card

    def take(self, envelope: Envelope, *, answered: bool) -> None:
        """Take a message."""
        with self._lock:
            about = subject_of_bounce(envelope.mail_from)
            self.arrived.append(Arrival(envelope, about, answered))

    def note(self, envelope: Envelope, status: str) -> None:
        """Write into the relay's log how a message went on, as Postfix does."""
        with self._lock:
            place, dsn = f"4{len(self.log):07X}", "2.0.0" if status == "sent" else "5.2.2"
            for program, what in (
                ("cleanup", f"message-id={envelope.message_id}"),
                ("qmgr", f"from=<{envelope.mail_from}>, size=900, nrcpt=1 (queue active)"),
                ("smtp", f"to=<a@b.example>, relay=mx[192.0.2.1]:25, dsn={dsn}, status={status} (so it is)"),
            ):
                self.log.append(f"Nov 21 09:00:00 mx postfix/{program}[4711]: {place}: {what}\n")


@dataclass
class _Sender:
    servers: Servers

    def send(self, *, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
        card = self.servers.next_card(envelope)
        if card == "no address":
            return Outcome(kind="permanent", step="rcpt", code=550, reply="5.1.1 nobody of this name here")
        if card == "crash":
            raise RuntimeError("a sender that crashes")
        refusal = REFUSALS.get(card)
        if refusal is not None and refusal.step != "dot":
            return refusal
        if not before_dot():
            return Outcome(kind="withheld", step="before_dot")
        return refusal or self._dot(envelope, card)

    def _dot(self, envelope: Envelope, card: str) -> Outcome:
        if card != "lost":
            self.servers.take(envelope, answered=card == "well")
        if card == "crash at the dot":
            raise RuntimeError("a sender that crashes at the dot")
        if card in {"taken, lost, logged", "lost, came back"}:
            self.servers.note(envelope, "sent" if card == "taken, lost, logged" else "bounced")
        return TAKEN if card == "well" else LOST

    def close(self) -> None:
        """Nothing is open."""
