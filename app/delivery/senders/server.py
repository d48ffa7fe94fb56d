"""Which mail server, and how: what REDRESS_SMTP_URL says."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from app.settings import SettingsError

StartTls = Literal["required", "if-offered", "never"]
STARTTLS: Final[tuple[StartTls, ...]] = ("required", "if-offered", "never")
OPTIONS: Final = frozenset({"starttls", "ca", "timeout"})


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds that the server is given for each step: RFC 5321 §4.5.3.2 where it names the step."""

    connect: float = 30.0
    banner: float = 300.0
    ehlo: float = 300.0
    starttls: float = 120.0
    auth: float = 120.0
    rset: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    text: float = 180.0
    """For each block of the text, not for all of it."""
    dot: float = 600.0
    quit: float = 2.0
    """Nothing depends on it: short."""

    def at_most(self, seconds: float) -> Timeouts:
        """Return these, none longer than `seconds`."""
        return replace(self, **{one.name: min(seconds, getattr(self, one.name)) for one in fields(self)})


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """A mail server and how it is to be spoken with.

    Attributes:
        greeting: the name to say EHLO with.
        implicit_tls: TLS from the first byte (RFC 8314 §3.3).
        starttls: whether the connection must, may, or must not be upgraded (RFC 3207).
        verify: whether the certificate must be a trusted one for `host`.
        ca: a file of certificates to trust instead of the system's.
    """

    host: str
    port: int
    greeting: str
    implicit_tls: bool = False
    starttls: StartTls = "if-offered"
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca: Path | None = None
    timeouts: Timeouts = Timeouts()

    @classmethod
    def parse(cls, url: str, *, greeting: str) -> SmtpServer:
        """Read `smtp://user:password@host:port?starttls=required&ca=PATH&timeout=SECONDS`, or `smtps://…`.

        Without `starttls`, it is `required` where there are credentials and `if-offered` otherwise.
        On loopback nobody stands between: there, unless `starttls` or `ca` is said, TLS is used if
        offered and the certificate (mostly one that a package made for itself) is not looked at.
        `timeout` shortens the steps that would take longer.

        Raises:
            SettingsError: it asks for what cannot be. The sentence names no credential.
        """
        parts = urlsplit(url)
        options = _options(parts.query)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        host = parts.hostname or ""
        relaxed = _is_loopback(host) and parts.scheme == "smtp" and not options.keys() & {"starttls", "ca"}
        default: StartTls = "required" if user and not relaxed else "if-offered"
        server = cls(
            host=host,
            port=parts.port or (465 if parts.scheme == "smtps" else 587 if user else 25),
            greeting=greeting,
            implicit_tls=parts.scheme == "smtps",
            starttls=_starttls(options.get("starttls", default)),
            user=user,
            password=password,
            verify=not relaxed,
            ca=Path(options["ca"]) if "ca" in options else None,
            timeouts=_timeouts(options.get("timeout")),
        )
        server._check()
        return server

    def _check(self) -> None:
        if self.user and self.starttls != "required" and not (self.implicit_tls or _is_loopback(self.host)):
            raise SettingsError(
                "REDRESS_SMTP_URL would send a password unencrypted: starttls must be “required”."
            )
        try:
            _ = self.tls
        except (OSError, ssl.SSLError):
            raise SettingsError("REDRESS_SMTP_URL names a “ca” file that cannot be read.") from None

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What TLS connections are made with."""
        context = ssl.create_default_context(cafile=self.ca)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _options(query: str) -> dict[str, str]:
    options = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    unknown = sorted(options.keys() - OPTIONS)
    if unknown:
        known = ", ".join(sorted(OPTIONS))
        raise SettingsError(f"REDRESS_SMTP_URL has an option “{unknown[0]}”; it knows {known}.")
    return options


def _starttls(value: str) -> StartTls:
    if value not in STARTTLS:
        known = ", ".join(STARTTLS)
        raise SettingsError(f"REDRESS_SMTP_URL: starttls must be one of {known}, not “{value}”.")
    return value


def _timeouts(value: str | None) -> Timeouts:
    if value is None:
        return Timeouts()
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise SettingsError(f"REDRESS_SMTP_URL: timeout must be a number of seconds, not “{value}”.")
    return Timeouts().at_most(seconds)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
