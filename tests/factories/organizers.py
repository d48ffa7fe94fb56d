"""Organizers with everything set up, and what they do to get to the desk."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime

import pyotp
from flask import current_app
from flask_security import hash_password
from werkzeug.test import TestResponse

from app import clock
from app.database import transaction
from app.organizers.models import Organizer
from tests.support.client import CheckingClient

PASSWORD = "seven small green herons"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """What an organizer knows and has: address, password, and the secret in their authenticator."""

    email: str
    password: str
    secret: str

    def code(self, at: datetime | None = None) -> str:
        """Return the one-time password of the moment (of the machine's clock, as authenticators have it)."""
        totp = pyotp.TOTP(self.secret)
        return totp.at(at) if at else totp.now()


def store_account(role: str = "organizer", **fields: object) -> Account:
    """Store an organizer who has set up an authenticator. Needs an application context."""
    security = current_app.extensions["security"]
    sealed = security.totp_factory.generate_totp_secret()
    email = str(fields.pop("email", f"{role}-{next(_numbers)}@desk.example"))
    values = {
        "email": email,
        "role": role,
        "password": hash_password(PASSWORD),
        "tf_primary_method": "authenticator",
        "tf_totp_secret": sealed,
        "mf_recovery_codes": ["not a code of anybody"],
        "created_at": clock.now(),
    }
    with transaction() as session:
        session.add(Organizer(**values | fields))
    return Account(email, PASSWORD, security.totp_factory.get_totp_b32_key(sealed))


def sign_in(client: CheckingClient, account: Account) -> TestResponse:
    """Sign in with password and one-time code, and return the page that this leads to."""
    page = client.submit(
        client.get("/admin/login"),
        {"email": account.email, "password": account.password},
        follow_redirects=True,
    )
    return client.submit(page, {"code": account.code()}, follow_redirects=True)
