"""What everybody may read: home, a campaign, what happens with data, and the pages for machines."""

from __future__ import annotations

import pytest
from flask import Flask

from app import clock
from app.public.briefly import BriefMemory
from tests.factories.campaigns import change_campaign, days_from, store_campaign
from tests.factories.evidence import FactFactory, store
from tests.factories.letters import WriterFactory, write_and_confirm, write_letter
from tests.factories.recipients import ClosedOfficeFactory, HolderFactory, OfficeFactory
from tests.factories.visitor import Visitor
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of


def fresh(client: CheckingClient, path: str) -> Page:
    """Fetch a page that may have been kept for a second, anew."""
    client.application.extensions["redress_pages"] = BriefMemory()
    return Page(client.get(path).text)


def test_home_lists_what_takes_letters_today(app_context: Flask, client: CheckingClient) -> None:
    now = clock.now()
    shown = store_campaign(title={"en": "Shown"})
    store_campaign(title={"en": "A draft"}, status="draft")
    store_campaign(title={"en": "Closed"}, status="closed")
    store_campaign(title={"en": "Not begun"}, opens_on=days_from(now, 1))
    store_campaign(title={"en": "Over"}, closes_on=days_from(now, -1))
    page = fresh(client, "/")
    articles = [text_of(article.find(".//h3")) for article in page.elements("article")]
    assert articles == ["Shown"]
    assert f"/campaigns/{shown}" in page.links


def test_home_without_a_campaign_says_so(app_context: Flask, client: CheckingClient) -> None:
    assert "No campaign is open at the moment" in fresh(client, "/").text


def test_a_campaign_tells_what_is_asked_of_whom_and_why(app_context: Flask, client: CheckingClient) -> None:
    store(FactFactory.build(key="wells"))
    store(FactFactory.build(key="rivers", statement={"en": "Withdrawn."}, status="withdrawn"))
    offices = [
        OfficeFactory.build(title="Keeper", holders=[HolderFactory.build(name="Maria Müller")]),
        ClosedOfficeFactory.build(title="Old board"),
    ]
    slug = store_campaign(
        offices, facts=["wells", "rivers", "unknown"], story={"en": "<script>x</script> **Why**"}
    )
    page = fresh(client, f"/campaigns/{slug}")
    assert page.heading == "Water for the valley"
    for told in [
        "That the sluice be opened.",
        "Keeper",
        "Maria Müller, since January 2025",
        "Open the sluice.",
        "Seven wells are dry.",
        "The survey",
        "Old board",
        "Its mandate ended.",
        "<script>x</script> Why",
    ]:
        assert told in page.text, told
    assert "Withdrawn." not in page.text
    assert f"/campaigns/{slug}/write" in page.links


def test_only_confirmed_letters_are_counted_in_public(app_context: Flask, client: CheckingClient) -> None:
    slug = store_campaign()
    write_letter(slug)
    assert "No letter has been confirmed yet" in fresh(client, f"/campaigns/{slug}").text
    write_and_confirm(slug, writer=WriterFactory.build(country="AM"))
    assert "2 letters confirmed, written by one person" in fresh(client, f"/campaigns/{slug}").text


def test_a_closed_campaign_stays_as_a_record_without_a_button(
    app_context: Flask, client: CheckingClient
) -> None:
    slug = store_campaign()
    change_campaign(slug, status="closed")
    page = fresh(client, f"/campaigns/{slug}")
    assert "This campaign is closed" in page.text
    assert f"/campaigns/{slug}/write" not in page.links


def test_a_draft_and_an_unknown_campaign_look_the_same(app_context: Flask, client: CheckingClient) -> None:
    draft, unknown = (
        client.get(f"/campaigns/{store_campaign(status='draft')}"),
        client.get("/campaigns/unknown"),
    )
    assert draft.status_code == unknown.status_code == 404
    assert Page(draft.text).text == Page(unknown.text).text
    for odd in ("%00", "a%00b", "%FF", "%ED%A0%80", "ա", "..%2f..%2fetc", "x" * 5000):
        assert client.get(f"/campaigns/{odd}").status_code == 404, odd


def test_what_an_organizer_changes_is_seen_at_once(app_context: Flask, client: CheckingClient) -> None:
    visitor = Visitor(client, store_campaign())
    assert "Water for the valley" in visitor.opens_form().text
    change_campaign(visitor.slug, title={"en": "Light for the valley"})
    assert "Light for the valley" in visitor.opens_form().text
    assert "Light for the valley" in fresh(client, f"/campaigns/{visitor.slug}").text


def test_the_page_of_everybody_holds_nothing_of_anybody(app_context: Flask, client: CheckingClient) -> None:
    """It is kept for a second and shown to others: no message, no token, no nonce, no cookie."""
    slug = store_campaign()
    visitor = Visitor(client, slug)
    letter = visitor.writes_and_confirms()
    client.submit(client.get(letter))  # leaves a message for whatever page comes next
    path = f"/campaigns/{slug}"
    client.application.extensions["redress_pages"] = BriefMemory()
    own = client.get(path)
    stranger = client.application.test_client().get(path)
    assert "taken back" not in stranger.text
    assert "csrf" not in own.text
    assert "nonce" not in own.text
    assert own.text == stranger.text
    assert "Set-Cookie" not in stranger.headers


def test_pages_speak_whatever_language_a_browser_asks_for(app_context: Flask, client: CheckingClient) -> None:
    for languages in ("", "hy, ru;q=0.5", "en-GB", "*", "x" * 3000, "en;q=nan", ",;=", "fr-\x7f"):
        answer = client.get("/privacy", headers={"Accept-Language": languages})
        assert answer.status_code == 200, languages
        assert next(Page(answer.text).elements("html")).get("lang") == "en"


def test_the_pages_for_machines(app_context: Flask, client: CheckingClient) -> None:
    alive = client.get("/healthz")
    assert (alive.status_code, alive.json) == (200, {"status": "ok"})
    assert client.head("/healthz").status_code == 200
    assert "Set-Cookie" not in alive.headers


@pytest.mark.seeded
def test_the_campaign_page_is_light(app_context: Flask, client: CheckingClient) -> None:
    """Under 60 kB in all, uncompressed, without pictures (issue 2, Look)."""
    page = client.get("/campaigns/bring-them-home")
    loaded = {
        element.get("src") or element.get("href")
        for element in Page(page.text).elements("script", "link")
        if element.get("src") or element.get("rel") in {"stylesheet", "icon"}
    }
    sizes = {}
    for path in loaded:
        with client.get(path or "") as file:  # an answer that is a file stays open until it is closed
            sizes[path] = len(file.data)
    assert all(sizes.values())
    assert len(page.data) + sum(sizes.values()) < 60_000, sizes


@pytest.mark.seeded
def test_every_seeded_office_of_the_campaign_is_named_with_its_holder(
    app_context: Flask, client: CheckingClient
) -> None:
    page = Page(client.get("/campaigns/bring-them-home").text)
    offices = [office for office in page.elements("li") if (office.get("class") or "").startswith("office")]
    assert len(offices) == 14
    closed = [office for office in offices if "closed" in (office.get("class") or "")]
    assert len(closed) == 3
    assert all("30 November 2025" in text_of(office) for office in closed)
