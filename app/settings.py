"""What an installation is configured with: read from the environment once, frozen after that.

Every variable is documented where it is read. Nothing else in the code base looks at `os.environ`.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import idna
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import RedressError

Environment = Literal["development", "production", "test"]
LogFormat = Literal["text", "json"]
ENVIRONMENTS: tuple[Environment, ...] = ("development", "production", "test")
DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
MOST_CONNECTIONS = 64
MOST_PACE = 10_000
"""Of limits to how fast mails leave: what is more is none."""


class SettingsError(RedressError):
    """The configuration cannot work; the sentence names the variable."""


@dataclass(frozen=True)
class Settings:
    """One installation's configuration.

    Attributes:
        env: `production` refuses to start without secret, keys, base URL and SMTP.
        data_dir: database, keys and mailbox of an embedded installation.
        database_url: any SQLAlchemy URL of SQLite or PostgreSQL (psycopg).
        secret_key: sessions and CSRF tokens.
        keys_file: encryption and blind-index keys; never in the database or its backup.
        base_url: scheme and host of links in mails, without a trailing slash.
        smtp_url: the relay, or None for a Maildir under `data_dir`.
        smtp_connections: how many mails each worker hands to the relay at the same time.
        mail_from: the domain on which `letters@` and `noreply@` stand.
        bounce_domain: the domain of envelope senders.
        test_now: where the clock starts, in `test` only.
        trusted_proxies: how many reverse proxies in front may be believed (X-Forwarded-*).
        site_name: what the site calls itself.
        pace_domain: letters to one mail domain in a minute, 0 for no limit.
        pace_connections: workers that may hand letters to one domain at once.
        pace_notices: mails in our own name to one domain in a minute, 0 for no limit.
        pace_campaign: letters of one campaign in an hour, 0 for no limit.
        metrics_token: opens /metrics to whoever sends it; without one, only this machine.
        log_format: how workers' lines look.
        dkim: selector and private key of each DKIM signature; none, and mails are not signed here.
    """

    env: Environment
    data_dir: Path
    database_url: str
    secret_key: str
    keys_file: Path
    base_url: str
    smtp_url: str | None
    mail_from: str
    bounce_domain: str
    test_now: datetime | None = None
    trusted_proxies: int = 0
    site_name: str = "Redress"
    smtp_connections: int = 4
    pace_domain: int = 0
    pace_connections: int = 1
    pace_notices: int = 0
    pace_campaign: int = 0
    metrics_token: str | None = None
    log_format: LogFormat = "text"
    dkim: tuple[tuple[str, Path], ...] = ()

    @property
    def maildir(self) -> Path:
        """Where mail goes when there is no SMTP server (development and tests)."""
        return self.data_dir / "mailbox"

    @property
    def is_https(self) -> bool:
        """Whether the site is reached over HTTPS: decides on `Secure` cookies and HSTS."""
        return self.base_url.startswith("https://")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the configuration.

        Args:
            environ: the variables; the process's own when None.

        Raises:
            SettingsError: a variable is missing or cannot be understood.
        """
        read = _Reader(os.environ if environ is None else environ)
        env = _environment(read)
        data_dir = Path(read.text("REDRESS_DATA_DIR", "instance")).absolute()
        base_url = _base_url(read, env)
        mail_from = _mail_domain(read, "REDRESS_MAIL_FROM", _mail_host(urlsplit(base_url).hostname or ""))
        return cls(
            env=env,
            data_dir=data_dir,
            database_url=_database_url(read, data_dir),
            secret_key=_secret_key(read, env, data_dir),
            keys_file=_keys_file(read, env, data_dir),
            base_url=base_url,
            smtp_url=_smtp_url(read, env),
            mail_from=mail_from,
            bounce_domain=_mail_domain(read, "REDRESS_BOUNCE_DOMAIN", mail_from),
            test_now=_test_now(read, env),
            trusted_proxies=read.whole_number("REDRESS_TRUSTED_PROXIES", 0),
            site_name=_site_name(read),
            smtp_connections=_smtp_connections(read),
            # REDRESS_PACE_DOMAIN, _CONNECTIONS, _NOTICES, _CAMPAIGN: how fast mails leave. Where no real
            # office is written to (development, tests), nothing waits unless it is asked to.
            pace_domain=read.pace("DOMAIN", 20 if env == "production" else 0),
            pace_connections=max(1, read.pace("CONNECTIONS", 1)),
            pace_notices=read.pace("NOTICES", 600 if env == "production" else 0),
            pace_campaign=read.pace("CAMPAIGN", 0),
            metrics_token=_metrics_token(read),
            log_format=_log_format(read),
            dkim=_dkim(read),
        )


class _Reader:
    """Takes an empty variable for an absent one, as shells and container files write it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def optional(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def whole_number(self, name: str, default: int) -> int:
        value = self.optional(name)
        if value is None:
            return default
        if not value.isdecimal():
            raise SettingsError(f"{name} must be a whole number, not “{_shown(value)}”.")
        return int(value)

    def pace(self, name: str, default: int) -> int:
        value = self.whole_number(f"REDRESS_PACE_{name}", default)
        if value > MOST_PACE:
            raise SettingsError(f"REDRESS_PACE_{name} must be {MOST_PACE} at most, or 0 for no limit.")
        return value


def _environment(read: _Reader) -> Environment:
    # REDRESS_ENV: development (default), production or test.
    value = read.text("REDRESS_ENV", "development")
    if value not in ENVIRONMENTS:
        raise SettingsError(f"REDRESS_ENV must be one of {', '.join(ENVIRONMENTS)}, not “{_shown(value)}”.")
    return value


def _base_url(read: _Reader, env: Environment) -> str:
    # REDRESS_BASE_URL: how supporters reach the site, for links in mails.
    value = read.optional("REDRESS_BASE_URL")
    if value is None:
        if env == "production":
            raise SettingsError("REDRESS_BASE_URL is missing: links in mails need the site's address.")
        value = "http://127.0.0.1:8000"
    parts = _parsed(value)
    if parts is None or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise SettingsError(f"REDRESS_BASE_URL must look like https://example.org, not “{_shown(value)}”.")
    if env == "production" and parts.scheme != "https":
        raise SettingsError("REDRESS_BASE_URL must begin with https:// in production.")
    return value.rstrip("/")


def _parsed(url: str) -> SplitResult | None:
    """Return the parts of a URL with a host and, if there is one, a port; None if it is no such URL."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 and url.isprintable() else None
    except ValueError:
        return None


def _shown(value: str) -> str:
    return value if value.isprintable() and len(value) <= 100 else "what it is now"


def _mail_host(host: str) -> str:
    # An address literal is no mail domain (RFC 5321 §4.1.3 wants brackets): a reserved name stands in for it.
    if host in {"", "localhost"} or host[0].isdigit() or ":" in host:
        return "localhost.localdomain"
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return "localhost.localdomain"


def _mail_domain(read: _Reader, name: str, default: str) -> str:
    # REDRESS_MAIL_FROM: the domain of From; REDRESS_BOUNCE_DOMAIN: that of envelope senders. In ASCII.
    value = read.text(name, default)
    if not DOMAIN.fullmatch(value) or len(value) > 200:
        raise SettingsError(f"{name} must be a domain such as letters.example.org, not “{_shown(value)}”.")
    return value.lower()


def _site_name(read: _Reader) -> str:
    # REDRESS_SITE_NAME: what the site calls itself; the name beside noreply@ in the From of its mails.
    value = read.text("REDRESS_SITE_NAME", "Redress")
    if not value.isprintable() or "=?" in value or len(value) > 80:
        raise SettingsError("REDRESS_SITE_NAME must be one line of 80 characters at most, without “=?”.")
    return value


def _metrics_token(read: _Reader) -> str | None:
    # REDRESS_METRICS_TOKEN: what whoever reads /metrics from another machine sends as Bearer.
    value = read.optional("REDRESS_METRICS_TOKEN")
    if value is not None and (len(value) < 20 or not value.isascii()):
        raise SettingsError("REDRESS_METRICS_TOKEN must have at least 20 characters, all of them ASCII.")
    return value


def _log_format(read: _Reader) -> LogFormat:
    # REDRESS_LOG_FORMAT: text (default), or json for one object a line.
    value = read.text("REDRESS_LOG_FORMAT", "text")
    if value not in {"text", "json"}:
        raise SettingsError(f"REDRESS_LOG_FORMAT must be text or json, not “{_shown(value)}”.")
    return "json" if value == "json" else "text"


def _dkim(read: _Reader) -> tuple[tuple[str, Path], ...]:
    # REDRESS_DKIM_KEY: file of a private key (PEM; RSA or Ed25519), or several divided by commas.
    # REDRESS_DKIM_SELECTOR: of each, in the same order: what stands before “._domainkey.” in the DNS.
    keys = [part.strip() for part in read.text("REDRESS_DKIM_KEY", "").split(",") if part.strip()]
    selectors = [part.strip() for part in read.text("REDRESS_DKIM_SELECTOR", "").split(",") if part.strip()]
    if len(keys) != len(selectors):
        raise SettingsError("REDRESS_DKIM_KEY and REDRESS_DKIM_SELECTOR must name as many keys as selectors.")
    for selector in selectors:
        if not DOMAIN.fullmatch(selector) or len(selector) > 100:
            raise SettingsError(
                f"REDRESS_DKIM_SELECTOR must be a name such as mail2026, not “{_shown(selector)}”."
            )
    return tuple(zip(selectors, (Path(key).absolute() for key in keys), strict=True))


def _database_url(read: _Reader, data_dir: Path) -> str:
    # REDRESS_DATABASE_URL: SQLite in the data directory by default.
    value = read.text("REDRESS_DATABASE_URL", f"sqlite:///{data_dir / 'redress.sqlite'}")
    try:
        url = make_url(value)
        url.get_dialect()
    except (ArgumentError, ImportError, ValueError):
        raise SettingsError("REDRESS_DATABASE_URL is not an address of SQLite or PostgreSQL.") from None
    backend = url.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise SettingsError(f"REDRESS_DATABASE_URL must be SQLite or PostgreSQL, not “{backend}”.")
    if backend == "sqlite" and url.database in {None, "", ":memory:"}:
        raise SettingsError("REDRESS_DATABASE_URL must name a file: several processes share the database.")
    if backend == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def _secret_key(read: _Reader, env: Environment, data_dir: Path) -> str:
    # REDRESS_SECRET_KEY: made once in the data directory, except in production.
    value = read.optional("REDRESS_SECRET_KEY")
    if value is not None:
        if env == "production" and len(value) < 32:
            raise SettingsError("REDRESS_SECRET_KEY must have at least 32 characters in production.")
        return value
    if env == "production":
        raise SettingsError("REDRESS_SECRET_KEY is missing: sessions need a secret of 32 characters or more.")
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    # Written aside and linked into place: of processes that start together, all read one whole file.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()


def _keys_file(read: _Reader, env: Environment, data_dir: Path) -> Path:
    # REDRESS_KEYS_FILE: encryption and blind-index keys.
    value = read.optional("REDRESS_KEYS_FILE")
    if env == "production" and value is None:
        raise SettingsError("REDRESS_KEYS_FILE is missing: make one with “redress keys generate”.")
    return Path(value).absolute() if value else data_dir / "keys.json"


def _smtp_connections(read: _Reader) -> int:
    # REDRESS_SMTP_CONNECTIONS: of each worker. What a worker that is killed leaves unclear is that many mails
    # at most; what several have to journal at the same time is one commit.
    value = read.whole_number("REDRESS_SMTP_CONNECTIONS", 4)
    if not 1 <= value <= MOST_CONNECTIONS:
        raise SettingsError(f"REDRESS_SMTP_CONNECTIONS must be from 1 to {MOST_CONNECTIONS}.")
    return value


def _smtp_url(read: _Reader, env: Environment) -> str | None:
    # REDRESS_SMTP_URL: smtp://user:pass@host:port?starttls=required or smtps://…
    value = read.optional("REDRESS_SMTP_URL")
    if value is None:
        if env == "production":
            raise SettingsError("REDRESS_SMTP_URL is missing: letters need a mail server.")
        return None
    parts = _parsed(value)
    if parts is None or parts.scheme not in {"smtp", "smtps"}:
        raise SettingsError(
            "REDRESS_SMTP_URL must look like smtp://host:25 or smtps://user:password@host:465."
        )
    return value


def _test_now(read: _Reader, env: Environment) -> datetime | None:
    # REDRESS_TEST_NOW: ISO time; honoured only in test.
    value = read.optional("REDRESS_TEST_NOW")
    if value is None or env != "test":
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise SettingsError(f"REDRESS_TEST_NOW must be an ISO time, not “{_shown(value)}”.") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
