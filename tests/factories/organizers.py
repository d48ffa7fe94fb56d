"""Organizers with everything set up, and what they do to get to the desk."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import pyotp
from flask import Flask, current_app
from flask_security import hash_password
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import clock
from app.database import transaction
from app.organizers import sessions
from app.organizers.models import Organizer
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of

PASSWORD = "seven small green herons"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """What an organizer knows and has: address, password, and the secret in their authenticator."""

    email: str
    password: str
    secret: str

    def code(self, steps_ahead: int = 0) -> str:
        """Return the one-time password of the moment, by the machine's clock, as authenticators have it.

        Args:
            steps_ahead: 1 gives the next one, for somebody who has just used the present one: a clock
                may differ by a step.
        """
        return pyotp.TOTP(self.secret).at(datetime.now(UTC), counter_offset=steps_ahead)


def store_account(role: str = "organizer", **fields: object) -> Account:
    """Store an organizer who has set up an authenticator. Needs an application context."""
    sealed, secret = _authenticator(str(current_app.config["SECURITY_TOTP_SECRETS"]["1"]))
    email = str(fields.pop("email", f"{role}-{next(_numbers)}@desk.example"))
    values = {
        "email": email,
        "role": role,
        "password": _hashed(str(current_app.config["SECURITY_PASSWORD_SALT"])),
        "tf_primary_method": "authenticator",
        "tf_totp_secret": sealed,
        "mf_recovery_codes": ["not a code of anybody"],
        "created_at": clock.now(),
    }
    with transaction() as session:
        session.add(Organizer(**values | fields))
    return Account(email, PASSWORD, secret)


# Hashing a password and sealing a secret take long on purpose; once for each key file is enough.
@lru_cache(maxsize=4)
def _hashed(_salt: str) -> str:
    hashed: str = hash_password(PASSWORD)
    return hashed


@lru_cache(maxsize=4)
def _authenticator(_key: str) -> tuple[str, str]:
    factory = current_app.extensions["security"].totp_factory
    sealed = factory.generate_totp_secret()
    return sealed, factory.get_totp_b32_key(sealed)


def give_password(client: CheckingClient, account: Account, password: str = "") -> TestResponse:
    """Go through the first half of signing in, and return the page that this leads to."""
    typed = {"email": account.email, "password": password or account.password}
    return client.submit(client.get("/admin/login"), typed, follow_redirects=True)


def sign_in(client: CheckingClient, account: Account, steps_ahead: int = 0) -> TestResponse:
    """Sign in with password and one-time code, and return the page that this leads to."""
    page = give_password(client, account)
    answer = client.submit(page, {"code": account.code(steps_ahead)}, follow_redirects=True)
    assert answer.status_code == 200, text_of(next(Page(answer.text).elements("main"), None))
    return answer


def desk_of(app: Flask, role: str) -> CheckingClient:
    """Return the browser of somebody with that role who has just signed in.

    Their session is made, not gone through: how one signs in is what tests/organizers looks at.
    """
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    with app.app_context():
        email = store_account(role).email
    with client.session_transaction() as cookie, app.app_context(), transaction() as session:
        organizer = session.scalars(select(Organizer).where(Organizer.email == email)).one()
        sessions.begin(session, cookie, organizer, by="a test", now=clock.now())
        cookie["_user_id"] = organizer.fs_uniquifier
        cookie["fs_paa"] = time.time()
    return client
