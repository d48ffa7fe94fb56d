"""Signing in, whole: invitation, password, authenticator, recovery codes, desk."""

from __future__ import annotations

import re

import pyotp
from flask import Flask

from app import clock
from app.organizers.invitations import ensure_first_invitation
from tests.factories.organizers import PASSWORD
from tests.support.client import CheckingClient
from tests.support.pages import Page


def test_from_the_first_invitation_to_the_desk(app: Flask, client: CheckingClient) -> None:
    with app.app_context():
        link = ensure_first_invitation(now=clock.now())
    assert link is not None
    welcome = client.get(link.partition("8000")[2])
    login = client.submit(
        welcome,
        {"email": "Ani@Desk.example", "password": PASSWORD, "password_confirm": PASSWORD},
        follow_redirects=True,
    )
    assert Page(login.text).heading == "Sign in to the desk"
    setup = client.submit(login, {"password": PASSWORD}, follow_redirects=True)
    assert Page(setup.text).heading == "Set up your second factor"
    shown = client.submit(setup, button="authenticator")
    secret = re.search(r"<code[^>]*>([A-Z2-7-]+)</code>", shown.text)
    assert secret is not None
    codes = client.submit(
        shown, {"code": pyotp.TOTP(secret[1].replace("-", "")).now()}, follow_redirects=True
    )
    assert Page(codes.text).heading == "Recovery codes"
    shown_codes = client.submit(codes, action="/admin/mf-recovery-codes")
    assert len(list(next(Page(shown_codes.text).elements("ol", class_="codes")))) == 10
    desk = client.get("/admin/")
    assert desk.status_code == 200
