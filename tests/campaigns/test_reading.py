"""Campaigns as pages show them."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from app.campaigns.models import Campaign
from app.campaigns.reading import audience_of, find_campaign, holder_line, page_of, takes_letters
from app.campaigns.story import story_html
from app.campaigns.texts import in_language, text
from app.database import db
from app.errors import NotFound
from tests.factories.campaigns import CampaignFactory, store_campaign
from tests.factories.recipients import ClosedOfficeFactory, ContactFactory, HolderFactory, OfficeFactory

DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("status", "opens", "closes", "taken"),
    [
        ("live", None, None, True),
        ("live", DAY, DAY, True),
        ("live", date(2026, 11, 22), None, False),
        ("live", None, date(2026, 11, 20), False),
        ("closed", None, None, False),
        ("draft", None, None, False),
    ],
)
def test_when_a_campaign_takes_letters(
    status: str, opens: date | None, closes: date | None, taken: bool
) -> None:
    campaign: Campaign = CampaignFactory.build(status=status, opens_on=opens, closes_on=closes)
    assert takes_letters(campaign, DAY) is taken


def test_the_page_of_a_campaign_that_says_little(app_context: Flask) -> None:
    slug = store_campaign([], personal={}, consent={"version": "1", "letter": {"en": "I agree."}}, facts=[])
    page = page_of(find_campaign(db.session, slug), "en", today=DAY)
    assert (page.required, page.minimum_words, page.prompts, page.updates_text) == (False, 0, (), "")


def test_drafts_are_not_found(app_context: Flask) -> None:
    with pytest.raises(NotFound):
        find_campaign(db.session, store_campaign(status="draft"))


def test_offices_come_in_order_with_their_holders_of_the_day(app_context: Flask) -> None:
    before = HolderFactory.build(name="Before", starts_on=date(2020, 1, 1), ends_on=date(2026, 11, 20))
    since = HolderFactory.build(name="Since", starts_on=DAY)
    offices = [
        OfficeFactory.build(slug="z", holders=[before, since]),
        ClosedOfficeFactory.build(slug="a"),
        OfficeFactory.build(slug="m", holders=[], contacts=[ContactFactory.build(verified_at=None)]),
        OfficeFactory.build(slug="b", accepts="constituents"),
    ]
    campaign = find_campaign(db.session, store_campaign(offices))
    found = audience_of(db.session, campaign, "en", day=DAY)
    assert [office.slug for office in found] == ["z", "a", "m", "b"]
    assert [office.addressable for office in found] == [True, False, True, False]
    assert [office.holder_line for office in found][:3:2] == ["Since, since November 2026", ""]
    earlier = audience_of(db.session, campaign, "en", day=date(2026, 11, 20))
    assert earlier[0].holder_line == "Before, 2020 to 2026"
    assert found[2].addressee.contact is None


def test_terms_are_told_as_far_as_they_are_known(app_context: Flask) -> None:
    lines = [
        ((None, None), "Name"),
        ((date(2025, 1, 20), None), "Name, since January 2025"),
        ((None, date(2027, 8, 31)), "Name, until August 2027"),
        ((date(2024, 1, 1), date(2024, 12, 31)), "Name, 2024"),
        ((date(2024, 1, 1), date(2026, 12, 31)), "Name, 2024 to 2026"),
    ]
    for (starts, ends), line in lines:
        assert holder_line(HolderFactory.build(name="Name", starts_on=starts, ends_on=ends), "en") == line
    assert holder_line(None, "en") == ""
    assert holder_line(HolderFactory.build(name="", vacant=True), "en") == ""


def test_texts_come_in_the_nearest_language_there_is() -> None:
    texts = {"en": "English", "fr": "français"}
    assert [text(texts, language) for language in ("fr", "fr-CA", "fr_CA", "hy", "en")] == [
        "français",
        "français",
        "français",
        "English",
        "English",
    ]
    assert text({"hy": "հայերեն"}, "fr") == "հայերեն"
    assert text({}, "fr") == ""
    assert in_language({"en": ["a"]}, "fr") == ["a"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("One *two* **three**", "<p>One <em>two</em> <strong>three</strong></p>"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("[a](https://x.example)", '<a href="https://x.example" rel="noopener noreferrer">a</a>'),
        ("[a](javascript:alert(1))", "[a](javascript:alert(1))"),
        ("[a](data:text/html,x)", "[a](data:text/html,x)"),
        ("![a](https://x.example/a.png)", "<p></p>"),
        ("# Title", "Title"),
        ("<b onclick=x>y</b>", "&lt;b onclick=x&gt;"),
        ("", ""),
    ],
)
def test_an_organizers_text_becomes_harmless_html(written: str, shown: str) -> None:
    html = str(story_html(written))
    assert shown in html
    for never in ("<script", "<img", "onclick=x>y</b>", 'href="javascript', 'href="data'):
        assert never not in html
