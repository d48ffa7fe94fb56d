"""The link in the mail: looked at without change, confirmed once, declined; by people and by machines."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask

from app import clock
from tests.factories.campaigns import store_campaign
from tests.factories.letters import OWN_WORDS, copies, notices
from tests.factories.recipients import OfficeFactory
from tests.factories.storage import counts, everything
from tests.factories.threads import at_once
from tests.factories.visitor import Visitor, papers, whole_form
from tests.support.client import CheckingClient
from tests.support.pages import Page
from tests.support.plugins.database import TimeTravel

WEEK = timedelta(days=7)


@pytest.fixture
def visitor(app_context: Flask, client: CheckingClient) -> Visitor:
    """Somebody before a campaign with two offices."""
    offices = [OfficeFactory.build(slug="first"), OfficeFactory.build(slug="second")]
    return Visitor(client, store_campaign(offices))


@pytest.fixture
def link(visitor: Visitor) -> str:
    """The path of the link in the confirmation mail of a letter that was just written."""
    assert visitor.sends().status_code == 303
    return visitor.confirmation_path()


def test_fifty_scanners_and_fifty_heads_change_nothing_and_then_a_person_confirms(
    visitor: Visitor, link: str
) -> None:
    before = everything()
    for _time in range(50):
        assert visitor.client.get(link).status_code == 200
        assert visitor.client.head(link).status_code == 200
        visitor.client.options(link)
    visitor.client.get(f"{link}/decline")
    assert everything() == before
    answer = visitor.client.submit(visitor.client.get(link))
    assert answer.status_code == 303
    assert {copy.state for copy in copies()} == {"queued"}


def test_the_text_is_the_same_on_every_page_and_in_the_mail(visitor: Visitor) -> None:
    own = ".\nԲարև 👩‍👩‍👧‍👦 «мост» <b>&amp;</b> %(x)s\n\n" + "W" * 3000 + "\n  indented"
    previewed = papers(visitor.previews(personal_message=own).text)
    form = whole_form(personal_message=own)
    assert visitor.sends(**form).status_code == 303
    page = visitor.client.get(visitor.confirmation_path())
    shown = papers(page.text)
    answer = visitor.client.submit(page)
    letter = Page(visitor.client.get(answer.headers["Location"]).text)
    frozen = {office: copy.text for office, copy in zip(("first", "second"), copies(), strict=True)}
    on_own_page = ["".join(box.itertext()) for box in letter.elements("div", class_="paper")]
    assert previewed == shown == frozen
    assert on_own_page == list(frozen.values())
    assert all(own in text for text in frozen.values())


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_two_people_who_press_the_button_at_once_confirm_once(visitor: Visitor, link: str) -> None:
    cookie, token = _session_of(visitor, link)
    app = visitor.client.application

    def press() -> tuple[int, str]:
        client = app.test_client(use_cookies=False)
        answer = client.post(link, data={"csrf_token": token}, headers={"Cookie": cookie})
        return answer.status_code, answer.headers["Location"]

    answers = at_once(4, app, press)
    assert {status for status, _where in answers} == {303}
    assert len({where for _status, where in answers}) == 1
    assert counts()["state_changes"] == 1 + 2  # the mail's and one for each copy


def _session_of(visitor: Visitor, path: str) -> tuple[str, str]:
    page = visitor.client.get(path)
    (token,) = {
        control.get("value") or ""
        for form in Page(page.text).forms
        for control in form.controls
        if control.get("name") == "csrf_token"
    }
    stored = visitor.client.get_cookie("redress")
    assert stored is not None
    return f"redress={stored.value}", token


def test_a_used_link_leads_to_the_letter(visitor: Visitor, link: str) -> None:
    page = visitor.client.get(link)
    letter = visitor.client.submit(page).headers["Location"]
    before = everything()
    shown = visitor.client.get(link)
    assert shown.status_code == 410
    assert letter in Page(shown.text).links
    again = visitor.client.post(link, data=_token_only(page))
    assert (again.status_code, again.headers["Location"]) == (303, letter)
    declined = visitor.client.post(f"{link}/decline", data=_token_only(page) | {"never_again": "1"})
    assert (declined.status_code, declined.headers["Location"]) == (303, letter)
    assert visitor.client.get(f"{link}/decline").status_code == 410
    assert everything() == before


def _token_only(page: object) -> dict[str, str]:
    form = Page(page.text).form()  # type: ignore[attr-defined]
    return {name: value for name, value in form.filled({}) if name == "csrf_token"}


def test_an_expired_link_is_gone_and_says_what_to_do(
    visitor: Visitor, link: str, time_travel: TimeTravel
) -> None:
    data = _token_only(visitor.client.get(link))
    time_travel(WEEK - timedelta(minutes=1))
    assert visitor.client.get(link).status_code == 200
    time_travel(timedelta(minutes=2))
    # The form is older than the session: a fresh one comes with any page that has a form.
    data = _token_only(visitor.client.get(visitor.write_path)) or data
    before = everything()
    asked = partial(visitor.client.post, data=data)
    for answer in (
        visitor.client.get(link),
        asked(link),
        visitor.client.get(f"{link}/decline"),
        asked(f"{link}/decline"),
    ):
        assert answer.status_code == 410
        assert "seven days" in Page(answer.text).text
        assert OWN_WORDS.split("\n")[0] not in answer.text
    assert everything() == before


def test_an_altered_link_is_not_found(visitor: Visitor, link: str) -> None:
    data = _token_only(visitor.client.get(link))
    before = everything()
    for wrong in (
        link[:-1],
        f"{link}A",
        link.swapcase().replace("/CONFIRM", "/confirm"),
        "/confirm/%00",
        "/confirm/%ff%fe",
        "/confirm/" + "x" * 5000,
    ):
        assert visitor.client.get(wrong).status_code == 404, wrong
        assert visitor.client.post(wrong, data=data).status_code == 404, wrong
        assert visitor.client.get(f"{wrong}/decline").status_code == 404, wrong
        assert visitor.client.post(f"{wrong}/decline", data=data).status_code == 404, wrong
    assert everything() == before


def test_declining_asks_first_and_then_leaves_nothing(visitor: Visitor, link: str) -> None:
    page = visitor.client.get(f"{link}/decline")
    assert "letters" in counts()
    answer = visitor.client.submit(page)
    assert answer.status_code == 200
    assert (
        counts().keys().isdisjoint({"letters", "supporters", "consents", "deliveries", "silenced_mailboxes"})
    )
    assert visitor.client.get(link).status_code == 404


def test_declining_for_good_silences_the_mailbox(visitor: Visitor) -> None:
    visitor.sends(email="Me+x@people.example")
    page = visitor.client.get(f"{visitor.confirmation_path()}/decline")
    visitor.client.submit(page, {"never_again": "1"})
    assert counts()["silenced_mailboxes"] == 1
    visitor.opens_form()
    answer = visitor.sends(email="me@people.example")
    # The answer is that of every letter: it tells nothing about the address.
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/campaigns/{visitor.slug}/sent")
    assert notices() == []


def test_the_confirmation_page_is_kept_by_no_cache_and_found_by_no_search_engine(
    visitor: Visitor, link: str
) -> None:
    for path in (link, f"{link}/decline", "/confirm/none"):
        answer = visitor.client.get(path)
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["X-Robots-Tag"] == "noindex", path
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_confirming_needs_the_forms_token(visitor: Visitor, link: str) -> None:
    before = everything()
    for data in ({}, {"csrf_token": ""}, {"csrf_token": "forged"}):
        answer = visitor.client.post(link, data=data)
        assert answer.status_code == 400
        assert "did not arrive whole" in Page(answer.text).heading
    assert everything() == before


def test_a_link_is_good_at_another_machine_too(visitor: Visitor, link: str) -> None:
    # Written at a desk, confirmed on a telephone: no cookie of the first is needed.
    other = visitor.client.application.test_client()
    assert isinstance(other, CheckingClient)
    assert other.submit(other.get(link)).status_code == 303
    assert clock.now() > copies()[0].state_at
