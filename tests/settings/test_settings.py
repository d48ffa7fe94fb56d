"""The environment: every variable, what it does, and how each mistake is told."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import Settings, SettingsError

PRODUCTION = {
    "REDRESS_ENV": "production",
    "REDRESS_SECRET_KEY": "k" * 32,
    "REDRESS_KEYS_FILE": "/etc/redress/keys.json",
    "REDRESS_BASE_URL": "https://letters.example",
    "REDRESS_SMTP_URL": "smtp://relay.example:25",
}


@pytest.fixture
def read(tmp_path: Path) -> object:
    """Read settings from variables; data goes to a folder of this test's own."""

    def read(variables: Mapping[str, str] = {}, **more: str) -> Settings:
        return Settings.from_environ({"REDRESS_DATA_DIR": str(tmp_path / "data"), **variables, **more})

    return read


def test_without_any_variable_it_is_a_development_site_in_one_folder(read, tmp_path: Path) -> None:
    found = read()
    assert found.env == "development"
    assert found.data_dir == tmp_path / "data"
    assert found.database_url == f"sqlite:///{tmp_path / 'data' / 'redress.sqlite'}"
    assert found.keys_file == tmp_path / "data" / "keys.json"
    assert found.maildir == tmp_path / "data" / "mailbox"
    assert found.base_url == "http://127.0.0.1:8000"
    assert found.mail_from == found.bounce_domain == "localhost.localdomain"
    assert (found.smtp_url, found.test_now) == (None, None)
    assert (found.trusted_proxies, found.site_name, found.is_https) == (0, "Redress", False)


def test_every_variable_is_read(read) -> None:
    found = read(
        REDRESS_ENV="test",
        REDRESS_DATABASE_URL="postgresql://user:pass@db.example:5433/letters",
        REDRESS_SECRET_KEY="a secret",
        REDRESS_KEYS_FILE="/etc/redress/keys.json",
        REDRESS_BASE_URL="https://letters.example/",
        REDRESS_SMTP_URL="smtps://user:p%40ss@relay.example:465",
        REDRESS_MAIL_FROM="mail.letters.example",
        REDRESS_BOUNCE_DOMAIN="bounces.letters.example",
        REDRESS_TEST_NOW="2026-11-21T12:00:00+01:00",
        REDRESS_TRUSTED_PROXIES="2",
        REDRESS_SITE_NAME="Letters",
    )
    assert found.database_url == "postgresql+psycopg://user:pass@db.example:5433/letters"
    assert found.secret_key == "a secret"
    assert found.keys_file == Path("/etc/redress/keys.json")
    assert (found.base_url, found.is_https) == ("https://letters.example", True)
    assert found.smtp_url == "smtps://user:p%40ss@relay.example:465"
    assert (found.mail_from, found.bounce_domain) == ("mail.letters.example", "bounces.letters.example")
    assert found.test_now == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert (found.trusted_proxies, found.site_name) == (2, "Letters")


def test_an_empty_variable_is_an_absent_one(read) -> None:
    names = [
        "ENV",
        "DATABASE_URL",
        "SECRET_KEY",
        "KEYS_FILE",
        "BASE_URL",
        "SMTP_URL",
        "MAIL_FROM",
        "TEST_NOW",
    ]
    names += ["BOUNCE_DOMAIN", "TRUSTED_PROXIES", "SITE_NAME", "PACE_DOMAIN", "METRICS_TOKEN"]
    assert read({f"REDRESS_{name}": "  " for name in names}) == read()


def test_settings_do_not_change(read) -> None:
    with pytest.raises(FrozenInstanceError):
        read().env = "production"


MISTAKES = [
    ("REDRESS_ENV", "prod"),
    ("REDRESS_ENV", "Production"),
    ("REDRESS_DATABASE_URL", "no address"),
    ("REDRESS_DATABASE_URL", "mysql://db.example/letters"),
    ("REDRESS_DATABASE_URL", "postgresql://db.example:port/letters"),
    ("REDRESS_DATABASE_URL", "sqlite+nothing:///file.sqlite"),
    ("REDRESS_DATABASE_URL", "sqlite://"),
    ("REDRESS_DATABASE_URL", "sqlite:///:memory:"),
    ("REDRESS_BASE_URL", "letters.example"),
    ("REDRESS_BASE_URL", "ftp://letters.example"),
    ("REDRESS_BASE_URL", "https://"),
    ("REDRESS_BASE_URL", "http://[::1"),
    ("REDRESS_BASE_URL", "http://letters.example:port"),
    ("REDRESS_BASE_URL", "http://letters.example:99999"),
    ("REDRESS_BASE_URL", "http://letters.example/?page=1"),
    ("REDRESS_BASE_URL", "http://letters.example/#top"),
    ("REDRESS_SMTP_URL", "relay.example"),
    ("REDRESS_SMTP_URL", "http://relay.example"),
    ("REDRESS_SMTP_URL", "smtp://"),
    ("REDRESS_SMTP_URL", "smtp://relay.example:port"),
    ("REDRESS_SMTP_URL", "smtp://relay.example:99999"),
    ("REDRESS_SMTP_URL", "smtp://relay.example:0"),
    ("REDRESS_SMTP_URL", "smtp://[::1"),
    ("REDRESS_MAIL_FROM", "letters@letters.example"),
    ("REDRESS_MAIL_FROM", "letters example"),
    ("REDRESS_MAIL_FROM", "-letters.example"),
    ("REDRESS_MAIL_FROM", "letters.example\nBcc: x"),
    ("REDRESS_BOUNCE_DOMAIN", "b@bounces.example"),
    ("REDRESS_BOUNCE_DOMAIN", "bounces..example"),
    ("REDRESS_TRUSTED_PROXIES", "one"),
    ("REDRESS_TRUSTED_PROXIES", "-1"),
    ("REDRESS_TRUSTED_PROXIES", "1.5"),
    ("REDRESS_SITE_NAME", "two\nlines"),
    ("REDRESS_SITE_NAME", "=?utf-8?q?x?="),
    ("REDRESS_SITE_NAME", "x" * 200),
    ("REDRESS_PACE_DOMAIN", "many"),
    ("REDRESS_PACE_DOMAIN", "100000"),
    ("REDRESS_METRICS_TOKEN", "short"),
    ("REDRESS_LOG_FORMAT", "xml"),
]


@pytest.mark.parametrize(("variable", "value"), MISTAKES)
def test_a_mistake_is_told_in_one_sentence_that_names_the_variable(read, variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as mistake:
        read({variable: value})
    sentence = mistake.value.sentence
    assert sentence.startswith(variable)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 250


def test_a_wrong_test_time_is_told_in_test_and_ignored_elsewhere(read) -> None:
    with pytest.raises(SettingsError, match="REDRESS_TEST_NOW must be an ISO time"):
        read(REDRESS_ENV="test", REDRESS_TEST_NOW="tomorrow")
    assert read(REDRESS_TEST_NOW="2026-11-21T12:00:00").test_now is None
    assert read(REDRESS_TEST_NOW="tomorrow").test_now is None
    naive = read(REDRESS_ENV="test", REDRESS_TEST_NOW="2026-11-21T12:00:00")
    assert naive.test_now == datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("secret", ["smtp://user:hunter2@relay.example:port", "smtp://user:hunter2@"])
def test_a_password_is_not_repeated_in_the_refusal(read, secret: str) -> None:
    with pytest.raises(SettingsError) as mistake:
        read(REDRESS_SMTP_URL=secret)
    assert "hunter2" not in mistake.value.sentence


def test_a_database_password_is_not_repeated_either(read) -> None:
    for wrong in ("mysql://user:hunter2@db.example/x", "postgresql://user:hunter2@db.example:port/x"):
        with pytest.raises(SettingsError) as mistake:
            read(REDRESS_DATABASE_URL=wrong)
        assert "hunter2" not in mistake.value.sentence


def test_production_starts_with_all_that_it_needs(read) -> None:
    found = read(PRODUCTION)
    assert found.is_https
    assert found.mail_from == found.bounce_domain == "letters.example"


@pytest.mark.parametrize(
    "missing", ["REDRESS_SECRET_KEY", "REDRESS_KEYS_FILE", "REDRESS_BASE_URL", "REDRESS_SMTP_URL"]
)
def test_production_refuses_to_start_without(read, missing: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{missing} is missing"):
        read({name: value for name, value in PRODUCTION.items() if name != missing})
    assert not (tmp_path / "data").exists()  # and leaves no secret behind that it made up


@pytest.mark.parametrize(
    ("variable", "weak"),
    [("REDRESS_SECRET_KEY", "k" * 31), ("REDRESS_BASE_URL", "http://letters.example")],
)
def test_production_refuses_what_is_too_weak(read, variable: str, weak: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable} must"):
        read({**PRODUCTION, variable: weak})


@pytest.mark.parametrize(
    ("base_url", "domain"),
    [
        ("https://letters.example:8443", "letters.example"),
        ("http://localhost:8000", "localhost.localdomain"),
        ("http://192.0.2.1", "localhost.localdomain"),
        ("http://[::1]:8000", "localhost.localdomain"),
        ("https://münchen.example", "xn--mnchen-3ya.example"),
    ],
)
def test_mail_comes_from_the_host_of_the_site(read, base_url: str, domain: str) -> None:
    assert read(REDRESS_BASE_URL=base_url).mail_from == domain


def test_the_secret_is_made_once_and_for_its_owner_only(read, tmp_path: Path) -> None:
    first = read().secret_key
    assert read().secret_key == first
    assert len(first) >= 48
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_have_one_secret(read, tmp_path: Path) -> None:
    for turn in range(20):
        where = {"REDRESS_DATA_DIR": str(tmp_path / str(turn))}
        with ThreadPoolExecutor(8) as pool:
            secrets = set(pool.map(lambda _n, where=where: read(where).secret_key, range(8)))
        assert len(secrets) == 1
        assert len(secrets.pop()) >= 48
        assert [file.name for file in (tmp_path / str(turn)).iterdir()] == ["secret_key"]


NAMES = ["ENV", "DATABASE_URL", "KEYS_FILE", "BASE_URL", "SMTP_URL", "MAIL_FROM", "BOUNCE_DOMAIN"]
NAMES += ["TEST_NOW", "TRUSTED_PROXIES", "SITE_NAME", "PACE_DOMAIN", "PACE_NOTICES", "METRICS_TOKEN"]
ODD = st.one_of(
    st.text(max_size=30),
    st.builds(
        "{}://{}".format,
        st.sampled_from(["http", "https", "smtp", "sqlite", "postgresql"]),
        st.text(max_size=30),
    ),
)


@given(st.dictionaries(st.sampled_from([f"REDRESS_{name}" for name in NAMES]), ODD, max_size=3))
def test_nothing_that_can_be_typed_ends_in_anything_but_a_sentence(variables: dict[str, str]) -> None:
    try:
        found = Settings.from_environ({"REDRESS_SECRET_KEY": "k" * 32, **variables})
    except SettingsError as mistake:
        assert mistake.sentence  # noqa: PT017 (both ways are fine; another exception is not)
    else:
        assert found.base_url.startswith(("http://", "https://"))
        assert found.mail_from.isascii()
