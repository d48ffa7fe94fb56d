"""An SMTP server that misbehaves at one step, in one way, and counts what it has taken."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tests.support.ports import HOST, free_port

Step = Literal[
    "connect",
    "banner",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "text",
    "before_dot",
    "after_dot",
    "quit",
]
Way = Literal["4xx", "5xx", "timeout", "disconnect", "garbage"]

REPLIES = {"4xx": b"451 4.3.0 not now\r\n", "5xx": b"550 5.7.1 never\r\n", "garbage": b"\x00\xff garbage\r\n"}
ENDS_SESSION = {"4xx": b"421 4.3.2 not now\r\n", "5xx": b"554 5.3.2 never\r\n"}
ENOUGH_TEXT = 64 * 1024


class HungUp(Exception):
    """The session is over."""


@dataclass
class Fault:
    """What goes wrong, and where."""

    step: Step
    way: Way


class ScriptedServer(socketserver.ThreadingTCPServer):
    """The server.

    Args:
        fault: what goes wrong; None for a server that is well.
        offers: what EHLO offers.
        pipelining: offer to take several commands at once.
        slow_to_read: keep receive buffers small, so that a client notices that nobody reads.
        sessions: in how many sessions it strikes before anybody goes on (step `before_dot`).
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        fault: Fault | None = None,
        *,
        offers: tuple[str, ...] = (),
        pipelining: bool = True,
        slow_to_read: bool = False,
        sessions: int = 1,
    ) -> None:
        self.fault = fault
        self.last_offer = b"250 PIPELINING" if pipelining else b"250 HELP"
        self.offers = offers
        self.taken: list[bytes] = []
        self.text_received = threading.Event()
        self.strike = threading.Event()
        self.struck = threading.Event()
        self._to_strike = sessions
        self._count = threading.Lock()
        self.closing = threading.Event()
        super().__init__((HOST, free_port()), _Session, bind_and_activate=False)
        if slow_to_read:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.server_bind()
        self.server_activate()

    @property
    def url(self) -> str:
        """The address as REDRESS_SMTP_URL wants it."""
        return f"smtp://{HOST}:{self.server_address[1]}"

    def break_before_dot(self) -> None:
        """For the step `before_dot`: do it now, and return when it is done."""
        if self.fault is not None and self.fault.step == "before_dot":
            self.strike.set()
            self.struck.wait(5)

    def note_struck(self) -> None:
        """Remember that a session went wrong. For the sessions."""
        with self._count:
            self._to_strike -= 1
            if self._to_strike <= 0:
                self.struck.set()

    @contextlib.contextmanager
    def running(self) -> Iterator[ScriptedServer]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self.shutdown()
            self.server_close()
            thread.join()


class _Session(socketserver.StreamRequestHandler):
    server: ScriptedServer

    def handle(self) -> None:
        with contextlib.suppress(HungUp, OSError):
            self._go_wrong("connect", ends=True)
            self._answer("banner", b"220 scripted ESMTP\r\n", ends=True)
            while True:
                self._command(self.rfile.readline(10_000))

    def _command(self, line: bytes) -> None:
        verb = line.split()[0].upper() if line.strip() else b""
        if verb == b"EHLO":
            offers = "".join(f"250-{offer}\r\n" for offer in self.server.offers).encode()
            self._answer("ehlo", b"250-scripted\r\n" + offers + self.server.last_offer + b"\r\n")
        elif verb == b"STARTTLS":
            self._answer("starttls", b"220 go ahead\r\n")
        elif verb == b"AUTH":
            self._answer("auth", b"235 2.7.0 welcome\r\n")
        elif verb in {b"MAIL", b"RCPT"}:
            self._answer(verb.decode().lower(), b"250 2.1.0 OK\r\n")  # type: ignore[arg-type]
        elif verb == b"RSET":
            self._say(b"250 2.0.0 OK\r\n")
        elif verb == b"DATA":
            self._answer("data", b"354 go ahead\r\n")
            self._text()
        elif verb == b"QUIT":
            self._answer("quit", b"221 2.0.0 bye\r\n")
            raise HungUp
        else:
            raise HungUp

    def _text(self) -> None:
        if self._is_at("data"):  # what was not let in does not come
            return
        received = b""
        while not received.endswith(b"\r\n.\r\n"):
            if self._is_at("text") and len(received) > ENOUGH_TEXT:
                self._go_wrong("text")
                self._ignore_the_rest()
            if self._is_at("before_dot") and self.server.strike.wait(0.01):
                self._go_wrong("before_dot")
                self._ignore_the_rest()
            received += self._receive()
        if self._is_at("after_dot"):
            if self.server.fault and self.server.fault.way not in {"4xx", "5xx"}:
                self.server.taken.append(received)  # it took it; its word does not arrive
            self._go_wrong("after_dot")
        else:
            self.server.taken.append(received)
            self._say(b"250 2.0.0 OK\r\n")

    def _receive(self) -> bytes:
        if not self._is_at("before_dot"):
            data = self.request.recv(65536)
        else:
            self.request.settimeout(0.01)
            try:
                data = self.request.recv(65536)
            except TimeoutError:
                return b""
        if not data:
            raise HungUp
        return bytes(data)

    def _ignore_the_rest(self) -> None:
        # A server that has refused within the text: what still comes is no message.
        while self._receive():
            pass
        raise HungUp

    def _is_at(self, step: Step) -> bool:
        return self.server.fault is not None and self.server.fault.step == step

    def _answer(self, step: Step, well: bytes, *, ends: bool = False) -> None:
        self._go_wrong(step, ends=ends)
        if not self._is_at(step):
            self._say(well)

    def _go_wrong(self, step: Step, *, ends: bool = False) -> None:
        if not self._is_at(step):
            return
        fault = self.server.fault
        assert fault is not None
        if fault.way == "disconnect":
            self._break_off()
        elif fault.way == "timeout":
            self.server.note_struck()
            self.server.closing.wait()
            raise HungUp
        else:
            replies = REPLIES | (ENDS_SESSION if ends else {})
            self._say(replies[fault.way])
        self.server.note_struck()
        if ends:
            raise HungUp

    def _break_off(self) -> None:
        # With a reset, as a crashed server's kernel does it, not with a polite end.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.request.close()
        self.server.note_struck()
        raise HungUp

    def _say(self, reply: bytes) -> None:
        self.wfile.write(reply)
        self.wfile.flush()


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """Yield a port on which connections are neither taken nor refused: connecting times out."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, free_port()))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(3):  # fill the queue of those that wait to be taken
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((HOST, port))
        yield port
