"""Takes what a mail server hands over by LMTP (RFC 2033): an answer for each recipient, after the message."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, AnyStr, Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session

Receive = Callable[[bytes, str], str]
"""Deals with a message for one address, and returns a reply: a code and a text, ASCII. Never raises."""

NOT_HERE: Final = "550 5.1.1 No such address here"
LONGEST_LINE: Final = 2**20
"""RFC 5321 allows 1,000; what some servers report breaks that, and should be read all the same."""
_TOO_MUCH = ("552 Error: Too much mail data", "500 Line too long (see RFC5321 4.5.3.1.6)")


class LmtpServer:
    """A listener for a mail server on this machine, or on a network that one trusts.

    Args:
        receive: deals with a message; called in a thread, one message at a time for each connection.
        is_ours: whether there is such an address.
        longest: octets of a message that is taken.
    """

    def __init__(self, *, receive: Receive, is_ours: Callable[[str], bool], longest: int) -> None:
        self._receive = receive
        self._is_ours = is_ours
        self._longest = longest
        # It would log addresses.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)

    def run(self, host: str, port: int, stop: threading.Event, *, ready: Callable[[int], None]) -> None:
        """Listen until `stop` is set.

        Args:
            host: address of an interface.
            port: 0 for any that is free.
            stop: ends it; what is not answered by then is handed over again by whoever sent it.
            ready: told the port as soon as connections are taken.

        Raises:
            OSError: nobody can listen there.
        """
        asyncio.run(self._run(host, port, stop, ready))

    async def _run(self, host: str, port: int, stop: threading.Event, ready: Callable[[int], None]) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: self._session(loop), host, port)
        async with server:
            ready(server.sockets[0].getsockname()[1])
            while not stop.is_set():
                await asyncio.sleep(0.2)

    def _session(self, loop: asyncio.AbstractEventLoop) -> _Conversation:
        return _Conversation(
            self, hostname="redress", ident="Redress", data_size_limit=self._longest, loop=loop, timeout=120
        )

    # What the protocol's implementation asks of its handler.

    async def handle_RCPT(  # noqa: N802
        self, _server: LMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        if not self._is_ours(address):
            return NOT_HERE
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Go on"

    async def handle_DATA(self, _server: LMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Deal with a message, recipient by recipient."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        replies = [await asyncio.to_thread(self._receive, content, to) for to in envelope.rcpt_tos if to]
        return "\r\n".join(replies)


class _Conversation(LMTP):
    line_length_limit = LONGEST_LINE

    def __init__(self, handler: LmtpServer, **options: Any) -> None:
        super().__init__(handler, **options)

    async def push(self, status: AnyStr) -> None:
        if status in _TOO_MUCH:
            # A refusal of the text is one for each recipient, too.
            lines = "\r\n".join([str(status)] * max(1, len(self.envelope.rcpt_tos if self.envelope else ())))
            await super().push(lines)
        else:
            await super().push(status)
