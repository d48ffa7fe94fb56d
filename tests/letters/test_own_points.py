"""Points in the supporter's own words and wordings that they pick, on a letter's whole way."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign
from app.database import db, transaction
from app.errors import Refused
from app.letters import readdressing
from app.letters.confirming import confirm, look_at
from app.letters.dispatch import HOLDER_CHANGED
from app.letters.form_help import form_help
from app.letters.models import Letter
from app.letters.originality import originality_of
from app.letters.own_copies import own_copies
from app.letters.previewing import preview
from app.letters.retention import TEXT_KEPT, purge
from app.letters.retracting import waiting_that_state
from app.letters.snapshot import Snapshot, open_snapshot
from app.recipients.models import Recipient
from app.rendering.letter import cut
from app.rendering.points import Said
from tests.factories.campaigns import TemplateFactory, store_campaign
from tests.factories.evidence import FactFactory
from tests.factories.letters import (
    DraftFactory,
    copies,
    notices,
    write_and_confirm,
    write_and_find_token,
    write_letter,
)
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.letters.test_readdressing import WHO, change_holder, office, send

PLANTED = "Plantedwords: our well has {{ fact.wells.text }} and <b>no</b> water."
POINTS: dict[str, Any] = {
    "least": 1,
    "most": 2,
    "editable": True,
    "of": [
        {
            "key": "well",
            "label": "The well",
            "texts": ["The well is dry.", "Dry is the well.", "{{ fact.wells.text }}."],
        },
        {"key": "mill", "label": "The mill", "texts": ["The mill stands still."]},
    ],
}
BODY = "{{ wording.opening }}\n\n{{ points }}\n\n{{ recipient.ask }}\n\n{{ personal }}\n"
WORDINGS = {"opening": ["Hello there.", "Good day: {{ fact.wells.text }}.", "To begin with."]}
EDITED = {"appeal": Said({"points.well": 2}, {"points.well": PLANTED})}


@pytest.fixture
def slug(app_context: Flask) -> str:
    """Store a campaign whose letter can be edited and has wordings, to an office of Jordan Before."""
    with transaction() as session:
        session.add(FactFactory.build(key="wells"))
    templates = [TemplateFactory.build(body=BODY, points=POINTS, wordings=WORDINGS)]
    return store_campaign([office(slug="one")], templates=templates)


def today(slug: str) -> Snapshot:
    """Return the campaign as it is now."""
    return open_snapshot(slug, "en", day=clock.now().date())


def test_preview_confirmation_frozen_letter_own_mail_and_form_say_what_was_typed(slug: str) -> None:
    now = clock.now()
    draft = DraftFactory.build(recipients=("one",), points=("well",), said=EDITED)
    (shown,) = preview(today(slug), draft, now=now)
    (own,) = own_copies(today(slug), draft, now=now)
    asked = {name: getattr(draft, name) for name in ("points", "submission_key", "writer", "said")}
    token = write_and_find_token(slug, **asked)
    (pending,) = look_at(token, "en", now=now).letters
    confirm(token, now=now)
    (copy,) = copies()
    assert shown.text == pending.text == copy.text
    assert ("own", f"{PLANTED}\n\n") in [(one.kind, one.text) for one in shown.segments]
    assert all(text.count(PLANTED) == 1 for text in (shown.text, own.text))
    assert not any("is dry" in text or "Dry is" in text for text in (shown.text, own.text))
    form = ContactFactory.build(channel="web_form", value="https://office.example/write")
    helped = form_help(form, draft.writer, cut(copy.text, copy.subject), ask="", language="en")
    assert any(PLANTED in field.text for field in helped.fields)


def test_it_is_kept_sealed_told_in_no_notice_and_forgotten_with_the_text(
    app_context: Flask, slug: str
) -> None:
    now = clock.now()
    confirm(write_and_find_token(slug, points=("well",), said=EDITED), now=now)
    assert not any("Plantedwords" in mail.text for mail in notices())
    row = db.session.execute(sa.select(Letter.__table__)).one()
    assert b"Plantedwords" not in repr(tuple(row)).encode()
    assert row.edits_sealed is not None
    (letter,) = db.session.scalars(sa.select(Letter))
    assert letter.said == EDITED
    assert len(send(app_context).taken) == 1
    purge(now=now + TEXT_KEPT * 2)
    db.session.rollback()
    assert db.session.scalars(sa.select(Letter.edits_sealed)).one() is None


def test_a_new_holder_gets_the_same_letter_with_what_was_typed_and_picked(
    app_context: Flask, slug: str
) -> None:
    said = {"appeal": Said(EDITED["appeal"].picked | {"wording.opening": 3}, EDITED["appeal"].own)}
    confirm(write_and_find_token(slug, points=("well",), said=said), now=clock.now())
    before = copies()[0].text
    one = db.session.scalars(sa.select(Recipient)).one()
    change_holder(one)
    assert not send(app_context).taken
    readdressing.readdress(one.id, HOLDER_CHANGED, actor=WHO, now=clock.now())
    (after,) = copies()
    assert "After" in after.text
    assert after.text.partition("To begin with.")[1:] == before.partition("To begin with.")[1:]
    assert PLANTED in after.text


def test_abuse_in_a_point_holds_the_letter_and_is_told_before(slug: str) -> None:
    threat = {"appeal": Said({"points.well": 1}, {"points.well": "I know where you live, and I will come."})}
    token = write_and_find_token(slug, points=("well",), said=threat)
    assert look_at(token, "en", now=clock.now()).findings
    confirm(token, now=clock.now())
    assert (copies()[0].state, copies()[0].reason) == ("held", "words to be read first")


def test_other_words_or_another_wording_are_another_letter_and_the_same_are_the_same(slug: str) -> None:
    key = uuid.uuid4()
    writer = DraftFactory.build().writer
    again = {"submission_key": key, "writer": writer, "points": ("well",)}
    assert write_letter(slug, said=EDITED, **again).is_new
    assert not write_letter(slug, said=EDITED, **again).is_new
    for other in ({}, {"appeal": Said({"wording.opening": 1})}):
        with pytest.raises(Refused, match="before you changed it"):
            write_letter(slug, said=other, **again)


def test_own_words_in_a_point_count_as_own(slug: str) -> None:
    def share(**draft: Any) -> int:
        built = DraftFactory.build(
            recipients=("one",), points=("well",), submission_key=uuid.UUID(int=1), **draft
        )
        found = originality_of(today(slug).campaign.id, preview(today(slug), built, now=clock.now()))
        assert found is not None
        return found.own

    assert share(said=EDITED) > share()


def test_what_a_letter_states_follows_from_what_was_picked(slug: str) -> None:
    """Whatever the keys: only the letter whose supporter picked the text that states it, or none, is told."""
    stating = ({"points.well": 3}, {"wording.opening": 2})
    for picked in ({}, *stating):
        silent = {"points.well": 1, "wording.opening": 1} | picked
        write_and_confirm(slug, points=("well",), said={"appeal": Said(silent)})
    edited = Said({"points.well": 2, "wording.opening": 3}, EDITED["appeal"].own)
    write_and_confirm(slug, points=("well",), said={"appeal": edited})
    assert waiting_that_state("fact.wells") == len(stating)


@pytest.mark.backends("sqlite")  # no row is written
def test_languages_that_nobody_offers_take_no_room_in_memory(slug: str) -> None:
    snapshot, now = today(slug), clock.now()
    assert all(
        snapshot.passages(f"x{number}", now=now) is snapshot.passages("en", now=now) for number in range(3)
    )


def test_a_letter_whose_campaign_does_not_allow_it_stays_as_it_is(slug: str) -> None:
    closed = {name: part for name, part in POINTS.items() if name != "editable"}
    other = store_campaign(
        [OfficeFactory.build(slug="two")],
        templates=[TemplateFactory.build(body=BODY, points=closed, wordings=WORDINGS)],
    )
    draft = DraftFactory.build(recipients=("two",), points=("well",), said=EDITED)
    (shown,) = preview(today(other), draft, now=clock.now())
    assert "Plantedwords" not in shown.text
    assert "Dry is the well." in shown.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Campaign)) == 2
