"""Invitations: one link, one person, once, within three days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import db
from app.errors import Gone, NotFound, Refused
from app.organizers import accounts, invitations
from app.organizers.models import Invitation, Organizer
from app.security.audit import COMMAND_LINE
from tests.factories.organizers import PASSWORD, store_account
from tests.factories.threads import at_once
from tests.support.client import CheckingClient
from tests.support.pages import Page
from tests.support.plugins.database import TimeTravel

EMAIL = "ani@desk.example"


def invite(email: str = EMAIL, role: str = "organizer") -> str:
    """Invite somebody and return the token of their link."""
    return token_in(invitations.invite(email, role, actor=COMMAND_LINE, now=clock.now()))


def token_in(link: str | None) -> str:
    assert link is not None
    return link.rpartition("/")[2]


def accept(token: str, email: str = "", password: str = PASSWORD) -> Organizer:
    return invitations.accept(token, email, password, now=clock.now())


def test_the_invited_get_the_role_that_was_meant(app_context: Flask) -> None:
    organizer = accept(invite(role="viewer"), email="somebody-else@desk.example")
    assert (organizer.email, organizer.role, organizer.active) == (EMAIL, "viewer", True)
    assert organizer.tf_primary_method is None


def test_a_link_works_once(app_context: Flask) -> None:
    token = invite()
    accept(token)
    with pytest.raises(Gone):
        accept(token)
    with pytest.raises(Gone):
        invitations.look(token, now=clock.now())


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_eight_clicks_at_once_open_one_account(app_context: Flask) -> None:
    token = invite()

    def click() -> bool:
        try:
            accept(token)
        except (Gone, Refused):
            return False
        return True

    assert sum(at_once(4, app_context, click)) == 1
    assert len(accounts.listed()) == 1


def test_a_link_is_good_for_three_days(app_context: Flask, time_travel: TimeTravel) -> None:
    token = invite()
    time_travel(timedelta(hours=71, minutes=59))
    assert invitations.look(token, now=clock.now()).email == EMAIL
    time_travel(timedelta(minutes=2))
    with pytest.raises(Gone):
        accept(token)


def test_a_new_link_ends_the_one_before(app_context: Flask) -> None:
    first, second = invite(), invite(role="owner")
    with pytest.raises(Gone):
        accept(first)
    assert accept(second).role == "owner"


def test_other_links_lead_nowhere(app_context: Flask) -> None:
    for token in ("", "x" * 43, "é" * 43, "../../etc/passwd", "A" * 5000):
        with pytest.raises(NotFound):
            invitations.look(token, now=clock.now())


def test_the_secret_is_not_stored(app_context: Flask) -> None:
    token = invite()
    row = db.session.scalars(select(Invitation)).one()
    assert token.encode() not in row.token_hash
    assert token not in repr(vars(row))


def test_nobody_is_invited_without_an_address(app_context: Flask) -> None:
    for email in ("", "ani", "ani@", "ani@localhost", "ani@desk.example\nBcc: x@y.example"):
        with pytest.raises(Refused) as refusal:
            invite(email)
        assert refusal.value.field == "email"


def test_one_mailbox_is_one_account(app_context: Flask) -> None:
    accept(invite("Ani@Desk.Example"))
    with pytest.raises(Refused):
        invite("ANI@desk.example")


def test_a_weak_password_leaves_the_link_as_it_was(app_context: Flask) -> None:
    token = invite()
    for password in ("", "short", "password1234", "aaaaaaaaaaaaaaaa", "ani123456789", "x" * 201):
        with pytest.raises(Refused) as refusal:
            accept(token, password=password)
        assert refusal.value.field == "password"
    assert accept(token).email == EMAIL


def test_a_closed_account_is_opened_again_with_nothing_of_the_old_one(app_context: Flask) -> None:
    known = store_account("owner", email=EMAIL)
    store_account("owner")
    old = accounts.find_by_email(known.email)
    before = old.fs_uniquifier
    accounts.deactivate(old.id, actor=COMMAND_LINE, now=clock.now())
    again = accept(invite(role="viewer"), password="another five words at least")
    assert again.id == old.id
    assert (again.role, again.active, again.tf_totp_secret, again.mf_recovery_codes) == (
        "viewer",
        True,
        None,
        [],
    )
    assert again.fs_uniquifier != before


def test_there_is_a_first_invitation_until_there_is_an_owner(app_context: Flask) -> None:
    first = token_in(invitations.ensure_first_invitation(now=clock.now()))
    second = token_in(invitations.ensure_first_invitation(now=clock.now()))
    with pytest.raises(Gone):
        accept(first, "Ani@desk.example")
    with pytest.raises(Refused) as refusal:
        accept(second, "not an address")
    assert refusal.value.field == "email"
    owner = accept(second, "Ani@desk.example")
    assert (owner.email, owner.role) == (EMAIL, "owner")
    assert invitations.ensure_first_invitation(now=clock.now()) is None


def test_without_an_active_owner_there_is_one_again(app_context: Flask) -> None:
    store_account("organizer")
    store_account("owner", active=False)
    assert invitations.ensure_first_invitation(now=clock.now()) is not None


def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(app: Flask, client: CheckingClient) -> None:
    with app.app_context():
        token = token_in(invitations.ensure_first_invitation(now=clock.now()))
    page = client.get(f"/admin/welcome/{token}")
    typed = {"email": EMAIL, "password": PASSWORD, "password_confirm": "something else"}
    answer = client.submit(page, typed)
    assert answer.status_code == 422
    assert "The two passwords are not the same." in Page(answer.text).text
    assert next(Page(answer.text).elements("input", name="email")).get("value") == EMAIL
    assert PASSWORD not in answer.text
    with app.app_context():
        assert accounts.listed() == []


def test_pages_of_links_that_do_not_work(app: Flask, client: CheckingClient) -> None:
    with app.app_context():
        token = invite()
        accept(token)
    assert client.get(f"/admin/welcome/{token}").status_code == 410
    assert client.get(f"/admin/welcome/{'x' * 43}").status_code == 404


def test_looking_changes_nothing(app: Flask, client: CheckingClient) -> None:
    with app.app_context():
        token = invite()
    for _look in range(5):
        assert client.get(f"/admin/welcome/{token}").status_code == 200
        assert client.head(f"/admin/welcome/{token}").status_code == 200
    with app.app_context():
        assert accept(token).email == EMAIL
