"""Organizers with everything set up, and what they do to get to the desk."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import pyotp
from flask import Flask, current_app
from flask_security import hash_password
from werkzeug.test import TestResponse

from app import clock
from app.database import transaction
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
    security = current_app.extensions["security"]
    sealed = security.totp_factory.generate_totp_secret()
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
    return Account(email, PASSWORD, security.totp_factory.get_totp_b32_key(sealed))


@lru_cache(maxsize=4)
def _hashed(_salt: str) -> str:
    # Hashing takes an eighth of a second on purpose; once for each key file is enough.
    hashed: str = hash_password(PASSWORD)
    return hashed


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
    """Return the browser of somebody with that role who is signed in."""
    with app.app_context():
        account = store_account(role)
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    sign_in(client, account)
    return client
