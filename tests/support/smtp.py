"""A real SMTP server on loopback that remembers what it was given and fails as it is told."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session
from aiosmtpd.smtp import Envelope as Received

from tests.support.ports import HOST, free_port

Stage = Literal["EHLO", "MAIL", "RCPT", "DATA"]
"""Where a planned failure strikes; DATA is the reply after the final dot."""


@dataclass(frozen=True)
class Envelope:
    """One message as the server accepted it.

    Attributes:
        mail_from: the envelope sender.
        rcpt_tos: the envelope recipients.
        content: the bytes between DATA and the final dot, dots unstuffed, line ends as sent.
        tls: whether the connection was encrypted.
        user: who signed in, or None.
        mail_options: parameters of MAIL FROM, such as SMTPUTF8 or BODY=8BITMIME.
    """

    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes
    tls: bool
    user: str | None
    mail_options: tuple[str, ...]

    @property
    def message(self) -> EmailMessage:
        """The content, parsed."""
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class Failure:
    """What to answer instead, at one stage, to some.

    Args:
        stage: where.
        reply: the whole reply line, or None to break off the connection without one.
        address: strikes this recipient only (stages RCPT and DATA).
        times: how often, or None for always.
    """

    stage: Stage
    reply: str | None
    address: str | None = None
    times: int | None = None

    def strikes(self, stage: Stage, recipients: list[str]) -> bool:
        """Whether it is this failure's turn; counts it."""
        if stage != self.stage or self.times == 0:
            return False
        if self.address is not None and self.address not in recipients:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class RecordingSmtpServer:
    """The server. Everything may be called from any thread while it runs.

    Args:
        starttls: offer STARTTLS with this certificate, and insist on it with `require_starttls`.
        tls: speak TLS from the first byte (smtps).
        credentials: insist on AUTH with one of these, by user name.
        smtputf8: offer SMTPUTF8.
    """

    starttls: ssl.SSLContext | None = None
    require_starttls: bool = False
    tls: ssl.SSLContext | None = None
    credentials: dict[str, str] | None = None
    smtputf8: bool = True
    host: str = HOST
    port: int = field(default_factory=free_port)
    _lock: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _envelopes: list[Envelope] = field(default_factory=list, repr=False)
    _failures: list[Failure] = field(default_factory=list, repr=False)
    _connections: int = 0

    @property
    def url(self) -> str:
        """The address as REDRESS_SMTP_URL wants it, with the first credentials."""
        user, password = next(iter((self.credentials or {}).items()), ("", ""))
        sign_in = f"{user}:{password}@" if user else ""
        scheme = "smtps" if self.tls else "smtp"
        query = "?starttls=required" if self.require_starttls else ""
        return f"{scheme}://{sign_in}{self.host}:{self.port}{query}"

    @property
    def envelopes(self) -> list[Envelope]:
        """What was accepted until now, in that order."""
        with self._lock:
            return list(self._envelopes)

    @property
    def count(self) -> int:
        """How many messages were accepted until now."""
        with self._lock:
            return len(self._envelopes)

    @property
    def connections(self) -> int:
        """How many connections said EHLO or HELO until now."""
        with self._lock:
            return self._connections

    def to(self, address: str) -> list[Envelope]:
        """Return what was accepted for one recipient."""
        return [envelope for envelope in self.envelopes if address in envelope.rcpt_tos]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Envelope]:
        """Wait until `count` messages were accepted (at most `timeout` seconds) and return all of them."""
        deadline = time.monotonic() + timeout
        with self._lock:
            while len(self._envelopes) < count:
                if not self._lock.wait(deadline - time.monotonic()):
                    raise AssertionError(f"{len(self._envelopes)} of {count} messages after {timeout} s")
            return list(self._envelopes)

    def clear(self) -> None:
        """Forget what was accepted."""
        with self._lock:
            self._envelopes.clear()

    def fail(
        self,
        stage: Stage,
        reply: str | None = None,
        *,
        address: str | None = None,
        times: int | None = None,
    ) -> None:
        """Plan a failure: see `Failure`. Several may be planned; the first that fits strikes."""
        with self._lock:
            self._failures.append(Failure(stage, reply, address, times))

    def heal(self) -> None:
        """Forget the planned failures."""
        with self._lock:
            self._failures.clear()

    @contextmanager
    def running(self) -> Iterator[RecordingSmtpServer]:
        """Listen for as long as the block lasts."""
        controller = _Controller(self)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()

    def failure_at(self, stage: Stage, recipients: list[str]) -> Failure | None:
        """Return the planned failure that strikes now, if any. For the handler."""
        with self._lock:
            return next((one for one in self._failures if one.strikes(stage, recipients)), None)

    def record(self, envelope: Envelope) -> None:
        """Remember an accepted message. For the handler."""
        with self._lock:
            self._envelopes.append(envelope)
            self._lock.notify_all()

    def count_connection(self) -> None:
        """Remember that somebody said hello. For the handler."""
        with self._lock:
            self._connections += 1


class _Controller(Controller):
    """aiosmtpd's thread around the server, with this server's options."""

    def __init__(self, server: RecordingSmtpServer) -> None:
        self.recorder = server
        super().__init__(
            _Handler(server),
            hostname=server.host,
            port=server.port,
            ssl_context=server.tls,
            enable_SMTPUTF8=server.smtputf8,
            tls_context=server.starttls,
            require_starttls=server.require_starttls,
            authenticator=self._authenticate if server.credentials else None,
            auth_required=bool(server.credentials),
            # Without a certificate a password is taken in the clear: what a client then does is the test.
            auth_require_tls=bool(server.starttls or server.tls),
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Received, _how: str, data: Any
    ) -> AuthResult:
        login = cast(LoginPassword, data)
        user, password = login.login.decode(), login.password.decode()
        known = self.recorder.credentials or {}
        return AuthResult(success=known.get(user) == password, handled=False, auth_data=user)


class _Handler:
    """Answers each command: with the planned failure, or as a well server does."""

    def __init__(self, server: RecordingSmtpServer) -> None:
        self.server = server

    def _answer(self, smtp: SMTP, stage: Stage, recipients: list[str], well: str) -> str:
        failure = self.server.failure_at(stage, recipients)
        if failure is None:
            return well
        if failure.reply is None:
            cast(asyncio.Transport, smtp.transport).abort()
            return "421 4.3.0 gone"
        return failure.reply

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, smtp: SMTP, session: Session, _envelope: Received, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.server.count_connection()
        answer = self._answer(smtp, "EHLO", [], "")
        return [answer] if answer else responses

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, smtp: SMTP, _session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        answer = self._answer(smtp, "MAIL", [], "250 2.1.0 OK")
        if answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, smtp: SMTP, _session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        answer = self._answer(smtp, "RCPT", [address], "250 2.1.5 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return answer

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Received) -> str:  # noqa: N802
        answer = self._answer(smtp, "DATA", list(envelope.rcpt_tos), "250 2.0.0 OK queued")
        if answer.startswith("2"):
            self.server.record(
                Envelope(
                    mail_from=envelope.mail_from or "",
                    rcpt_tos=tuple(envelope.rcpt_tos),
                    content=envelope.original_content or b"",
                    tls=session.ssl is not None or self.server.tls is not None,
                    user=cast("str | None", session.auth_data) if session.authenticated else None,
                    mail_options=tuple(envelope.mail_options),
                )
            )
        return answer
