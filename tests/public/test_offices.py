"""The pages of offices: what anybody may know of one, and how somebody proposes a correction."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import db, transaction
from app.delivery.models import Delivery
from app.public.briefly import BriefMemory
from app.recipients.corrections import AN_HOUR, Correction
from app.recipients.models import Recipient
from tests.factories.campaigns import store_campaign
from tests.factories.corrections import SOURCE, TEXT
from tests.factories.letters import write_and_confirm
from tests.factories.recipients import (
    ClosedOfficeFactory,
    ContactFactory,
    HolderFactory,
    OfficeFactory,
)
from tests.factories.storage import counts
from tests.factories.visitor import complaints
from tests.public.conftest import OutsideClient
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of
from tests.support.plugins.database import TimeTravel

POSTAL = {"street": "Quay 1\nTower", "city": "Geneva", "postal_code": "1201"}


def store(**fields: object) -> Recipient:
    """Store an office and return it. Needs an application context."""
    made: Recipient = OfficeFactory.build(**{"slug": "keeper", "title": "Keeper of the Seal", **fields})
    with transaction() as session:
        session.add(made)
    return made


def fresh(client: CheckingClient, path: str = "/offices/keeper") -> Page:
    """Fetch a page that may have been kept for a second, anew."""
    client.application.extensions["redress_pages"] = BriefMemory()
    answer = client.get(path)
    assert answer.status_code == 200, path
    return Page(answer.text)


def test_an_office_tells_what_it_is(app_context: Flask, client: CheckingClient) -> None:
    store(
        mandate="Keeps the seal.",
        jurisdiction="The whole valley",
        note="For organizers only.",
        checked_on=date(2026, 11, 1),
        sources=[
            {"label": "Its page", "url": "https://office.example/a", "checked_on": "2026-10-31"},
            {"label": "A bad one", "url": "javascript:alert(1)"},
        ],
    )
    page = fresh(client)
    assert page.heading == "Keeper of the Seal"
    for told in (
        "Assembly of Nations",
        "International · seat in Switzerland · The whole valley",
        "Keeps the seal.",
        "Anybody. It takes letters from the public.",
        "Last checked on November 1, 2026.",
        "Its page, read on October 31, 2026",
        "No campaign of this site has written to it.",
    ):
        assert told in page.text, told
    assert "For organizers" not in page.text
    assert "https://office.example/a" in page.links
    assert not [link for link in page.links if link.startswith("javascript")]
    assert "/offices/keeper/correct" in page.links


def test_holders_are_told_with_their_days_and_how_sure_we_are(
    app_context: Flask, client: CheckingClient, time_travel: TimeTravel
) -> None:
    time_travel(datetime(2026, 11, 21, 12, tzinfo=UTC))
    store(
        holders=[
            HolderFactory.build(name="Now", starts_on=date(2026, 1, 1)),
            HolderFactory.build(name="", vacant=True, starts_on=date(2025, 6, 1), ends_on=date(2025, 12, 31)),
            HolderFactory.build(
                name="Stood In", acting=True, starts_on=date(2025, 7, 1), ends_on=date(2025, 12, 31)
            ),
            HolderFactory.build(
                name="Before", starts_on=None, ends_on=date(2025, 5, 31), confidence="unverified"
            ),
            HolderFactory.build(
                name="Long Ago", starts_on=date(2001, 1, 1), ends_on=date(2002, 1, 1), confidence="medium"
            ),
        ]
    )
    page = fresh(client)
    terms = [text_of(item) for item in next(page.elements("ol")).iter("li")]
    assert terms == [
        "Now since January 1, 2026 · in office today",
        "Stood In July 1, 2025 to December 31, 2025 · acting",
        "Vacant June 1, 2025 to December 31, 2025",
        "Before until May 31, 2025 Not verified",
        "Long Ago January 1, 2001 to January 1, 2002 · rests on one source",
    ]
    assert "Who holds it today Now since January 1, 2026" in page.text


@pytest.mark.parametrize(
    ("holder", "told"),
    [
        (None, "Not known to us"),
        ({"name": "", "vacant": True}, "Nobody: the office is vacant"),
        ({"name": "Ani", "acting": True}, "Ani acting since"),
        ({"name": "Ani", "confidence": "unverified"}, "Not verified"),
    ],
)
def test_who_holds_it_today(
    app_context: Flask, client: CheckingClient, holder: dict[str, object] | None, told: str
) -> None:
    store(holders=[] if holder is None else [HolderFactory.build(**holder)])
    card = next(box for box in fresh(client).elements("div") if "sheet-card" in (box.get("class") or ""))
    assert told in text_of(card)


def test_no_address_is_shown_that_nobody_verified_and_no_email_at_all(
    app_context: Flask, client: CheckingClient
) -> None:
    store(
        confidence="high",
        contacts=[
            ContactFactory.build(value="harvest@office.example"),
            ContactFactory.build(value="doubtful@office.example", verified_at=None),
            ContactFactory.build(channel="web_form", value="https://office.example/form"),
            ContactFactory.build(channel="web_form", value="https://doubtful.example/form", verified_at=None),
            ContactFactory.build(channel="web_form", value="javascript:alert(1)"),
            ContactFactory.build(channel="post", value="", postal=POSTAL, country="CH"),
            ContactFactory.build(
                channel="post", value="", postal={**POSTAL, "street": "Doubtful 2"}, verified_at=None
            ),
            ContactFactory.build(
                channel="post", value="", postal={**POSTAL, "street": "Left 3"}, status="withdrawn"
            ),
            ContactFactory.build(
                channel="web_form", value="https://back.example", status="suspended", bounced_at=clock.now()
            ),
            ContactFactory.build(channel="post", value="", postal={"city": "Geneva"}, status="suspended"),
        ],
    )
    page = fresh(client)
    assert "@" not in page.html
    for hidden in ("doubtful", "Doubtful", "Left 3", "javascript:", "back.example"):
        assert hidden not in page.html, hidden
    assert "https://office.example/form" in page.links
    address = text_of(next(page.elements("address")))
    assert all(part in address for part in ("Keeper of the Seal", "Quay 1", "1201 Geneva", "SWITZERLAND"))
    assert "Verified on November 1, 2026. Letters from this site go there." in page.text
    assert "Not verified" not in page.text


def test_where_nothing_is_verified_the_page_says_so_once(app_context: Flask, client: CheckingClient) -> None:
    store(
        confidence="high",
        contacts=[
            *ContactFactory.build_batch(3, verified_at=None),
            ContactFactory.build(
                channel="web_form", value="https://back.example", status="suspended", bounced_at=clock.now()
            ),
            ContactFactory.build(channel="post", value="", postal={"city": "Geneva"}, status="suspended"),
        ],
    )
    page = fresh(client)
    ways = [text_of(item) for item in page.elements("dd") if item.find("p") is not None]
    assert ways == [
        "Known, and not used at the moment: something came back from there.",
        "Known, and not used at the moment: the organizers have put it aside.",
        "Not verified One is known, and not shown or used before somebody has checked it.",
    ]
    assert "back.example" not in page.html
    store(slug="silent", contacts=[ContactFactory.build(status="withdrawn")])
    assert "No way is known to us that somebody has verified." in fresh(client, "/offices/silent").text


@pytest.mark.parametrize(
    ("accepts", "told"),
    [("constituents", "Those whom it represents only."), ("cases", "takes no letters from the public")],
)
def test_where_there_is_no_letter_to_write_the_page_says_how_else(
    app_context: Flask, client: CheckingClient, accepts: str, told: str
) -> None:
    office = store(accepts=accepts, how_to_submit="By the form at https://office.example/cases.")
    store_campaign([office])
    page = fresh(client)
    assert told in page.text
    assert "By the form at https://office.example/cases." in page.text
    assert "https://office.example/cases" in page.links
    assert not [link for link in page.links if link.endswith("/write")]


def test_a_closed_office_says_when_why_and_who_came_after(app_context: Flask, client: CheckingClient) -> None:
    after = store()
    closed: Recipient = ClosedOfficeFactory.build(slug="closed", successor_id=after.id)
    with transaction() as session:
        session.add(closed)
    store_campaign([closed])
    page = fresh(client, "/offices/closed")
    assert "This office closed on November 30, 2025. Its mandate ended." in page.text
    assert "/offices/keeper" in page.links
    assert "Write to this office" not in page.text
    assert "Who held it last" in page.text


def test_letters_are_told_as_sums_and_few_of_them_as_few(app_context: Flask, client: CheckingClient) -> None:
    office = store()
    slug = store_campaign([office], title={"en": "Many"})
    store_campaign([office], title={"en": "Over"}, status="closed")
    store_campaign([office], title={"en": "A draft"}, status="draft")
    for taken, told in ((4, "fewer than 5 letters"), (5, "5 letters taken by its mail server")):
        for _letter in range(6 - len(_letters())):
            write_and_confirm(slug)
        _take(taken)
        page = fresh(client)
        (sums,) = (box for box in page.elements("dl") if box.get("class") == "sums")
        assert [text_of(line) for line in sums.iter("div")] == [
            f"Many {told}",
            "Over closed fewer than 5 letters",
        ]
    assert "A draft" not in page.text
    assert f"/campaigns/{slug}/write" in page.links
    assert "/admin" not in page.html


def _letters() -> list[Delivery]:
    db.session.rollback()
    letters = select(Delivery).where(Delivery.kind == "letter").order_by(Delivery.id)
    return list(db.session.scalars(letters))


def _take(count: int) -> None:
    ids = [delivery.id for delivery in _letters()][:count]
    with transaction() as session:
        session.execute(sa.update(Delivery).where(Delivery.id.in_(ids)).values(state="accepted", due_at=None))


def test_an_office_that_is_none(app_context: Flask, client: CheckingClient) -> None:
    store()
    for path in ("/offices/nothing", "/offices/nothing/correct", "/offices/nothing/corrected"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "There is no office of this name here." in Page(answer.text).text
    for odd in ("%00", "a%00b", "%FF", "%ED%A0%80", "ա", "..%2f..%2fetc", "x" * 5000):
        assert client.get(f"/offices/{odd}").status_code == 404, odd


def test_the_page_of_everybody_holds_nothing_of_anybody(app_context: Flask, client: CheckingClient) -> None:
    store()
    for path in ("/offices/keeper", "/offices"):
        own = fresh(client, path)
        assert "csrf" not in own.html
        assert "nonce" not in own.html
        assert "Set-Cookie" not in client.application.test_client().get(path).headers


def test_cards_and_letters_lead_to_the_office(app_context: Flask, client: CheckingClient) -> None:
    slug = store_campaign([store()])
    for path in (f"/campaigns/{slug}", f"/campaigns/{slug}/write", f"/letters/{write_and_confirm(slug)}"):
        assert "/offices/keeper" in Page(client.get(path).text).links, path
    assert f"/campaigns/{slug}" in fresh(client).links


def test_the_list_is_searched_by_whatever_spelling(app_context: Flask, client: CheckingClient) -> None:
    for name, variants in (("Stéphane Visconti", ["Visconte"]), ("Andrew Schofer", ["Andres Schofer"])):
        office: Recipient = OfficeFactory.build(
            level="state", holders=[HolderFactory.build(name=name, variants=variants)]
        )
        with transaction() as session:
            from app.recipients.search import refresh_search_text

            refresh_search_text(office)
            session.add(office)
    for query, name in (("visconte", "Stéphane Visconti"), ("ANDRES  schofer", "Andrew Schofer")):
        page = fresh(client, f"/offices?q={query}")
        assert "One office" in page.text
        assert name in page.text
    assert "2 offices" in fresh(client, "/offices").text
    assert "2 offices" in fresh(client, "/offices?level=state").text
    assert "No office fits" in fresh(client, "/offices?level=local").text
    for odd in (
        "level=burn",
        "page=-1",
        "page=x",
        "page=99999999999999999999",
        "q=%00%07",
        "q=" + "x+" * 900,
    ):
        assert client.get(f"/offices?{odd}").status_code == 200, odd


def test_the_list_has_pages(app_context: Flask, client: CheckingClient) -> None:
    with transaction() as session:
        session.add_all(OfficeFactory.build_batch(60))
    first, last = fresh(client, "/offices"), fresh(client, "/offices?page=3")
    assert "Page 1 of 3" in first.text
    assert len([link for link in first.links if link.startswith("/offices/")]) == 25
    assert len([link for link in last.links if link.startswith("/offices/")]) == 10


def test_a_correction_goes_to_the_organizers(app_context: Flask, client: OutsideClient) -> None:
    office = store()
    page = client.get("/offices/keeper/correct")
    assert {"text", "source"} <= Page(page.text).form(field="source").names
    assert not {"name", "email"} & Page(page.text).form(field="source").names
    for _click in range(2):
        answer = client.submit(page, {"text": f" {TEXT} ", "source": SOURCE}, field="source")
        assert (answer.status_code, answer.location) == (303, "/offices/keeper/corrected")
    assert "Thank you" in Page(client.get(answer.location or "").text).text
    (row,) = db.session.scalars(select(Correction))
    assert (row.recipient_id, row.text, row.source) == (office.id, TEXT, SOURCE)


def test_what_was_sent_and_then_changed_is_another_correction(
    app_context: Flask, client: OutsideClient
) -> None:
    store()
    page = client.get("/offices/keeper/correct")
    client.submit(page, {"text": TEXT, "source": SOURCE}, field="source")
    again = client.submit(page, {"text": "Something else is wrong, too.", "source": SOURCE}, field="source")
    assert again.status_code == 422
    assert "You sent this before you changed it." in Page(again.text).text
    assert client.submit(again, field="source").status_code == 303
    assert counts()["corrections"] == 2


BAD = {
    "empty": "",
    "blank": " \u2003 ",
    "short": "wrong!",
    "control": "be\x07ll rings for ever",
    "NUL": "nu\x00ll here, of all",
    "bidi": "a \u202eb c d e f g h i",
    "isolate": "a \u2066b\u2069 c d e f g h",
    "long": "long " * 500,
}


def test_what_cannot_be_taken_says_why_and_keeps_what_was_typed(
    app_context: Flask, client: OutsideClient
) -> None:
    store()
    page = client.get("/offices/keeper/correct")
    for what, typed in BAD.items():
        answer = client.submit(page, {"text": typed, "source": "The newspaper of 3 May"}, field="source")
        assert answer.status_code == 422, what
        assert list(complaints(answer)) == ["text"], what
        kept = dict(Page(answer.text).form(field="source").filled({}))
        assert kept["source"] == "The newspaper of 3 May"
        assert kept["text"].strip().startswith(typed.strip()[:2]), what
    answer = client.submit(page, {"text": TEXT, "source": ""}, field="source")
    assert list(complaints(answer)) == ["source"]
    assert "corrections" not in counts()


@pytest.mark.parametrize(
    "typed",
    [
        "Պաշտոնը փոխվել է մայիսին։",
        "Должность с мая занимает другой.",
        "<script>alert(1)</script>",
        "👩‍👩‍👧 {{ 7*7 }} %(x)s",
    ],
)
def test_any_script_is_taken(app_context: Flask, client: OutsideClient, typed: str) -> None:
    store()
    page = client.get("/offices/keeper/correct")
    assert client.submit(page, {"text": typed, "source": typed}, field="source").status_code == 303
    assert db.session.scalars(select(Correction.text)).one() == typed


def test_ten_megabytes_are_refused(app_context: Flask, client: OutsideClient) -> None:
    store()
    form = Page(client.get("/offices/keeper/correct").text).form(field="source")
    sent = dict(form.filled({"source": SOURCE})) | {"text": "x" * 10_000_000}
    assert client.post("/offices/keeper/correct", data=sent).status_code == 413
    assert "corrections" not in counts()


def test_forged_fields_are_no_failure(app_context: Flask, client: OutsideClient) -> None:
    store()
    form = Page(client.get("/offices/keeper/correct").text).form(field="source")
    whole = dict(form.filled({"text": TEXT, "source": SOURCE}))
    for key in ("", "x", "\x00", str(uuid.UUID(int=0)), "ա"):
        answer = client.post("/offices/keeper/correct", data=whole | {"submission_key": key})
        assert answer.status_code == 303, key
    without = {name: value for name, value in whole.items() if name != "csrf_token"}
    assert client.post("/offices/keeper/correct", data=without).status_code == 400


def test_a_program_that_fills_in_everything_is_told_nothing(
    app_context: Flask, client: OutsideClient
) -> None:
    store()
    form = Page(client.get("/offices/keeper/correct").text).form(field="source")
    sent = dict(form.filled({"text": TEXT, "source": SOURCE})) | {"website": "https://spam.example"}
    answer = client.post("/offices/keeper/correct", data=sent)
    assert (answer.status_code, answer.location) == (303, "/offices/keeper/corrected")
    assert "corrections" not in counts()


def test_a_network_that_sends_many_waits_and_keeps_its_words(
    app_context: Flask, client: OutsideClient, time_travel: TimeTravel
) -> None:
    time_travel(datetime(2026, 11, 21, 12, 5, tzinfo=UTC))
    store()
    outside = {"REMOTE_ADDR": "198.51.100.7"}
    for _time in range(AN_HOUR):
        page = client.get("/offices/keeper/correct")
        answer = client.submit(page, {"text": TEXT, "source": SOURCE}, field="source", environ_base=outside)
        assert answer.status_code == 303
    page = client.get("/offices/keeper/correct")
    late = client.submit(page, {"text": TEXT, "source": SOURCE}, field="source", environ_base=outside)
    assert late.status_code == 429
    assert 0 < int(late.headers["Retry-After"]) <= 3600
    assert dict(Page(late.text).form(field="source").filled({}))["text"] == TEXT
    assert counts()["corrections"] == AN_HOUR
    here = client.submit(page, {"text": TEXT, "source": SOURCE}, field="source")
    assert here.status_code == 303, "this machine is not counted"


def test_as_many_queries_for_many_offices_as_for_few(app_context: Flask, client: CheckingClient) -> None:
    """What a page asks does not grow with the offices, their holders, or the letters."""
    store_campaign([store()])
    few = {path: _queries(client, path) for path in ("/offices", "/offices?q=secretary", "/offices/keeper")}
    with transaction() as session:
        session.add_all(OfficeFactory.build_batch(200))
        keeper = session.scalars(select(Recipient).where(Recipient.slug == "keeper")).one()
        keeper.holders.extend(
            HolderFactory.build(starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))
            for year in range(1950, 2000)
        )
    many = {path: _queries(client, path) for path in few}
    assert many == few
    assert max(many.values()) <= 9


def _queries(client: CheckingClient, path: str) -> int:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        fresh(client, path)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    return len([statement for statement in seen if statement.startswith("SELECT")])


def test_the_clock_decides_who_holds_it(app_context: Flask, client: CheckingClient) -> None:
    today = clock.now().date()
    store(holders=[HolderFactory.build(name="Until Today", ends_on=today)])
    assert "Until Today" in fresh(client).text


def test_every_way_on_which_letters_go_is_told_by_its_name(
    app_context: Flask, client: CheckingClient
) -> None:
    office = store()
    slug = store_campaign([office], title={"en": "Many"})
    for _letter in range(17):
        write_and_confirm(slug)
    gone = ["posted"] * 7 + ["self_sent"] * 5 + ["accepted"] * 4 + ["cancelled"]
    with transaction() as session:
        for letter, state in zip(_letters(), gone, strict=True):
            row = session.get_one(Delivery, letter.id)
            row.state, row.due_at = state, None
    (sums,) = (box for box in fresh(client).elements("dl") if box.get("class") == "sums")
    assert text_of(sums) == "Many 7 letters posted 5 letters put into its form"
