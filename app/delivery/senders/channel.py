"""A connection on which nothing waits longer than it was told to, or than the worker can."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from app.delivery.senders.replies import LONGEST_LINE, Garbled, Reply, ReplyReader
from app.delivery.turns import GLANCE, wait_for

Result = TypeVar("Result")
BLOCK: Final = 32 * 1024
BEFORE_THE_DOT: Final = 2.0
AT_THE_DOT: Final = 7.0
"""Seconds that a worker which must end still waits: container engines and supervisors give it ten."""


class ChannelError(Exception):
    """The connection is of no more use."""


class NoConnection(ChannelError):
    """Nobody answers there."""


class NotTrusted(ChannelError):
    """The server's certificate is not one to be trusted."""


class Lost(ChannelError):
    """The other side closed or broke the connection."""


class TooSlow(ChannelError):
    """The other side took longer than it is given."""


class Hurried(ChannelError):
    """The worker must end and cannot wait any longer."""


class Channel:
    """A socket that never blocks beyond a deadline, plain or with TLS.

    Args:
        sock: connected, or connecting.
        hurry: set when the worker is to end; from then on waits are cut to `grace` seconds.
    """

    def __init__(self, sock: socket.socket, hurry: threading.Event) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._hurry = hurry
        self._hurried_at: float | None = None
        self._received = b""
        self.grace = BEFORE_THE_DOT

    @classmethod
    def connect(cls, host: str, port: int, *, seconds: float, hurry: threading.Event) -> Channel:
        """Connect to the first of the host's addresses that answers.

        Raises:
            NoConnection: none does, or the name is not known.
            Hurried: the worker is to end.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise NoConnection from None
        for family, kind, protocol, _name, address in found:
            channel = cls(socket.socket(family, kind, protocol), hurry)
            try:
                channel._connect(address, seconds)
            except (Lost, TooSlow):
                channel.close()
                continue
            return channel
        raise NoConnection

    def _connect(self, address: object, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        try:
            self._socket.connect(address)  # type: ignore[arg-type] # what getaddrinfo said is what connect takes
        except BlockingIOError:
            self._wait(select.POLLOUT, deadline)
        except OSError:
            raise Lost from None
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise Lost
        # Small commands that wait for a reply each: Nagle's algorithm would only delay them.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start_tls(self, context: ssl.SSLContext, name: str, *, seconds: float) -> None:
        """Turn the connection into an encrypted one.

        Raises:
            NotTrusted: the certificate is not one to be trusted.
            Garbled: the server had said something before the handshake: it could be anybody's
                (RFC 3207 §6; CVE-2011-0411).
        """
        if self._received:
            raise Garbled
        deadline = time.monotonic() + seconds
        try:
            wrapped = context.wrap_socket(self._socket, server_hostname=name, do_handshake_on_connect=False)
        except OSError:
            raise Lost from None
        self._socket = wrapped
        self._until(wrapped.do_handshake, select.POLLIN, deadline)

    def send(self, data: bytes, *, seconds: float) -> None:
        """Send all of `data`. When this raises, part of it may have been sent."""
        view = memoryview(data)
        deadline = time.monotonic() + seconds
        while view:
            view = view[self._until(partial(self._socket.send, view), select.POLLOUT, deadline) :]

    def reply(self, *, seconds: float) -> Reply:
        """Read one complete reply; `seconds` is for all of it, however slowly it drips.

        Raises:
            Garbled: what came is no reply.
        """
        deadline = time.monotonic() + seconds
        reader = ReplyReader()
        while True:
            found = reader.feed(self._line(deadline))
            if found is not None:
                return found

    def overheard(self) -> Reply | None:
        """Return what the server says without having been asked, or None while it is quiet.

        Raises:
            Lost: it has closed the connection.
            Garbled: what it says is no reply.
        """
        if not self._received:
            try:
                self._receive()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return None
            except OSError:
                raise Lost from None
        # It has begun to speak: a well-meant reply is complete within a moment.
        return self.reply(seconds=1.0)

    def close(self) -> None:
        """Close it, at once."""
        self._socket.close()

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > LONGEST_LINE:
                raise Garbled
            self._until(self._receive, select.POLLIN, deadline)
        line, _, self._received = self._received.partition(b"\n")
        if len(line) > LONGEST_LINE:
            raise Garbled
        return line.removesuffix(b"\r")

    def _receive(self) -> None:
        data = self._socket.recv(LONGEST_LINE)
        if not data:
            raise Lost
        self._received += data

    def _until(self, action: Callable[[], Result], event: int, deadline: float) -> Result:
        while True:
            try:
                return action()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                self._wait(_wanted(error, event), deadline)
            except ssl.SSLCertVerificationError:
                raise NotTrusted from None
            except OSError:
                raise Lost from None

    def _wait(self, event: int, deadline: float) -> None:
        while not wait_for(self._socket, event, max(0.0, min(GLANCE, deadline - time.monotonic()))):
            now = time.monotonic()
            if now >= deadline:
                raise TooSlow
            if self._hurry.is_set():
                self._hurried_at = self._hurried_at or now
                if now >= self._hurried_at + self.grace:
                    raise Hurried


def _wanted(error: OSError, otherwise: int) -> int:
    # TLS may need to read before it can write, and the other way round.
    if isinstance(error, ssl.SSLWantReadError):
        return select.POLLIN
    return select.POLLOUT if isinstance(error, ssl.SSLWantWriteError) else otherwise
