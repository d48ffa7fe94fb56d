"""An SMTP session: greeting, TLS, sign-in, and one command after the other."""

from __future__ import annotations

import base64
import threading
from collections import deque

from app.delivery.senders.base import Step
from app.delivery.senders.channel import AT_THE_DOT, BEFORE_THE_DOT, BLOCK, Channel, ChannelError
from app.delivery.senders.replies import Garbled, Reply
from app.delivery.senders.server import SmtpServer


class Refused(Exception):
    """The server said no, in a clear reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


class NotOffered(Exception):
    """The server does not offer what we cannot do without: STARTTLS, or a way to sign in that we know."""


class Dialogue:
    """A session with a mail server. `step` says what it is at, also after something went wrong.

    Args:
        server: with whom.
        hurry: set when the worker is to end.
    """

    def __init__(self, server: SmtpServer, hurry: threading.Event) -> None:
        self.server = server
        self.step: Step = "connect"
        self.offers: dict[str, str] = {}
        self.unclean = False
        self._hurry = hurry
        self._channel: Channel | None = None
        self._ahead: deque[str] = deque()

    def open(self) -> None:
        """Connect, greet, encrypt and sign in, as the server's settings ask for.

        Raises:
            Refused, NotOffered, Garbled, ChannelError: `step` tells where.
        """
        server, times = self.server, self.server.timeouts
        self._channel = Channel.connect(server.host, server.port, seconds=times.connect, hurry=self._hurry)
        if server.implicit_tls:
            self._channel.start_tls(server.tls, server.host, seconds=times.starttls)
        self.step = "banner"
        self._expect(self._channel.reply(seconds=times.banner), 2)
        self._greet()
        if not server.implicit_tls and server.starttls != "never":
            self._upgrade()
        if server.user:
            self._sign_in()

    def turn_to(self, step: Step) -> None:
        """Say what the session is at, where it is no command that says so."""
        self.step = step

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._channel is not None

    @property
    def channel(self) -> Channel:
        """The connection."""
        if self._channel is None:
            raise RuntimeError("the session is not open")
        return self._channel

    def command(self, step: Step, line: str, *, expect: int = 2) -> Reply:
        """Send a command and read its reply.

        Args:
            step: what it is, for its time-out and for `self.step`.
            line: the command, without a line end.
            expect: first digit of the reply that lets us go on.

        Raises:
            Refused: a clear no. Garbled: an answer to something else. ChannelError.
        """
        _check_line(line)
        self.step = step
        seconds: float = getattr(self.server.timeouts, step)
        if self._ahead:
            if self._ahead.popleft() != line:
                raise RuntimeError("another command was sent ahead")
        else:
            self.channel.send(line.encode() + b"\r\n", seconds=seconds)
        return self._expect(self.channel.reply(seconds=seconds), expect)

    def send_ahead(self, *lines: str) -> None:
        """Send commands at once, if the server offers that (RFC 2920); `command` then reads their replies.

        Args:
            lines: the commands, in the order in which `command` is called with them.
        """
        if "PIPELINING" not in self.offers:
            return
        for line in lines:
            _check_line(line)
        self._ahead.extend(lines)
        self.channel.send(
            "".join(f"{line}\r\n" for line in lines).encode(), seconds=self.server.timeouts.mail
        )

    def settle(self) -> bool:
        """Read what is still answered to commands that were sent ahead of one that was refused.

        Returns:
            Whether the session can go on; False if the server now waits for a text that is not sent.

        Raises:
            Garbled, ChannelError.
        """
        while self._ahead:
            self._ahead.popleft()
            reply = self.channel.reply(seconds=self.server.timeouts.data)
            if reply.code // 100 == 3 or reply.code == 421:
                return False
        return True

    def text(self, stuffed: bytes) -> None:
        """Send the text of a message, without the final dot; stop when the server speaks up.

        Raises:
            Refused: it does not want to hear the rest. Garbled, ChannelError.
        """
        self.step = "text"
        for start in range(0, len(stuffed), BLOCK):
            self.listen()
            try:
                self.channel.send(stuffed[start : start + BLOCK], seconds=self.server.timeouts.text)
            except ChannelError:
                self.listen()  # it may have told why before it hung up
                raise

    def listen(self) -> None:
        """Make sure that the server is there and has said nothing out of turn.

        Raises:
            Refused: it said no. Garbled: it said something else. Lost: it has gone.
        """
        reply = self.channel.overheard()
        if reply is not None:
            self._expect(reply, None)

    def dot(self) -> Reply:
        """Send the final dot (RFC 5321 §4.1.1.4), read the verdict. From here on it may have the message."""
        self.step = "dot"
        self.channel.grace = AT_THE_DOT
        self.channel.send(b".\r\n", seconds=self.server.timeouts.text)
        reply = self.channel.reply(seconds=self.server.timeouts.dot)
        self.channel.grace = BEFORE_THE_DOT
        return self._expect(reply, 2)

    def quit(self) -> None:
        """Say good-bye and hang up. Whatever comes back means nothing (RFC 1047)."""
        if self._channel is None:
            return
        try:
            seconds = self.server.timeouts.quit
            self._channel.send(b"QUIT\r\n", seconds=seconds)
            self._channel.reply(seconds=seconds)
        except (ChannelError, Garbled):
            pass
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the connection at once: a message without its dot is none."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._ahead.clear()

    def _greet(self) -> None:
        lines = self.command("ehlo", f"EHLO {self.server.greeting}").lines
        words = (line.partition(" ") for line in lines[1:])
        self.offers = {name.upper(): rest for name, _, rest in words}

    def _upgrade(self) -> None:
        if "STARTTLS" in self.offers:
            self.command("starttls", "STARTTLS")
            self.channel.start_tls(self.server.tls, self.server.host, seconds=self.server.timeouts.starttls)
            self._greet()  # what was offered before TLS counts for nothing (RFC 3207 §4.2)
        elif self.server.starttls == "required":
            self.step = "starttls"
            raise NotOffered

    def _sign_in(self) -> None:
        self.step = "auth"
        ways = self.offers.get("AUTH", "").upper().split()
        user, password = self.server.user, self.server.password
        if "PLAIN" in ways:  # RFC 4616
            self.command("auth", "AUTH PLAIN " + _base64(f"\0{user}\0{password}"))
        elif "LOGIN" in ways:
            self.command("auth", "AUTH LOGIN", expect=3)
            self.command("auth", _base64(user), expect=3)
            self.command("auth", _base64(password))
        else:
            raise NotOffered

    def _expect(self, reply: Reply, digit: int | None) -> Reply:
        if reply.is_temporary or reply.is_permanent:
            raise Refused(reply)
        if digit is None or reply.code // 100 != digit:
            raise Garbled
        return reply


def _check_line(line: str) -> None:
    if "\r" in line or "\n" in line:
        raise ValueError("a command is one line")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
