"""Stopping updates: a person's button and a mail program's one click (RFC 8058), and nothing else."""

from __future__ import annotations

import pytest
from flask import Flask

from app import clock
from app.letters.updates.sending import send_update
from tests.factories.campaigns import store_campaign
from tests.factories.storage import everything
from tests.factories.updates import ask_for_news, news, stop_path, store_update
from tests.public.conftest import OutsideClient
from tests.support.pages import Page

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def path(app_context: Flask) -> str:
    """Return the link in an update that waits to leave."""
    slug, now = store_campaign(), clock.now()
    ask_for_news(slug, "reader@people.example")
    update = store_update(slug, sent=False)
    send_update(update.campaign_id, update.id, seen=update.edited_at, language="en", actor="test", now=now)
    return stop_path(news()[0])


def test_a_mail_program_stops_them_with_one_request(path: str, client: OutsideClient) -> None:
    answer = client.post(
        path, data=ONE_CLICK, headers={"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 200
    assert "You get no more news" in answer.text
    assert news()[0].state == "cancelled"
    assert client.post(path, data=ONE_CLICK).status_code == 200  # as often as it likes


def test_as_multipart_too(path: str, client: OutsideClient) -> None:
    assert client.post(path, data=ONE_CLICK, content_type="multipart/form-data").status_code == 200
    assert news()[0].state == "cancelled"


def test_a_person_presses_a_button_and_looking_changes_nothing(path: str, client: OutsideClient) -> None:
    before = everything()
    for _scanner in range(3):
        shown = client.get(path)
    client.head(path)
    assert (everything(), shown.headers["Cache-Control"]) == (before, "no-store")
    answer = client.submit(shown, action=path)
    assert "You get no more news" in answer.text
    with pytest.raises(LookupError):
        Page(client.get(path).text).form(path)


@pytest.mark.parametrize("data", [{}, {"List-Unsubscribe": "Two-Clicks"}, {"list-unsubscribe": "One-Click"}])
def test_anything_else_stops_nothing(path: str, client: OutsideClient, data: dict[str, str]) -> None:
    before = everything()
    with client.unchecked():
        assert client.post(path, data=data).status_code == 400
        token = dict(Page(client.get(path).text).form(path).filled({}))["csrf_token"]
        answer = client.post(
            path, data={**data, "csrf_token": token}, headers={"Origin": "https://a.example"}
        )
    assert answer.status_code == 403
    assert everything() == before


def test_no_other_page_takes_one_click(path: str, client: OutsideClient) -> None:
    with client.unchecked():
        for other in ("/offices/nothing/correct", "/replies/x", "/letters/x/withdraw"):
            assert client.post(other, data=ONE_CLICK).status_code == 400
            answer = client.post(other, data=ONE_CLICK, headers={"Origin": "https://mail.example"})
            assert answer.status_code == 403
