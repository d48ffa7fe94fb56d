"""Hands mails to an SMTP server (RFC 5321): one recipient to a transaction, the dot split from the text."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from app.delivery import causes
from app.delivery.envelope import Envelope, ascii_address
from app.delivery.senders.base import SESSION_STEPS, Kind, Outcome, Step
from app.delivery.senders.channel import ChannelError, Hurried, Lost, NoConnection, NotTrusted, TooSlow
from app.delivery.senders.dialogue import Dialogue, NotOffered, Refused
from app.delivery.senders.replies import Garbled, mask
from app.delivery.senders.server import SmtpServer

DATA: Final = "DATA"
TROUBLES = (Refused, NotOffered, Garbled, ChannelError)


class CannotTake(NotOffered):
    """The server does not offer what this mail needs."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class SmtpSender:
    """A `base.Sender` to one mail server; keeps its connection for the next mail.

    Args:
        server: to whom.
        hurry: set when the worker is to end.
    """

    def __init__(self, server: SmtpServer, *, hurry: threading.Event) -> None:
        self._server = server
        self._hurry = hurry
        self._dialogue: Dialogue | None = None

    def send(self, *, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
        """Hand one mail over; see `base.Sender.send`."""
        dialogue = self._dialogue or Dialogue(self._server, self._hurry)
        self._dialogue = None
        try:
            if not (dialogue.is_open and _resumes(dialogue, envelope)):
                dialogue = Dialogue(self._server, self._hurry)
                dialogue.open()
                _introduce(dialogue, envelope)
            outcome = _transact(dialogue, envelope, before_dot)
        except TROUBLES as error:
            self._keep_or_hang_up(dialogue, error)
            return outcome_of(error, dialogue.step, envelope)
        except BaseException:
            dialogue.hang_up()
            raise
        self._dialogue = dialogue if dialogue.is_open else None
        return outcome

    def close(self) -> None:
        """Say good-bye, if a connection is open."""
        if self._dialogue is not None:
            self._dialogue.quit()
            self._dialogue = None

    def _keep_or_hang_up(self, dialogue: Dialogue, error: Exception) -> None:
        # After a clear no to a command the session can go on; within the text, or after a 421, it cannot.
        clear = isinstance(error, CannotTake) or (isinstance(error, Refused) and error.reply.code != 421)
        if clear and dialogue.step in {"mail", "rcpt", "data", "dot"} and _settles(dialogue):
            dialogue.unclean = True
            self._dialogue = dialogue
        else:
            dialogue.hang_up()


def _settles(dialogue: Dialogue) -> bool:
    try:
        return dialogue.settle()
    except (Garbled, ChannelError):
        return False


def _resumes(dialogue: Dialogue, envelope: Envelope) -> bool:
    """Begin the next mail in a session that was kept; False if the server has let go of it meanwhile.

    Servers close sessions that are idle, or that have brought their share: nothing was lost by
    that, and a new session is tried before it counts as an attempt.
    """
    dialogue.turn_to("rset")
    try:
        dialogue.listen()
        if dialogue.unclean:
            dialogue.command("rset", "RSET")
        _introduce(dialogue, envelope)
    except Hurried:
        raise
    except Refused as error:
        if dialogue.step == "mail" and error.reply.code != 421:
            raise
    except (Garbled, ChannelError):
        pass
    else:
        dialogue.unclean = False
        return True
    dialogue.hang_up()
    return False


def _introduce(dialogue: Dialogue, envelope: Envelope) -> None:
    dialogue.turn_to("mail")
    if envelope.needs_smtputf8 and "SMTPUTF8" not in dialogue.offers:
        raise CannotTake(causes.NEEDS_SMTPUTF8)
    if envelope.needs_8bit and "8BITMIME" not in dialogue.offers:
        raise CannotTake(causes.NEEDS_8BIT)
    mail = _mail(dialogue, envelope)
    dialogue.send_ahead(mail, _rcpt(envelope), DATA)
    dialogue.command("mail", mail)


def _rcpt(envelope: Envelope) -> str:
    return f"RCPT TO:<{ascii_address(envelope.rcpt_to)}>"


def _transact(dialogue: Dialogue, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
    dialogue.command("rcpt", _rcpt(envelope))
    dialogue.command("data", DATA, expect=3)
    dialogue.text(stuffed(envelope.wire))
    dialogue.turn_to("before_dot")
    dialogue.listen()
    if not before_dot():
        dialogue.hang_up()
        return Outcome(kind="withheld", step="before_dot", cause=causes.WITHHELD)
    dialogue.listen()  # committing took its time: what came in it still came before the dot
    reply = dialogue.dot()
    return Outcome(kind="accepted", step="dot", code=reply.code, reply=_mask(reply.text, envelope))


def _mail(dialogue: Dialogue, envelope: Envelope) -> str:
    options = ""
    if "SIZE" in dialogue.offers:  # RFC 1870
        options += f" SIZE={len(envelope.wire)}"
    if envelope.needs_8bit:
        options += " BODY=8BITMIME"
    if envelope.needs_smtputf8:
        options += " SMTPUTF8"
    return f"MAIL FROM:<{ascii_address(envelope.mail_from)}>{options}"


def stuffed(wire: bytes) -> bytes:
    """Double the dot at the beginning of every line that has one (RFC 5321 §4.5.2)."""
    return (b"\r\n" + wire).replace(b"\r\n.", b"\r\n..")[2:]


def outcome_of(error: Exception, step: Step, envelope: Envelope) -> Outcome:
    """Return what an error at a step means for the mail (contract.md, "Settled details").

    Args:
        error: one of `TROUBLES`.
        step: where it happened.
        envelope: the mail, whose addresses are taken out of what is kept.
    """
    if isinstance(error, CannotTake):
        return Outcome(kind="permanent", step=step, cause=error.cause)
    if isinstance(error, Refused):
        reply = error.reply
        text = _mask(reply.text, envelope)
        return Outcome(kind=_refusal(reply.is_permanent, step), step=step, code=reply.code, reply=text)
    if step == "dot":
        return Outcome(kind="unclear", step=step, reply=_in_words(error))
    if isinstance(error, Hurried):
        return Outcome(kind="withheld", step=step, cause=causes.WITHHELD)
    return Outcome(kind="temporary", step=step, reply=_in_words(error))


def _refusal(permanent: bool, step: Step) -> Kind:
    # A server that refuses everybody is unwell; it says nothing about the mail.
    return "permanent" if permanent and step not in SESSION_STEPS else "temporary"


def _mask(text: str, envelope: Envelope) -> str:
    return mask(text, envelope.rcpt_to, envelope.mail_from)


_WORDS: dict[type[Exception], str] = {
    NotOffered: "not offered",
    Garbled: "no reply but something else",
    NoConnection: "nobody answers",
    NotTrusted: "certificate not trusted",
    Lost: "disconnected",
    TooSlow: "timed out",
    Hurried: "given up: the worker had to end",
}


def _in_words(error: Exception) -> str:
    return _WORDS.get(type(error), "")
