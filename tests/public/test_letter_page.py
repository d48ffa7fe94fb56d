"""The supporter's own page."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.database import transaction
from app.delivery.models import Delivery
from tests.factories.campaigns import store_campaign
from tests.factories.deliveries import bring_to
from tests.factories.recipients import OfficeFactory
from tests.factories.storage import everything
from tests.factories.visitor import Visitor
from tests.support.client import CheckingClient
from tests.support.pages import Page


@pytest.fixture
def visitor(app_context: Flask, client: CheckingClient) -> Visitor:
    """Somebody before a campaign with two offices, one of which cannot be reached yet."""
    offices = [OfficeFactory.build(slug="reached"), OfficeFactory.build(slug="unreached", contacts=[])]
    return Visitor(client, store_campaign(offices))


def test_every_copy_is_there_with_its_state_in_words(visitor: Visitor) -> None:
    path = visitor.writes_and_confirms()
    page = Page(visitor.client.get(path).text)
    assert page.states == {"reached": "queued", "unreached": "held"}
    assert "no checked address at the moment" in page.text
    for state in ("sending", "accepted"):
        _bring("reached", state)
        page = Page(visitor.client.get(path).text)
        assert page.states == {"reached": state, "unreached": "held"}
    assert "delivered" not in page.text.casefold()


def _bring(slug: str, state: str) -> None:
    from app.recipients.models import Recipient

    with transaction() as session:
        copy = session.scalars(sa.select(Delivery).join(Recipient).where(Recipient.slug == slug)).one()
        bring_to(session, copy, state, now=clock.now())


def test_what_has_not_left_is_taken_back_by_one_button(visitor: Visitor) -> None:
    path = visitor.writes_and_confirms()
    _bring("reached", "sending")
    _bring("reached", "accepted")
    answer = visitor.client.submit(visitor.client.get(path), follow_redirects=True)
    page = Page(answer.text)
    assert page.states == {"reached": "accepted", "unreached": "cancelled"}
    assert "One copy was taken back." in page.text
    with pytest.raises(LookupError):  # there is nothing left that the button could do
        page.form("/letters")


def test_pressing_the_button_too_late_says_so(visitor: Visitor) -> None:
    path = visitor.writes_and_confirms()
    page = visitor.client.get(path)
    visitor.client.submit(page)
    before = everything()
    answer = visitor.client.submit(page, follow_redirects=True)
    assert "cannot be recalled" in Page(answer.text).text
    assert everything() == before


def test_the_page_belongs_to_whoever_has_the_link_and_to_nobody_else(visitor: Visitor) -> None:
    path = visitor.writes_and_confirms()
    answer = visitor.client.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    for wrong in (
        path[:-1],
        f"{path}A",
        "/letters/%00",
        visitor.confirmation_path().replace("/confirm", "/letters"),
    ):
        assert visitor.client.get(wrong).status_code == 404, wrong
        assert visitor.client.get(f"{wrong}/withdraw").status_code == 405, wrong
    token = dict(Page(answer.text).form("/letters").filled({}))
    before = everything()
    assert visitor.client.post(f"{path[:-1]}/withdraw", data=token).status_code == 404
    assert visitor.client.post(f"{path}/withdraw", data={}).status_code == 400
    odd = {**token, "recipient": "nowhere\x00"}
    assert visitor.client.post(f"{path}/withdraw", data=odd).status_code == 303
    assert everything() == before


def test_each_copy_is_printed_by_its_writer_and_by_nobody_else(visitor: Visitor) -> None:
    path = visitor.writes_and_confirms()
    links = [link for link in Page(visitor.client.get(path).text).links if link.endswith(".pdf")]
    assert len(links) == 2
    for link in links:
        answer = visitor.client.get(link)
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        assert answer.data.startswith(b"%PDF")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"].startswith("inline; filename=")
    delivery = links[0].rpartition("/")[2]
    visitor.opens_form()
    another = visitor.writes_and_confirms()
    for wrong in (f"{another}/{delivery}", f"{path[:-1]}/{delivery}", f"{path}/{uuid.uuid4()}.pdf"):
        assert visitor.client.get(wrong).status_code == 404, wrong
