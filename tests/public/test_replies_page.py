"""The page that asks what came back: GET changes nothing, and nobody needs an account or JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app import clock
from app.letters.replies.asking import ask_what_came_back
from app.letters.replies.telling import look_at_replies, tell_replies
from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm
from tests.factories.recipients import OfficeFactory
from tests.factories.replies import ANSWER, questions, take_all, token_of
from tests.factories.storage import everything
from tests.public.conftest import OutsideClient
from tests.support.pages import Page


@pytest.fixture
def path(app_context: Flask) -> str:
    """Return where somebody tells what came back from two offices."""
    now = clock.now()
    slug = store_campaign([OfficeFactory.build(slug="first"), OfficeFactory.build(slug="second")])
    before = now - timedelta(days=14)
    write_and_confirm(slug, now=before)
    take_all(before)
    assert ask_what_came_back(now=now) == 1
    return f"/replies/{token_of(questions()[0])}"


def chosen(page: Page) -> list[str]:
    """Return what is chosen on a page, office by office."""
    return [str(box.get("value")) for box in page.elements("input", type="radio") if "checked" in box.attrib]


def test_told_with_a_click_for_each_office_and_changed_later(path: str, client: OutsideClient) -> None:
    before = everything()
    for _scanner in range(3):
        shown = client.get(path)
    assert (everything(), shown.headers["Cache-Control"]) == (before, "no-store")
    page = Page(shown.text)
    assert chosen(page) == []
    first, second = dict.fromkeys(box.get("name") for box in page.elements("input", type="radio"))
    told = client.submit(shown, {str(first): "answered"}, action=path, follow_redirects=True)
    assert "It is noted" in told.text
    assert chosen(Page(told.text)) == ["answered"]
    told = client.submit(told, {str(first): "nothing", str(second): "acknowledged"}, action=path)
    assert told.status_code == 303
    assert chosen(Page(client.get(path).text)) == ["nothing", "acknowledged"]


def test_nothing_chosen_is_said_and_keeps_the_page(path: str, client: OutsideClient) -> None:
    answer = client.submit(client.get(path), action=path)
    assert answer.status_code == 422
    assert Page(answer.text).by_id("errors") is not None
    assert "for one office at least" in answer.text


@pytest.mark.parametrize("typed", [{"copy-x": "answered"}, {"copy-": "a"}])
def test_what_no_form_of_ours_sends_is_refused(
    path: str, client: OutsideClient, typed: dict[str, str]
) -> None:
    token = dict(Page(client.get(path).text).form(path).filled({}))["csrf_token"]
    answer = client.post(path, data={"csrf_token": token, **typed})
    assert answer.status_code == 422


def test_asked_no_more_after_one_button(path: str, client: OutsideClient) -> None:
    question = client.get(f"{path}/stop")
    before = everything()
    assert client.get(f"{path}/stop").status_code == 200
    assert everything() == before
    answer = client.submit(question, action=f"{path}/stop", follow_redirects=True)
    assert "You are not asked again" in answer.text
    assert "You are not asked again about any letter." in client.get(path).text
    with pytest.raises(LookupError):
        Page(answer.text).form("/stop")


def test_the_office_page_says_that_too_few_have_told(path: str, client: OutsideClient) -> None:
    assert "Too few of those who wrote to it" in client.get("/offices/first").text


def test_an_answer_is_shared_with_consent_and_taken_back(path: str, client: OutsideClient) -> None:
    token = path.rpartition("/")[2]
    (first, *_) = look_at_replies(token, "en").copies
    place = f"{path}/{first.id}"
    assert client.get(place).status_code == 404
    tell_replies(token, {first.id: "answered"}, now=clock.now())
    assert place in client.get(path).text
    form = client.get(place)
    before = everything()
    for typed, sentence in (
        ({"text": "No", "consent": "y"}, "Please paste the text of the answer."),
        ({"text": ANSWER}, "Please agree that organizers read"),
    ):
        answer = client.submit(form, typed, action=place)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert everything() == before
    answer = client.submit(form, {"text": ANSWER, "consent": "y"}, action=place, follow_redirects=True)
    assert "An organizer reads it before anybody else does" in answer.text
    assert client.submit(form, {"text": ANSWER, "consent": "y"}, action=place).status_code == 422
    gone = client.submit(client.get(place), action=f"{place}/take-back", follow_redirects=True)
    assert "It is deleted." in gone.text
    assert "Share its answer" in client.get(place).text


def test_the_letters_own_page_leads_there_once_it_was_asked(
    app_context: Flask, client: OutsideClient
) -> None:
    now, slug = clock.now(), store_campaign([OfficeFactory.build(slug="first")])
    page = f"/letters/{write_and_confirm(slug, now=now - timedelta(days=14))}"
    take_all(now - timedelta(days=14))
    assert "Did anything come back?" not in client.get(page).text
    ask_what_came_back(now=now)
    (link,) = [
        link for link in Page(client.get(page).text).elements("a") if "/replies/" in link.get("href", "")
    ]
    assert client.get(str(link.get("href"))).status_code == 200
