"""The whole way of somebody who asks what is stored about them, in a browser without JavaScript."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import clock
from app.database import transaction
from app.letters.privacy import links as asking
from app.supporters.addresses import address_index
from app.supporters.silence import silence
from tests.factories.campaigns import store_campaign
from tests.factories.letters import WriterFactory, write_and_confirm
from tests.factories.privacy import links, own_token, token_for_own_data
from tests.factories.recipients import OfficeFactory
from tests.factories.replies import take_all
from tests.factories.storage import counts, everything
from tests.factories.visitor import complaints
from tests.public.conftest import OutsideClient
from tests.support.pages import Page
from tests.support.plugins.database import TimeTravel

ANI = "ani.writer@people.example"


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign for which Ani has written; one office has taken her letter, at the other one it is held."""
    offices = [OfficeFactory.build(title="Registrar"), OfficeFactory.build(contacts=[])]
    slug = store_campaign(offices)
    write_and_confirm(slug, updates=True, writer=WriterFactory.build(email=ANI, name="Ani Գրող", city="Lyon"))
    take_all(clock.now())
    return slug


def ask(client: OutsideClient, address: str, **other: str) -> TestResponse:
    """Fill in the form on the page about data."""
    return client.submit(client.get("/privacy"), {"email": address, **other}, field="email")


def path() -> str:
    """Return the path of Ani's link."""
    return f"/privacy/{token_for_own_data(ANI)}"


def test_the_whole_way(slug: str, client: OutsideClient) -> None:
    answer = ask(client, "Ani.Writer+anything@people.example")
    assert (answer.status_code, answer.location) == (303, "/privacy/asked")
    assert "Now look into your mailbox" in client.get(answer.location).text
    (mail,) = links(ANI)
    link = next(line for line in mail.text.splitlines() if "/privacy/" in line)
    own = client.get(link.removeprefix("http://127.0.0.1:8000"))
    assert own.status_code == 200
    shown = Page(own.text).text
    for part in ("Ani Գրող", ANI, "Water for the valley", "Registrar", "Accepted", "Held", "2026-11-01"):
        assert part in shown, part
    assert "cannot be recalled" in shown
    assert own.headers["Cache-Control"] == "no-store"

    taken = client.submit(own, action=f"{own.request.path}/export")
    assert taken.content_type == "application/json; charset=utf-8"
    assert taken.headers["Content-Disposition"].startswith("attachment; filename=")
    assert taken.headers["Cache-Control"] == "no-store"
    assert json.loads(taken.data)["who you said that you are"][0]["name"] == "Ani Գրող"

    before = counts()
    step = client.get(f"{own.request.path}/erase")
    assert f"{own.request.path}/erase" in Page(own.text).links
    told = Page(step.text).text
    assert "This cannot be undone" in told
    assert "One copy has not left" in told
    assert "One copy has left. It cannot be recalled" in told
    assert counts() == before
    done = client.submit(step, action=f"{own.request.path}/erase")
    assert done.status_code == 200
    assert "Everything about you is erased" in done.text
    assert "One copy was taken back" in Page(done.text).text
    assert "One copy had left, or may have" in Page(done.text).text

    again = client.submit(step, action=f"{own.request.path}/erase")
    for over in (again, client.get(own.request.path), client.get(f"{own.request.path}/erase")):
        assert over.status_code == 410
        assert "What this link led to is erased" in over.text
    assert links() == []
    assert ask(client, ANI).status_code == 303
    assert links() == [], "nobody is known there any more"


def test_the_answer_is_the_same_for_everybody(slug: str, client: OutsideClient) -> None:
    with transaction() as session:
        silence(session, address_index("quiet@people.example"), now=clock.now())
    answers = [ask(client, typed) for typed in (ANI, "nobody@people.example", "quiet@people.example")]
    assert len({(one.status_code, one.location, one.text) for one in answers}) == 1
    assert len({client.get("/privacy/asked").text.partition("<main")[2] for _one in answers}) == 1
    assert len(links()) == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "we send the link there"),
        ("ani", "cannot be right"),
        ("ani@", "cannot be right"),
        ("a\u202eni@people.example", "does not look like"),
        ("x" * 300 + "@people.example", "does not look like"),
    ],
)
def test_what_is_no_address_is_told_at_the_field(
    app_context: Flask, client: OutsideClient, typed: str, sentence: str
) -> None:
    answer = ask(client, typed)
    assert answer.status_code == 422
    assert sentence in complaints(answer)["email"]
    assert set(counts()) == {"content_version"}


def test_a_machine_that_fills_in_what_nobody_sees_is_told_nothing(slug: str, client: OutsideClient) -> None:
    answer = ask(client, ANI, website="https://spam.example")
    assert (answer.status_code, answer.location) == (303, "/privacy/asked")
    assert links() == []


def test_too_often_is_told_with_a_time(
    slug: str, client: OutsideClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "AN_HOUR_IN_ALL", 1)
    assert ask(client, "nobody@people.example").status_code == 303
    answer = ask(client, ANI)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "too often" in complaints(answer)["email"]
    assert links() == []


def test_looking_changes_nothing_and_scanners_erase_nothing(slug: str, client: OutsideClient) -> None:
    own = path()
    before = everything()
    for _scanner in range(5):
        for page in (own, f"{own}/erase"):
            assert client.get(page).status_code == 200
            client.head(page)
    assert client.get(f"{own}/export").status_code == 405
    assert everything() == before


def test_nothing_is_done_without_the_forms_token_or_from_elsewhere(slug: str, client: OutsideClient) -> None:
    own = path()
    token = dict(Page(client.get(own).text).form(f"{own}/export").filled({}))["csrf_token"]
    before = everything()
    for act in ("export", "erase"):
        assert client.post(f"{own}/{act}", data={}).status_code == 400
        evil = {"Origin": "https://evil.example"}
        assert client.post(f"{own}/{act}", data={"csrf_token": token}, headers=evil).status_code == 403
    assert everything() == before


def test_a_link_that_has_ended_says_so_and_a_wrong_one_is_none(
    slug: str, client: OutsideClient, time_travel: TimeTravel
) -> None:
    own = path()
    step = client.get(f"{own}/erase")
    page = client.get(own)
    time_travel(timedelta(minutes=31))
    before = everything()
    for over in (
        client.get(own),
        client.get(f"{own}/erase"),
        client.submit(step, action=f"{own}/erase"),
        client.submit(page, action=f"{own}/export"),
    ):
        assert over.status_code == 410
        assert "This link has ended" in over.text
        assert "/privacy#mine" in Page(over.text).links
    assert client.get(f"{own[:-1]}").status_code == 404
    assert client.get(f"{own}x/erase").status_code == 404
    assert everything() == before


def test_no_address_is_in_an_address_or_a_log(
    slug: str, client: OutsideClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    answer = ask(client, ANI)
    own = f"/privacy/{own_token(links(ANI)[0])}"
    done = client.submit(client.get(f"{own}/erase"), action=f"{own}/erase")
    for place in (answer.location, own, done.request.path, caplog.text):
        for datum in ("ani", "people.example", "Գրող"):
            assert datum not in place.casefold().replace(own.casefold(), "")
