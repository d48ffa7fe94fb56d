"""Co-signing a joint letter: the form, the mail, the confirmation, one's own page, the public list."""

from __future__ import annotations

import pytest
from flask import Flask

from app.campaigns.models import Campaign
from app.database import db
from app.public import briefly
from tests.factories.campaigns import store_campaign
from tests.factories.joint import store_joint, token_for
from tests.factories.storage import counts
from tests.support.client import CheckingClient
from tests.support.pages import Page

TYPED = {
    "kind": "person",
    "name": "Ani Գրող",
    "email": "ani@people.example",
    "title": "Dr.",
    "affiliation": "University",
    "city": "Lyon",
    "country": "FR",
    "consent": "y",
    "public_name": "y",
}


@pytest.fixture
def slug(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> str:
    """A campaign whose joint letter can be signed; no page of it is kept."""
    monkeypatch.setattr(briefly, "SECONDS", 0.0)
    joint = store_joint(offices=2)
    return db.session.get_one(Campaign, joint.campaign_id).slug


def test_from_the_campaign_page_to_the_list_and_off_it_again(slug: str, client: CheckingClient) -> None:
    campaign = client.get(f"/campaigns/{slug}")
    assert f"/campaigns/{slug}/sign" in Page(campaign.text).links
    form = client.get(f"/campaigns/{slug}/sign")
    assert "A joint letter to the" in form.text
    answer = client.submit(form, TYPED, field="name")
    assert (answer.status_code, answer.location) == (303, f"/campaigns/{slug}/signed")
    assert client.get(answer.location).status_code == 200
    link = f"/signatures/confirm/{token_for('ani@people.example')}"
    page = client.get(link)
    assert "Ani Գրող, Dr., University, Lyon, France" in page.text
    assert "Ani" not in client.get(f"/campaigns/{slug}/signatures").text
    own = client.submit(page, action=link, follow_redirects=True)
    assert "Thank you. You have signed." in own.text
    assert client.get(link).status_code == 410
    listed = client.get(f"/campaigns/{slug}/signatures")
    assert "Ani Գրող, Dr., University, Lyon, France" in listed.text
    assert "ani@people.example" not in listed.text
    off = client.submit(own, action=f"{own.request.path}/off", follow_redirects=True)
    assert "Your name is off the letter" in off.text
    assert "Ani" not in client.get(f"/campaigns/{slug}/signatures").text


def test_what_is_missing_is_told_and_a_machine_is_told_nothing(slug: str, client: CheckingClient) -> None:
    form = client.get(f"/campaigns/{slug}/sign")
    answer = client.submit(form, TYPED | {"name": "", "kind": "organization"}, field="name")
    assert answer.status_code == 422
    assert "Please give your name" in answer.text
    answer = client.submit(form, TYPED | {"affiliation": "", "kind": "organization"}, field="name")
    assert "Please give the name of the organization." in answer.text
    answer = client.submit(form, TYPED | {"website": "https://spam.example"}, field="name")
    assert answer.status_code == 303
    assert "signatures" not in counts()


def test_who_did_not_sign_deletes_it_with_the_link(slug: str, client: CheckingClient) -> None:
    client.submit(client.get(f"/campaigns/{slug}/sign"), TYPED, field="name")
    link = f"/signatures/confirm/{token_for('ani@people.example')}"
    answer = client.submit(client.get(link), {"never_again": "1"}, action="/signatures/decline/")
    assert "The signature is deleted" in answer.text
    assert "signatures" not in counts()


def test_a_campaign_without_a_joint_letter_has_no_such_page(
    app_context: Flask, client: CheckingClient
) -> None:
    slug = store_campaign()
    assert "Joint letters" not in client.get(f"/campaigns/{slug}").text
    for page in ("sign", "signed", "signatures"):
        assert client.get(f"/campaigns/{slug}/{page}").status_code == 404
