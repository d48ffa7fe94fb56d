"""Signing in, whole: invitation, password, authenticator, recovery codes, desk; and ways that are barred."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import clock
from app.database import db, transaction
from app.organizers import accounts
from app.organizers.invitations import ensure_first_invitation
from app.organizers.models import Organizer, OrganizerSession
from app.organizers.second_factor import RecoveryCodes
from app.security.audit import COMMAND_LINE
from tests.factories.organizers import PASSWORD, Account, give_password, sign_in, store_account
from tests.factories.threads import at_once
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of
from tests.support.plugins.database import TimeTravel

A_MINUTE_BEGINS = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
"""Limits count by the minute: these tests should not cross into the next one."""
TIMES_OUT = "You were away for a while, so you were signed out. Please sign in again."


@pytest.fixture
def account(app: Flask) -> Account:
    """An organizer with everything set up."""
    with app.app_context():
        return store_account()


def heading(response: TestResponse) -> str:
    return Page(response.text).heading


def another_browser(app: Flask) -> CheckingClient:
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    return client


def codes_on(page: TestResponse) -> list[str]:
    listed = next(Page(page.text).elements("ol", class_="codes"))
    return [text_of(item) for item in listed.iter("li")]


def test_from_the_first_invitation_to_the_desk(app: Flask, client: CheckingClient) -> None:
    with app.app_context():
        link = ensure_first_invitation(now=clock.now())
        base = app.config["REDRESS_SETTINGS"].base_url
    assert link is not None
    welcome = client.get(link.removeprefix(base))
    login = client.submit(
        welcome,
        {"email": "Ani@Desk.example", "password": PASSWORD, "password_confirm": PASSWORD},
        follow_redirects=True,
    )
    assert heading(login) == "Sign in to the desk"

    setup = client.submit(login, {"password": PASSWORD}, follow_redirects=True)  # the address is filled in
    assert heading(setup) == "Set up your second factor"
    shown = client.submit(setup, button="authenticator")
    secret = re.search(r"<code[^>]*>([A-Z2-7-]+)</code>", shown.text)
    assert secret is not None
    assert "<svg" in shown.text
    assert "data:" not in shown.text

    code = pyotp.TOTP(secret[1].replace("-", "")).now()
    asked = client.submit(shown, {"code": code}, follow_redirects=True)
    assert heading(asked) == "Recovery codes"
    codes = codes_on(client.submit(asked, action="/admin/mf-recovery-codes"))
    assert len(set(codes)) == 10
    assert client.get("/admin/").status_code == 200

    again = client.get("/admin/mf-recovery-codes?show_codes=yes")
    assert not any(code in again.text for code in codes)
    with app.app_context():
        organizer = accounts.find_by_email("ani@desk.example")
        assert organizer.role == "owner"
        assert organizer.password.startswith("$argon2id$")
        stored = " ".join([*organizer.mf_recovery_codes, organizer.tf_totp_secret])
        assert secret[1].replace("-", "") not in stored
        assert not any(code in stored for code in codes)


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_the_password_alone_opens_nothing(client: CheckingClient, account: Account) -> None:
    assert heading(give_password(client, account)) == "Your one-time code"
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/mf-recovery-codes").status_code == 302
    # The page that sets up an authenticator is not a way around the one that there is.
    assert heading(client.get("/admin/tf-setup", follow_redirects=True)) == "Sign in to the desk"


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_nothing_tells_whether_an_account_exists(app: Flask, account: Account) -> None:
    unknown = Account("nobody@desk.example", PASSWORD, account.secret)
    answers = []
    for who in (account, unknown):
        answer = give_password(another_browser(app), who, "not the right password")
        assert answer.status_code == 422
        answers.append(answer.text.replace(who.email, "").replace(_csrf(answer), ""))
    assert _without_nonces(answers[0]) == _without_nonces(answers[1])


def _csrf(page: TestResponse) -> str:
    return next(Page(page.text).elements("input", name="csrf_token")).get("value", "?")


def _without_nonces(html: str) -> str:
    return re.sub(r'nonce="[^"]+"', "", html)


def test_a_closed_account_does_not_open(app: Flask, client: CheckingClient) -> None:
    with app.app_context():
        closed = store_account("viewer", active=False)
    assert give_password(client, closed).status_code == 422


def test_one_time_codes_work_once(app: Flask, account: Account) -> None:
    code = account.code()
    client = another_browser(app)
    page = give_password(client, account)
    assert heading(client.submit(page, {"code": code}, follow_redirects=True)) != "Your one-time code"

    thief = another_browser(app)
    answer = thief.submit(give_password(thief, account), {"code": code})
    assert answer.status_code == 422
    assert thief.submit(answer, {"code": account.code(1)}).status_code == 302


def test_a_recovery_code_opens_once(app: Flask, account: Account) -> None:
    client = another_browser(app)
    sign_in(client, account)
    codes = codes_on(client.submit(client.get("/admin/mf-recovery-codes"), action="/admin/mf-recovery-codes"))

    for attempt, expected in enumerate([302, 422]):
        browser = another_browser(app)
        give_password(browser, account)
        asked = browser.get("/admin/tf-rescue", follow_redirects=True)
        typed = codes[3].upper().replace("-", " ")  # as somebody copies it from paper
        assert browser.submit(asked, {"code": typed}).status_code == expected, attempt
    with app.app_context():
        assert len(accounts.find_by_email(account.email).mf_recovery_codes) == 9


@pytest.mark.backends("sqlite", "postgresql")  # locks
@pytest.mark.parametrize("kind", ["one-time password", "recovery code"])
def test_one_code_typed_in_two_places_at_once_opens_one_door(app: Flask, account: Account, kind: str) -> None:
    code = account.code()
    if kind == "recovery code":
        with app.test_request_context(), transaction() as session:
            organizer = session.scalars(select(Organizer).where(Organizer.email == account.email)).one()
            (code, *_others) = RecoveryCodes(app).create_recovery_codes(organizer)
    doors = []
    for _place in range(3):
        browser = another_browser(app)
        page = give_password(browser, account)
        if kind == "recovery code":
            page = browser.get("/admin/mf-recovery")
        doors.append((browser, page))

    def open_one() -> int:
        browser, page = doors.pop()
        with browser.unchecked():  # so that all arrive together
            return browser.submit(page, {"code": code}).status_code

    assert sorted(at_once(3, app, open_one)) == [302, 422, 422]


def test_signing_out_ends_it_on_the_server_too(app: Flask, client: CheckingClient, account: Account) -> None:
    sign_in(client, account)
    cookie = client.get_cookie("redress")
    assert cookie is not None
    stolen = another_browser(app)
    stolen.set_cookie("redress", cookie.value)
    assert stolen.get("/admin/").status_code == 200

    out = client.submit(client.get("/admin/"), action="/admin/logout", follow_redirects=True)
    assert "You are signed out." in Page(out.text).text
    assert client.get("/admin/").status_code == 302
    stolen.set_cookie("redress", cookie.value)
    assert stolen.get("/admin/").status_code == 302


def test_signing_out_on_all_devices(app: Flask, account: Account) -> None:
    desk, telephone = another_browser(app), another_browser(app)
    sign_in(desk, account)
    sign_in(telephone, account, steps_ahead=1)
    page = desk.get("/admin/account")
    desk.submit(page, action="/admin/account/sign-out-everywhere")
    assert [browser.get("/admin/").status_code for browser in (desk, telephone)] == [302, 302]


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_signing_out_is_not_a_link(client: CheckingClient, account: Account) -> None:
    sign_in(client, account)
    with client.unchecked():  # what a 405 page links to within itself cannot be fetched, by its nature
        assert client.get("/admin/logout").status_code == 405
    assert client.get("/admin/").status_code == 200


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
@pytest.mark.parametrize("away", [timedelta(minutes=31), timedelta(days=365)])
def test_half_an_hour_away_and_it_is_over(
    client: CheckingClient, account: Account, time_travel: TimeTravel, away: timedelta
) -> None:
    sign_in(client, account)
    time_travel(timedelta(minutes=29))
    assert client.get("/admin/").status_code == 200
    time_travel(timedelta(minutes=29))
    assert client.get("/admin/").status_code == 200, "each page counts from anew"
    time_travel(away)
    answer = client.get("/admin/", follow_redirects=True)
    assert TIMES_OUT in Page(answer.text).text
    assert TIMES_OUT not in Page(client.get("/admin/login").text).text


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_after_twelve_hours_it_is_over(
    client: CheckingClient, account: Account, time_travel: TimeTravel
) -> None:
    sign_in(client, account)
    for _half_hour in range(24):
        time_travel(timedelta(minutes=29, seconds=30))
        assert client.get("/admin/account").status_code == 200
    time_travel(timedelta(minutes=12))
    assert client.get("/admin/").status_code == 302


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_after_signing_in_again_one_is_where_one_wanted_to_be(
    client: CheckingClient, account: Account
) -> None:
    client.get("/admin/letters?state=held")
    page = give_password(client, account)
    answer = client.submit(page, {"code": account.code()}, follow_redirects=True)
    assert answer.request.path == "/admin/letters"
    assert answer.request.query_string == b"state=held"


def test_deactivated_in_the_middle_of_work(app: Flask, client: CheckingClient, account: Account) -> None:
    sign_in(client, account)
    with app.app_context():
        organizer = accounts.find_by_email(account.email)
        accounts.deactivate(organizer.id, actor=COMMAND_LINE, now=clock.now())
    assert client.get("/admin/").status_code == 302


def test_a_new_password_ends_the_other_sign_ins(app: Flask, account: Account) -> None:
    here, there = another_browser(app), another_browser(app)
    sign_in(here, account)
    sign_in(there, account, steps_ahead=1)
    new = "nine large grey pelicans"
    form = {"password": PASSWORD, "new_password": new, "new_password_confirm": new}
    answer = here.submit(here.get("/admin/change"), form, action="/admin/change", follow_redirects=True)
    assert heading(answer) == "Your account"
    assert there.get("/admin/").status_code == 302
    assert give_password(another_browser(app), account).status_code == 422


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_a_weak_new_password_is_refused_in_plain_words(client: CheckingClient, account: Account) -> None:
    sign_in(client, account)
    form = {"password": PASSWORD, "new_password": "password1234", "new_password_confirm": "password1234"}
    answer = client.submit(client.get("/admin/change"), form, action="/admin/change")
    assert answer.status_code == 422
    assert "among the first that somebody would try" in Page(answer.text).text


def test_a_new_authenticator_takes_the_place_of_the_old_one(app: Flask, account: Account) -> None:
    client = another_browser(app)
    sign_in(client, account)
    shown = client.submit(client.get("/admin/tf-setup"), action="/admin/tf-setup", button="authenticator")
    secret = re.search(r"<code[^>]*>([A-Z2-7-]+)</code>", shown.text)
    assert secret is not None
    new = Account(account.email, account.password, secret[1].replace("-", ""))
    wrong = client.submit(shown, {"code": "000000"}, action="/admin/tf-validate")
    assert wrong.status_code == 422
    client.submit(wrong, {"code": new.code()}, action="/admin/tf-validate")

    other = another_browser(app)
    page = give_password(other, account)
    assert other.submit(page, {"code": account.code(1)}).status_code == 422
    assert other.submit(page, {"code": new.code(1)}).status_code == 302


def test_guessing_is_slowed_down(app: Flask, account: Account, time_travel: TimeTravel) -> None:
    time_travel(A_MINUTE_BEGINS)
    client = another_browser(app)
    login = client.get("/admin/login")
    guess = {"email": account.email, "password": "is it this one, perhaps?"}
    answers = [client.submit(login, guess).status_code for _try in range(5)]
    assert answers == [422] * 5
    assert client.submit(login, guess).status_code == 422, "one a minute goes through"
    refused = client.submit(login, {"email": account.email, "password": account.password})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60

    time_travel(timedelta(minutes=1))
    assert heading(give_password(client, account)) == "Your one-time code"


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_one_address_gets_ten_tries_a_minute(app: Flask, time_travel: TimeTravel) -> None:
    time_travel(A_MINUTE_BEGINS)
    client = another_browser(app)
    login = client.get("/admin/login")
    answers = [
        client.submit(login, {"email": f"{number}@desk.example", "password": "guess" * 3}).status_code
        for number in range(11)
    ]
    assert answers == [422] * 10 + [429]
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    assert (
        client.submit(login, {"email": "a@desk.example", "password": "guess"}, **elsewhere).status_code == 422
    )


def test_guessing_codes_is_slowed_down_wherever_it_comes_from(
    app: Flask, account: Account, time_travel: TimeTravel
) -> None:
    time_travel(A_MINUTE_BEGINS)
    client = another_browser(app)
    page = give_password(client, account)
    answers = []
    for number in range(7):
        address = {"environ_base": {"REMOTE_ADDR": f"192.0.2.{number}"}}
        with client.unchecked():  # the 429 page is checked elsewhere
            answers.append(client.submit(page, {"code": "000000"}, **address).status_code)
    assert answers == [422] * 6 + [429]


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_json_is_no_way_in(client: CheckingClient, account: Account) -> None:
    login = client.get("/admin/login")
    body = {"email": account.email, "password": account.password}
    answer = client.post("/admin/login", json=body, headers={"X-CSRFToken": _csrf(login)})
    assert answer.status_code == 400


@pytest.mark.backends("sqlite")  # which database it is makes no difference here
def test_a_token_in_a_header_is_no_way_in(app: Flask, client: CheckingClient, account: Account) -> None:
    with app.test_request_context():
        token = accounts.find_by_email(account.email).get_auth_token()
    assert client.get("/admin/", headers={"Authentication-Token": token}).status_code == 302


def test_what_the_audit_log_says(app: Flask, client: CheckingClient, account: Account) -> None:
    client.submit(client.get("/admin/login"), {"email": account.email, "password": "not the right password"})
    sign_in(client, account)
    client.submit(client.get("/admin/"), action="/admin/logout")
    with app.app_context():
        from app.organizers import audit

        told = [(line.entry.action, line.entry.detail) for line in reversed(audit.lines())]
    assert told == [
        ("organizer.sign_in_failed", {"by": "password"}),
        ("organizer.signed_in", {"by": "one-time password"}),
        ("organizer.signed_out", {}),
    ]


def test_no_network_address_is_stored(app: Flask, client: CheckingClient, account: Account) -> None:
    sign_in(client, account)
    with app.app_context():
        stored = [
            repr(list(vars(row).values()))
            for kind in (Organizer, OrganizerSession)
            for row in db.session.query(kind)
        ]
    assert stored
    assert "127.0.0.1" not in "".join(stored)
