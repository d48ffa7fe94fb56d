"""The write page: the form, its preview, sending it, and what it refuses."""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import db, transaction
from app.i18n import countries
from app.letters.models import Letter
from app.security.rate_limits import hit
from app.supporters.models import Supporter
from tests.factories.campaigns import TemplateFactory, days_from, store_campaign
from tests.factories.evidence import ContentRuleFactory
from tests.factories.letters import OWN_WORDS, copies, notices
from tests.factories.recipients import ClosedOfficeFactory, OfficeFactory
from tests.factories.storage import counts, everything
from tests.factories.threads import at_once
from tests.factories.visitor import Visitor, complaints, papers, typed_in, whole_form
from tests.support.client import CheckingClient
from tests.support.pages import Page
from tests.support.poppler import Poppler, words_of


@pytest.fixture
def visitor(app_context: Flask, client: CheckingClient) -> Visitor:
    """Somebody before a campaign with two open offices and one that was closed."""
    offices = [
        OfficeFactory.build(slug="first"),
        OfficeFactory.build(slug="second"),
        ClosedOfficeFactory.build(slug="closed"),
    ]
    return Visitor(client, store_campaign(offices))


def test_the_form_opens_with_every_open_office_chosen(visitor: Visitor) -> None:
    page = visitor.opens_form()
    form = page.form(field="personal_message")
    offered = [box.get("value") for box in form.controls if box.get("name") == "recipients"]
    assert offered == ["first", "second"]
    assert typed_in(visitor.page)["recipients"] == offered
    assert "closed" not in papers(visitor.page.text)
    assert page.by_id("errors") is None


def test_a_whole_form_is_acknowledged_and_one_mail_goes_out(visitor: Visitor) -> None:
    answer = visitor.sends(email="Mariam@People.example", updates="y")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/campaigns/{visitor.slug}/sent")
    assert visitor.client.get(answer.headers["Location"]).status_code == 200
    (mail,) = notices()
    assert mail.envelope_to == "Mariam@people.example"
    assert {copy.state for copy in copies()} == {"awaiting_confirmation"}


def test_only_the_chosen_offices_are_written_to(visitor: Visitor) -> None:
    visitor.sends(recipients=["second"])
    assert len(copies()) == 1


def test_every_field_arrives_as_it_was_typed(visitor: Visitor) -> None:
    typed = {
        "name": "Մարիամ O’Brien-Müller",
        "title": "Dr.",
        "affiliation": "Ассоциация «Мост»",
        "city": "Saint-Étienne",
        "region": "Auvergne-Rhône-Alpes",
        "postal_code": "42000",
        "country": "FR",
    }
    visitor.sends(**typed)
    person = db.session.scalars(select(Supporter)).one()
    assert {name: getattr(person, name) for name in typed} == typed
    assert person.language == "en"


CANNOT_BE_CHOSEN = {
    "none": [],
    "unknown": ["nowhere"],
    "closed": ["closed"],
    "one bad among good": ["first", "nowhere", "second"],
    "one closed among good": ["first", "closed"],
    "thousands": [f"office-{number}" for number in range(3000)],
}


@pytest.mark.parametrize("chosen", CANNOT_BE_CHOSEN.values(), ids=CANNOT_BE_CHOSEN.keys())
@pytest.mark.backends("sqlite")  # on both databases in tests/letters
def test_offices_that_cannot_be_chosen_are_refused_and_the_form_is_kept(
    visitor: Visitor, chosen: list[str]
) -> None:
    before = everything()
    answer = visitor.forges(recipients=chosen, name="Ani Գրող", city="Lyon")
    assert answer.status_code == 422
    assert list(complaints(answer)) == ["recipients"]
    kept = typed_in(answer)
    assert (kept["name"], kept["city"], kept["personal_message"]) == (
        "Ani Գրող",
        "Lyon",
        OWN_WORDS.replace("\n", "\r\n"),
    )
    assert set(kept.get("recipients", [])) == {"first", "second"} & set(chosen)
    assert everything() == before


@pytest.mark.seeded
def test_a_minsk_group_co_chair_is_history_and_cannot_be_written_to(
    app_context: Flask, client: CheckingClient
) -> None:
    visitor = Visitor(client, "bring-them-home")
    page = visitor.opens_form()
    assert "osce-minsk-cochair-france" not in visitor.page.text
    assert "osce-chairman-in-office" in {box.get("value") for box in page.elements("input")}
    before = everything()
    answer = visitor.forges(recipients=["un-hrc-president", "osce-minsk-cochair-france"])
    assert answer.status_code == 422
    assert "takes no letters any more" in complaints(answer)["recipients"]
    assert everything() == before
    assert "30 November 2025" in Page(client.get("/campaigns/bring-them-home").text).text


@pytest.mark.seeded
def test_a_letter_to_all_offices_of_the_first_campaign(app_context: Flask, client: CheckingClient) -> None:
    letter = Visitor(client, "bring-them-home").writes_and_confirms()
    states = Page(client.get(letter).text).states
    assert states == {
        "un-hrc-president": "queued",
        "un-high-commissioner": "queued",
        "osce-chairman-in-office": "queued",
        "us-secretary-of-state": "queued",
    }


def test_what_is_missing_is_said_at_each_field_and_the_rest_is_kept(visitor: Visitor) -> None:
    answer = visitor.sends(
        name="", email="", city=" ", country="", personal_message="", consent=[], title="Dr."
    )
    assert answer.status_code == 422
    said = complaints(answer)
    assert list(said) == ["personal_message", "name", "email", "country", "city", "consent"]
    assert all(said.values())
    page = Page(answer.text)
    for field in said:
        control = page.by_id(field)
        assert control is not None
        assert control.get("aria-invalid") == "true", field
        assert f"{field}-error" in (control.get("aria-describedby") or ""), field
    assert typed_in(answer)["title"] == "Dr."
    assert "letters" not in counts()


def test_addresses_that_cannot_be_right_are_refused_with_the_reason(visitor: Visitor) -> None:
    reasons = {
        "nobody": "@-sign",
        "two@at@people.example": "@",
        "@people.example": "before the @-sign",
        "someone@": "after the @-sign",
        "someone@people": "period",
        "some one@people.example": "space",
        "some..one@people.example": "period",
        "someone@people..example": "period",
        "someone@-people.example": "hyphen",
        "someone@localhost": "",
        "someone@[127.0.0.1]": "",
        '"quoted words"@people.example': "",
        "a" * 65 + "@people.example": "too long",
        "someone@" + "x" * 250 + ".example": "",
        "someone@people.example\nBcc: victim@people.example": "",
        "someone@people.example, other@people.example": "",
        "Some One <someone@people.example>": "",
        "some\x00one@people.example": "",
        "some\u202eone@people.example": "",
    }
    for address, reason in reasons.items():
        with (
            visitor.client.unchecked()
        ):  # a control sent back in a field is no valid HTML, and is kept all the same
            answer = visitor.forges(email=address)
        assert answer.status_code == 422, address
        assert list(complaints(answer)) == ["email"], address
        assert reason in complaints(answer)["email"].casefold(), address
        assert typed_in(answer)["email"].replace("\ufffd", "\x00") == address, address
    assert "letters" not in counts()


def test_addresses_that_are_unusual_and_right_are_taken(visitor: Visitor) -> None:
    addresses = [
        "  spaces.around@people.example ",
        "UPPER@PEOPLE.EXAMPLE",
        "o'brien+letters@people.example",
        "անի@people.example",
        "someone@münchen.example",
        "someone@xn--mnchen-3ya.example",
        "a" * 64 + "@people.example",
    ]
    for address in addresses:
        answer = visitor.forges(email=address)
        assert answer.status_code == 303, complaints(answer)
    assert counts()["letters"] == len(addresses)


def test_a_country_that_is_none_is_refused_and_every_real_one_taken(visitor: Visitor) -> None:
    for wrong in ("XX", "fr", "FRA", "EU", "Ֆր", "F\x00", "A" * 300):
        answer = visitor.forges(country=wrong)
        assert answer.status_code == 422, wrong
        assert list(complaints(answer)) == ["country"], wrong
    offered = {code for code, _name in countries("en")}
    assert {"AM", "AZ", "FR", "US", "CH", "GB", "XK"} <= offered
    assert len(offered) == 250


def test_without_javascript_the_preview_button_shows_what_will_be_sent(visitor: Visitor) -> None:
    answer = visitor.previews(recipients=["second"], name="", consent=[])
    assert answer.status_code == 200
    assert list(papers(answer.text)) == ["second"]
    assert OWN_WORDS in papers(answer.text)["second"]
    assert "[your name]" in papers(answer.text)["second"]
    assert Page(answer.text).by_id("errors") is None
    assert typed_in(answer)["personal_message"].replace("\r\n", "\n") == OWN_WORDS
    assert counts().keys().isdisjoint({"letters", "supporters", "deliveries"})


def test_the_preview_alone_is_a_piece_of_the_page(visitor: Visitor) -> None:
    form = visitor.opens_form().form(field="personal_message")
    values = form.filled(whole_form(), "preview")
    with visitor.client.unchecked():  # it is no page of its own
        answer = visitor.client.post(
            visitor.write_path, data=dict(values), headers={"X-Redress-Fragment": "preview"}
        )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert OWN_WORDS in answer.text


def test_what_can_never_be_sent_is_pointed_out_in_the_preview_already(visitor: Visitor) -> None:
    with visitor.client.unchecked():  # the control comes back in its field, which is no valid HTML
        answer = visitor.forges(button="preview", personal_message="hidden \u202e words", name="")
    assert answer.status_code == 422
    assert list(complaints(answer)) == ["personal_message"]
    assert papers(answer.text) == {}


def test_a_machine_that_fills_the_hidden_field_is_answered_alike_and_nothing_is_stored(
    visitor: Visitor,
) -> None:
    before = everything()
    answer = visitor.forges(website="https://spam.example")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/campaigns/{visitor.slug}/sent")
    assert everything() == before


def test_sending_the_same_form_again_is_the_same_letter(visitor: Visitor) -> None:
    visitor.opens_form()
    values = whole_form()
    first, again = visitor.sends(**values), visitor.sends(**values)
    assert first.status_code == again.status_code == 303
    assert first.headers["Location"] == again.headers["Location"]
    assert counts()["letters"] == 1
    assert len(notices()) == 1
    visitor.opens_form()
    assert visitor.sends(**values).status_code == 303
    assert counts()["letters"] == 2


def test_whoever_goes_back_to_correct_the_address_gets_a_mail_there(visitor: Visitor) -> None:
    visitor.opens_form()
    values = whole_form(email="slip@people.example")
    assert visitor.sends(**values).status_code == 303
    corrected = whole_form(email="right@people.example")
    told = visitor.sends(**corrected)  # the browser went back: it is the same form still
    assert told.status_code == 422
    assert "You sent this letter before you changed it" in Page(told.text).text
    assert typed_in(told)["email"] == "right@people.example"
    assert len(notices()) == 1
    again = visitor.client.submit(told, {"consent": "y"}, button="send", field="personal_message")
    assert again.status_code == 303
    assert [mail.envelope_to for mail in notices()] == ["slip@people.example", "right@people.example"]
    assert counts()["letters"] == 2


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_eight_posts_of_one_form_at_the_front_door_make_one_letter(visitor: Visitor) -> None:
    page = visitor.opens_form().form(field="personal_message")
    cookie = visitor.page.headers["Set-Cookie"].partition(";")[0]

    def post(values: list[tuple[str, str]]) -> int:
        client = visitor.client.application.test_client(use_cookies=False)
        return client.post(visitor.write_path, data=dict(values), headers={"Cookie": cookie}).status_code

    app = visitor.client.application
    for turn in range(1, 4):
        values = [(k, v) for k, v in page.filled(whole_form(), "send") if k != "submission_key"]
        values.append(("submission_key", str(uuid.uuid4())))
        assert at_once(8, app, partial(post, values)) == [303] * 8
        assert counts()["letters"] == turn


def test_a_forged_submission_key_is_replaced_and_the_letter_taken(visitor: Visitor) -> None:
    for key in ("", "x", "0" * 32, "{}", "6f1c2a52", "ա" * 36, "\x00" * 36):
        with visitor.client.unchecked():
            assert visitor.forges(submission_key=key).status_code == 303, key
    assert counts()["letters"] == 7
    assert len({letter.submission_key for letter in db.session.scalars(select(Letter))}) == 7


def test_an_intent_that_is_none_is_refused(visitor: Visitor) -> None:
    for intent in ("", "delete", "SEND", "send\x00"):
        assert visitor.forges(intent=intent).status_code == 400, intent
    assert "letters" not in counts()


def test_a_language_without_a_letter_is_refused_in_the_form(visitor: Visitor) -> None:
    for language in ("hy", "xx-xx-xx", "en\x00", "../../etc/passwd", "l" * 5000, "_", "en_US.UTF-8@x"):
        with visitor.client.unchecked():
            answer = visitor.forges(language=language)
        assert answer.status_code == 422, language
        assert list(complaints(answer)) == ["language"], language
    assert "letters" not in counts()


def test_a_campaign_without_an_english_letter_is_written_in_the_one_there_is(
    app_context: Flask, client: CheckingClient
) -> None:
    templates = [TemplateFactory.build(language="fr", body="J’écris.\n\n{{ personal }}\n")]
    visitor = Visitor(client, store_campaign([OfficeFactory.build(slug="one")], templates=templates))
    visitor.opens_form()
    assert typed_in(visitor.page)["language"] == "fr"
    visitor.writes_and_confirms()
    assert "J’écris." in copies()[0].text


def test_a_campaign_that_takes_no_letters_has_no_form(app_context: Flask, client: CheckingClient) -> None:
    now = clock.now()
    open_campaign = Visitor(client, store_campaign())
    open_campaign.opens_form()
    form = Page(open_campaign.page.text).form(field="personal_message").filled(whole_form(), "send")
    not_begun = store_campaign(opens_on=days_from(now, 1))
    cases = {
        410: [store_campaign(status="closed"), store_campaign(closes_on=days_from(now, -1))],
        404: [store_campaign(status="draft"), not_begun, "unknown", "a%00b", "%FF", "%ED%A0%80", "x" * 3000],
    }
    before = everything()
    for status, slugs in cases.items():
        for slug in slugs:
            path = f"/campaigns/{slug}/write"
            assert client.get(path).status_code == status, slug
            assert client.head(path).status_code == status, slug
            assert client.post(path, data=dict(form)).status_code == status, slug
            assert client.get(f"/campaigns/{slug}/sent").status_code == status, slug
    assert everything() == before
    begins = Page(client.get(f"/campaigns/{not_begun}/write").text).text
    assert "takes letters from" in begins


def test_too_many_letters_from_one_network_are_told_to_wait(visitor: Visitor) -> None:
    for _letter in range(119):
        with transaction() as session:
            hit(session, "letters", "198.51.100.0/24", window=timedelta(hours=1), now=clock.now())
    form = visitor.opens_form().form(field="personal_message")

    def post(address: str) -> tuple[int, str | None]:
        values = {**dict(form.filled(whole_form(), "send")), "submission_key": str(uuid.uuid4())}
        answer = visitor.client.post(
            visitor.write_path, data=values, environ_overrides={"REMOTE_ADDR": address}
        )
        return answer.status_code, answer.headers.get("Retry-After")

    assert post("198.51.100.7")[0] == 303
    status, wait = post("198.51.100.8")
    assert status == 429
    assert 0 < int(wait or 0) <= 3600
    assert post("203.0.113.1")[0] == 303
    assert counts()["letters"] == 2


def test_a_field_that_the_letter_needs_is_asked_for(app_context: Flask, client: CheckingClient) -> None:
    templates = [TemplateFactory.build(body="As {{ supporter.title }} I write.\n\n{{ personal }}\n")]
    visitor = Visitor(client, store_campaign([OfficeFactory.build(slug="one")], templates=templates))
    assert papers(visitor.opens_form().html) == {}
    answer = visitor.sends()
    assert answer.status_code == 422
    assert list(complaints(answer)) == ["title"]
    assert "As Dr. I write." in papers(visitor.previews(title="Dr.").text)["one"]


POINTS = {
    "least": 1,
    "most": 2,
    "of": [{"key": key, "label": key.title(), "texts": [f"{key} it is."]} for key in ("well", "mill", "dam")],
}


@pytest.fixture
def chooser(app_context: Flask, client: CheckingClient) -> Visitor:
    """Somebody before a campaign with points, in two languages, that asks for ten words of one's own."""
    body = "{{ points }}\n\n{{ personal }}\n"
    templates = [
        TemplateFactory.build(body=body, points=POINTS, own_words=10),
        TemplateFactory.build(body=f"Oui.\n\n{body}", points=POINTS, own_words=10, language="fr"),
    ]
    return Visitor(client, store_campaign([OfficeFactory.build(slug="one")], templates=templates))


def test_points_are_chosen_in_an_order_and_the_page_begins_with_some(chooser: Visitor) -> None:
    page = chooser.opens_form()
    lists = [box for box in page.elements("select") if box.get("name") == "points"]
    assert len(lists) == 2
    paper = papers(chooser.page.text)["one"]
    assert sum(f"{key} it is." in paper for key in ("well", "mill", "dam")) == 2
    answer = chooser.forges(button="preview", points=["dam", "well"])
    paper = papers(answer.text)["one"]
    assert paper.index("dam it is.") < paper.index("well it is.")
    assert "mill" not in paper


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (["", ""], "at least one point"),
        (["well", "mill", "dam"], "at most 2 points"),
        (["well", "nowhere"], "does not belong"),
    ],
)
@pytest.mark.backends("sqlite")  # the form alone
def test_points_that_cannot_be_are_refused_in_plain_words(
    chooser: Visitor, points: list[str], said: str
) -> None:
    answer = chooser.forges(points=points, name="Ani Գրող")
    assert answer.status_code == 422
    assert said in complaints(answer)["points"]
    assert typed_in(answer)["name"] == "Ani Գրող"
    assert "letters" not in counts()


def test_a_letter_that_asks_for_more_words_has_a_short_way(chooser: Visitor) -> None:
    answer = chooser.sends(personal_message="My own three words.")
    assert answer.status_code == 422
    assert "at least 10, so far 4" in complaints(answer)["personal_message"]
    assert "tick the box" in complaints(answer)["personal_message"]
    assert chooser.forges(personal_message="My own three words.", brief="y").status_code == 303


def test_the_language_of_the_letter_is_chosen_among_those_that_are_offered(chooser: Visitor) -> None:
    chooser.writes_and_confirms(language="fr")
    assert "Oui." in copies()[0].text


def test_saying_it_differently_is_another_letter_with_all_that_was_typed(chooser: Visitor) -> None:
    chooser.opens_form()
    before = typed_in(chooser.page)["submission_key"]
    answer = chooser.sends(button="reword", name="Ani")
    assert answer.status_code == 200
    assert typed_in(answer)["submission_key"] != before
    assert typed_in(answer)["name"] == "Ani"


def test_words_that_may_do_harm_are_pointed_out_and_sent_all_the_same(chooser: Visitor) -> None:
    with transaction() as session:
        session.add(ContentRuleFactory.build())
    own = "Please help the hostages whom my whole family thinks of every day."
    answer = chooser.previews(personal_message=own)
    shown = Page(answer.text).text
    assert "hostages" in shown
    assert "You decide" in shown
    assert "in your own words" in shown
    chooser.writes_and_confirms(personal_message=own)
    assert copies()[0].state == "queued"


@pytest.mark.seeded
@pytest.mark.backends("sqlite")  # the files are looked at
def test_the_draft_resolution_can_be_downloaded(app_context: Flask, client: CheckingClient) -> None:
    page = Visitor(client, "bring-them-home").opens_form()
    (link,) = [one.get("href") for one in page.elements("a") if "/texts/" in (one.get("href") or "")]
    answer = client.get(link or "")
    assert answer.mimetype == "text/plain"
    assert "nineteen Armenian detainees" in answer.text
    assert client.get("/campaigns/bring-them-home/texts/draft-resolution.xx.txt").status_code == 404


def test_a_letter_is_seen_on_paper_before_it_is_sent(visitor: Visitor, poppler: Poppler) -> None:
    shown = papers(visitor.previews().text)
    before = everything()
    answer = visitor.sends(button="paper")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert poppler.letter(answer.data) == words_of(" ".join(shown.values()))
    assert everything() == before


def test_on_paper_there_is_nothing_to_see_without_an_office_or_with_what_can_never_be_sent(
    visitor: Visitor,
) -> None:
    kept = visitor.sends(button="paper", recipients=[])
    assert kept.mimetype == "text/html"
    assert typed_in(kept)["name"] == "Mariam Writer"
    assert visitor.sends(button="paper", name="\u202eMariam").status_code == 422
