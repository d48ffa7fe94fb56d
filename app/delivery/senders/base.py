"""The one contract of everything that can hand a mail over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from app.delivery.envelope import Envelope

Kind = Literal["accepted", "temporary", "permanent", "unclear", "withheld", "crashed"]
Step = Literal[
    "",
    "connect",
    "banner",
    "ehlo",
    "starttls",
    "auth",
    "rset",
    "mail",
    "rcpt",
    "data",
    "text",
    "before_dot",
    "dot",
]

SESSION_STEPS: frozenset[Step] = frozenset({"connect", "banner", "ehlo", "starttls", "auth"})
"""Before any mail was named: what fails here says nothing about the mail."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        kind: `accepted` the server took it; `temporary` not now, try again; `permanent` never;
            `unclear` the dot was sent and no clear answer came; `withheld` we broke off ourselves
            before the dot; `crashed` the sender raised what it should not.
        step: how far it had come. From `dot` on the server may have the message.
        code: the reply code of RFC 5321 §4.2, if there was a reply.
        reply: the reply's text, shortened, addresses masked.
        cause: of the change of state, where it is a special one; a constant of `causes`.
    """

    kind: Kind
    step: Step = ""
    code: int | None = None
    reply: str = ""
    cause: str = ""

    @property
    def server_away(self) -> bool:
        """Whether the server cannot be used for any mail at the moment."""
        return self.kind == "temporary" and self.step in SESSION_STEPS


class Sender(Protocol):
    """Hands mails over, one at a time. Not shared between threads; opens what it needs when it needs it."""

    def send(self, *, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
        """Hand one mail over.

        Args:
            envelope: the mail.
            before_dot: called once, when everything but the final dot is done. What it returns is
                law: with False the server must not come to have a complete message.

        Returns:
            The outcome. Whatever a server or a network does is an outcome, not an exception.
        """

    def close(self) -> None:
        """Let go of the connection, politely if that is quick. Changes no outcome; raises nothing."""


SenderFactory = Callable[[threading.Event], Sender]
"""Makes a sender. When the event is set, the sender brings what it has in hand to an end within seconds."""
