"""Letters that supporters print or mail themselves: whole, counted once, nothing kept of their writers."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.letters.counting import taken_by, tally
from app.letters.own_sending import SENDINGS_AN_HOUR, OwnSending, OwnSendingMark
from app.letters.retention import purge
from app.recipients.models import Contact, Recipient
from app.security.rate_limits import RateWindow
from tests.factories.campaigns import store_campaign
from tests.factories.letters import OWN_WORDS
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.factories.storage import everything
from tests.factories.visitor import Visitor, complaints, papers, typed_in
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of
from tests.support.poppler import Poppler, words_of

POSTAL = {"street": "1 Long Street", "city": "Geneva", "postal_code": "1211"}
NOBODY = {"email": "", "consent": []}
"""What need not be told by those who send their letters themselves."""


@pytest.fixture
def visitor(app_context: Flask, client: CheckingClient) -> Visitor:
    """Somebody before a campaign: an office with mail and post, one with a form, one with no way at all."""
    offices = [
        OfficeFactory.build(
            slug="mail",
            contacts=[
                ContactFactory.build(value="desk+in@offices.example"),
                ContactFactory.build(channel="post", value="", postal=POSTAL, country="CH"),
            ],
        ),
        OfficeFactory.build(
            slug="form",
            contacts=[
                ContactFactory.build(
                    channel="web_form",
                    value="https://form.example/write",
                    form_fields=[
                        {"label": "Your full name", "holds": "name"},
                        {"label": "Telephone", "holds": "other"},
                        {"label": "Your message", "holds": "body", "limit": 160},
                    ],
                )
            ],
        ),
        OfficeFactory.build(slug="none", contacts=[ContactFactory.build(verified_at=None)]),
    ]
    return Visitor(client, store_campaign(offices))


def own(page: Page) -> dict[str, str]:
    """Return what stands in the fields to copy, by their ids."""
    boxes = (e for e in page.elements("input", "textarea") if "readonly" in e.attrib)
    return {e.get("id", ""): e.get("value") or (e.text or "") for e in boxes}


@pytest.mark.backends("sqlite", "postgresql")
def test_nothing_with_a_personal_datum_is_stored(visitor: Visitor) -> None:
    visitor.opens_form()
    before = everything()
    printed = visitor.sends(button="print", **NOBODY)
    assert (printed.status_code, printed.mimetype) == (200, "application/pdf")
    page = visitor.sends(button="own_mail", **NOBODY)
    assert page.status_code == 200
    assert everything() == before, "making letters stores nothing at all"
    for answer in (printed, page):
        assert answer.headers["Cache-Control"] == "no-store"

    # Whoever tells that they sent it leaves a number and a hash, from wherever they come.
    headers = {"REMOTE_ADDR": "203.0.113.9"}
    for slug in ("mail", "form"):
        page = visitor.client.submit(page, button=slug, field="submission_key", environ_base=headers)
        assert page.status_code == 200
    after = everything()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"own_sendings", "own_sending_marks", "rate_windows"}
    told = repr([after[name] for name in changed])
    for word in ("Mariam", "Lyon", "people.example", "203.0.113", "My grandmother", "well"):
        assert word not in told, word
    columns = {OwnSending: {"campaign_id", "recipient_id", "channel", "day", "count", "id"}}
    columns |= {OwnSendingMark: {"key_hash", "day", "id"}}
    columns |= {RateWindow: {"key", "started_at", "ends_at", "count", "id"}}
    for table, names in columns.items():
        assert set(table.__table__.columns.keys()) == names


def test_the_printed_letters_are_those_of_the_preview_without_our_footer(
    visitor: Visitor, poppler: Poppler
) -> None:
    shown = papers(visitor.previews().text)
    printed = visitor.sends(button="print", **NOBODY)
    words = words_of(poppler.text(printed.data))
    assert all(" ".join(line.split()) in words for line in OWN_WORDS.splitlines() if line)
    assert "1 Long Street" in words
    assert "1211 Geneva" in words
    assert "sent through" in " ".join(shown["mail"].split())
    assert "sent through" not in words


def test_a_mail_program_gets_the_letter_as_it_is_shown(visitor: Visitor) -> None:
    page = Page(visitor.sends(button="own_mail", **NOBODY).text)
    fields = own(page)
    (program,) = [link for link in page.links if link.startswith("mailto:")]
    assert unquote(urlsplit(program).path) == fields["mail-address"] == "desk+in@offices.example"
    query = parse_qs(urlsplit(program).query, strict_parsing=True)
    assert query["subject"] == [fields["mail-subject"]]
    assert query["body"][0].replace("\r\n", "\n").strip() == fields["mail-text"].strip()
    outside = [a for a in page.elements("a") if a.get("target") == "_blank"]
    assert len(outside) == 4
    assert {a.get("rel") for a in outside} == {"noreferrer noopener"}


def test_an_office_with_a_form_gets_field_by_field_and_one_without_a_way_is_told(visitor: Visitor) -> None:
    page = Page(visitor.sends(button="own_mail", **NOBODY).text)
    fields = own(page)
    assert fields["form-field-1"] == "Mariam Writer"
    assert "form-field-2" not in fields
    assert len(fields["form-field-3"]) <= 160
    assert "I ask you to have the sluice opened." in fields["form-field-3"]
    sections = {one.get("data-own"): text_of(one) for one in page.elements("li") if one.get("data-own")}
    assert "no e-mail address that somebody has checked" in sections["none"]
    assert "I have sent it" not in sections["none"]


def _counted(visitor: Visitor) -> tuple[int, list[object]]:
    db.session.rollback()
    campaign = db.session.scalars(select(Campaign.id)).one()
    offices = db.session.scalars(select(Recipient.id).order_by(Recipient.slug))
    return tally(campaign).own, [line.told for one in offices for line in taken_by(one, "en")]


def test_sent_counts_once_for_each_office_and_a_look_counts_nothing(visitor: Visitor) -> None:
    page = visitor.sends(button="own_mail", **NOBODY)
    assert "others see that letters are sent" in page.text
    for _again in range(3):
        answer = visitor.client.submit(page, button="mail", field="submission_key")
        assert "Sent by you" in answer.text
    visitor.client.get(visitor.write_path, query_string={"sent": "mail", "intent": "own_mail"})
    assert _counted(visitor)[0] == 1
    visitor.client.submit(answer, button="form", field="submission_key")
    assert _counted(visitor) == (2, [(), (), ()])
    campaign = visitor.client.get(f"/campaigns/{visitor.slug}")
    assert "sent by their writers without us" in campaign.text

    unknown = visitor.forges(button="own_mail", sent="nowhere", **NOBODY)
    assert unknown.status_code == 404
    assert visitor.client.submit(page, button="mail", field="submission_key").status_code == 200
    assert _counted(visitor)[0] == 2


def test_marks_are_deleted_after_a_week_and_the_count_stays(visitor: Visitor) -> None:
    page = visitor.sends(button="own_mail", **NOBODY)
    visitor.client.submit(page, button="mail", field="submission_key")
    assert not purge(now=clock.now() + timedelta(days=7)).marks
    assert purge(now=clock.now() + timedelta(days=8)).marks == 1
    assert _counted(visitor)[0] == 1


@pytest.mark.backends("sqlite")  # the limit itself is looked at on both
def test_one_network_cannot_count_without_end(visitor: Visitor) -> None:
    from app.security.rate_limits import hit

    page = visitor.sends(button="own_mail", **NOBODY)
    with transaction() as session:
        for _time in range(SENDINGS_AN_HOUR):
            hit(session, "own sendings", "203.0.113.0/24", window=timedelta(hours=1), now=clock.now())
    answer = visitor.client.submit(
        page, button="mail", field="submission_key", environ_base={"REMOTE_ADDR": "203.0.113.9"}
    )
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert own(Page(answer.text)), "the letters are still there"
    assert _counted(visitor)[0] == 0


@pytest.mark.backends("sqlite")
def test_what_is_missing_is_said_and_the_letter_can_be_changed(visitor: Visitor) -> None:
    for button in ("print", "own_mail"):
        answer = visitor.sends(button=button, name="", **NOBODY)
        assert answer.status_code == 422
        assert list(complaints(answer)) == ["name"]
    page = visitor.sends(button="own_mail", email="ani@people.example", consent=[])
    assert "ani@people.example" not in page.text
    back = visitor.client.submit(page, button="preview", field="submission_key")
    kept = typed_in(back)
    assert (kept["name"], kept["city"]) == ("Mariam Writer", "Lyon")
    assert kept["personal_message"] == OWN_WORDS.replace("\n", "\r\n")
    assert kept["recipients"] == ["mail", "form", "none"]


@pytest.mark.backends("sqlite")
def test_only_what_somebody_verified_is_handed_out(visitor: Visitor) -> None:
    with transaction() as session:
        for contact in session.scalars(select(Contact)):
            contact.verified_at = None
    page = visitor.sends(button="own_mail", **NOBODY)
    assert "offices.example" not in page.text
    assert "form.example" not in page.text


@pytest.mark.backends("sqlite")
def test_a_machine_gets_no_letters(visitor: Visitor) -> None:
    for button in ("print", "own_mail"):
        assert visitor.sends(button=button, website="x", **NOBODY).status_code == 303
