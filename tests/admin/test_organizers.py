"""Owners invite, change roles and close accounts; each of that asks for the password again after a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app import clock
from app.organizers import accounts, audit, invitations
from tests.factories.organizers import PASSWORD, Account, desk_of, sign_in, store_account
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of


@pytest.fixture
def owner(app: Flask) -> CheckingClient:
    """The browser of an owner who is signed in."""
    return desk_of(app, "owner")


@pytest.fixture
def colleague(app: Flask) -> Account:
    """Somebody else at the desk."""
    with app.app_context():
        return store_account("organizer", email="colleague@desk.example")


def link_named(page: str, words: str, place: int = 0) -> str:
    found = [a.get("href", "") for a in Page(page).elements("a") if text_of(a) == words]
    return found[place]


def row_link(owner: CheckingClient, email: str, words: str) -> str:
    """Return where a link in the row of an organizer leads."""
    page = Page(owner.get("/admin/organizers").text)
    (row,) = [row for row in page.elements("tr") if email in text_of(row)]
    return next(a.get("href", "") for a in row.iter("a") if text_of(a) == words)


def test_an_invitation_is_shown_once(app: Flask, owner: CheckingClient) -> None:
    page = owner.get("/admin/organizers/invite")
    wrong = owner.submit(page, {"email": "nobody", "role": "viewer"}, field="email")
    assert wrong.status_code == 422
    assert "must have an @-sign" in Page(wrong.text).text
    shown = owner.submit(wrong, {"email": "new@desk.example"}, field="email")
    (link,) = [text_of(code) for code in Page(shown.text).elements("code")]
    with app.app_context():
        invitation = invitations.look(link.rpartition("/")[2], now=clock.now())
        assert (invitation.email, invitation.role) == ("new@desk.example", "viewer")
    listed = owner.get("/admin/organizers")
    assert "new@desk.example" in Page(listed.text).text
    assert link.rpartition("/")[2] not in listed.text


def test_roles_count_at_once(app: Flask, owner: CheckingClient, colleague: Account) -> None:
    theirs = app.test_client()
    assert isinstance(theirs, CheckingClient)
    sign_in(theirs, colleague)
    assert theirs.get("/admin/recipients/new").status_code == 200
    page = owner.get(row_link(owner, colleague.email, "Role"))
    owner.submit(page, {"role": "viewer"}, field="role")
    assert theirs.get("/admin/recipients/new").status_code == 403
    assert theirs.get("/admin/recipients").status_code == 200


def test_closing_an_account_asks_first(app: Flask, owner: CheckingClient, colleague: Account) -> None:
    theirs = app.test_client()
    assert isinstance(theirs, CheckingClient)
    sign_in(theirs, colleague)
    link = row_link(owner, colleague.email, "Close account")
    page = owner.get(link)
    assert theirs.get("/admin/").status_code == 200
    owner.submit(page, action=link)
    assert theirs.get("/admin/").status_code == 302
    assert "Account closed" in Page(owner.get("/admin/organizers").text).text


def test_the_only_owner_cannot_leave(app: Flask, owner: CheckingClient) -> None:
    email = next(
        text_of(row)
        for row in Page(owner.get("/admin/organizers").text).elements("th")
        if "(you)" in text_of(row)
    )
    email = email.removesuffix(" (you)")
    for words, values in (("Close account", {}), ("Role", {"role": "viewer"})):
        link = row_link(owner, email, words)
        answer = owner.submit(owner.get(link), values, action=link)
        assert answer.status_code == 422
        assert "This is the only owner" in Page(answer.text).text


def test_a_lost_authenticator(app: Flask, owner: CheckingClient, colleague: Account) -> None:
    link = row_link(owner, colleague.email, "Lost authenticator")
    owner.submit(owner.get(link), action=link)
    with app.app_context():
        assert accounts.find_by_email(colleague.email).tf_totp_secret is None


def test_what_matters_most_asks_for_the_password_again(
    app: Flask, owner: CheckingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Flask-Security keeps the time of the last password by the machine's clock.
    with owner.session_transaction() as session:
        session["fs_paa"] -= timedelta(minutes=16).total_seconds()
        session.pop("fs_gexp", None)
    asked = owner.get("/admin/organizers/invite", follow_redirects=True)
    assert Page(asked.text).heading == "Your password, once more"
    wrong = owner.submit(asked, {"password": "not the right one"}, action="/admin/verify")
    assert wrong.status_code == 422
    there = owner.submit(wrong, {"password": PASSWORD}, action="/admin/verify", follow_redirects=True)
    assert there.request.path == "/admin/organizers/invite"


def test_it_leads_nowhere_else(owner: CheckingClient) -> None:
    page = owner.get("/admin/verify?next=https://elsewhere.example/")
    with owner.unchecked():
        answer = owner.submit(page, {"password": PASSWORD}, action="/admin/verify")
    assert "elsewhere" not in (answer.location or "")


def test_the_audit_log_tells_it(app: Flask, owner: CheckingClient, colleague: Account) -> None:
    link = row_link(owner, colleague.email, "Role")
    owner.submit(owner.get(link), {"role": "viewer"}, field="role")
    page = Page(owner.get("/admin/audit").text)
    assert f"role was changed: {colleague.email}" in page.text
    assert "from: organizer; to: viewer" in page.text
    with app.app_context():
        newest = audit.lines(limit=1)[0].entry.number
    assert str(newest)
    assert Page(owner.get("/admin/audit?before=1").text).heading == "Audit log"
