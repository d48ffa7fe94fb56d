"""Points, wordings, languages and tone on a letter's way: previewed, confirmed and frozen alike."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock
from app.campaigns.models import Campaign, TemplateVersion
from app.campaigns.offering import languages_offered
from app.database import db, transaction
from app.errors import RedressError, Refused
from app.letters.confirming import confirm, look_at
from app.letters.deciding import release_copy
from app.letters.models import Letter
from app.letters.originality import originality_of
from app.letters.previewing import preview
from app.letters.readdressing import readdress
from app.letters.snapshot import open_snapshot
from tests.factories.campaigns import MADE, TemplateFactory, change_campaign, store_campaign
from tests.factories.evidence import ContentRuleFactory
from tests.factories.letters import (
    DraftFactory,
    WriterFactory,
    copies,
    write_and_confirm,
    write_and_find_token,
    write_letter,
)
from tests.factories.recipients import OfficeFactory

POINTS = {
    "least": 1,
    "most": 3,
    "of": [
        {"key": key, "label": key.title(), "texts": [f"{key} said so.", f"{key}, said otherwise."]}
        for key in ("well", "mill", "dam", "pond")
    ],
}
BODY = "{{ wording.opening }}\n\n{{ points }}\n\n{{ personal }}\n"
WORDINGS = {"opening": ["Hello there.", "Good day.", "To begin with."]}


def store_letters(**fields: Any) -> str:
    """Store a campaign whose letter has points and wordings."""
    templates = [TemplateFactory.build(body=BODY, points=POINTS, wordings=WORDINGS)]
    return store_campaign([OfficeFactory.build(slug="one")], templates=templates, **fields)


def test_preview_confirmation_and_frozen_letter_say_the_same_in_the_same_order(app_context: Flask) -> None:
    slug, now = store_letters(), clock.now()
    draft = DraftFactory.build(recipients=("one",), points=("pond", "well"))
    (shown,) = preview(open_snapshot(slug, "en", day=now.date()), draft, now=now)
    asked = {name: getattr(draft, name) for name in ("points", "submission_key", "writer")}
    token = write_and_find_token(slug, **asked)
    (pending,) = look_at(token, "en", now=now).letters
    confirm(token, now=now)
    assert shown.text == pending.text == copies()[0].text
    assert shown.text.index("pond") < shown.text.index("well")
    assert "mill" not in shown.text


def test_another_order_is_another_letter(app_context: Flask) -> None:
    slug, key = store_letters(), uuid.uuid4()
    write_letter(slug, submission_key=key, points=("well", "mill"))
    with pytest.raises(Refused, match="before you changed it"):
        write_letter(slug, submission_key=key, points=("mill", "well"))


def test_a_letter_without_points_gets_some_drawn(app_context: Flask) -> None:
    slug = store_letters()
    write_and_confirm(slug)
    assert any(key in copies()[0].text for key in ("well", "mill", "dam", "pond"))


def test_a_version_is_offered_from_its_hour_on(app_context: Flask) -> None:
    slug, now = store_letters(), clock.now()
    with transaction() as session:
        (template,) = session.scalars(sa.select(Campaign)).one().templates
        template.versions += [
            TemplateVersion(
                number=2,
                subject="x",
                body="Soon.\n\n{{ personal }}",
                status="published",
                publish_at=now + timedelta(hours=1),
                made_at=MADE,
                made_by="a test",
            ),
            TemplateVersion(
                number=3, subject="x", body="Draft.", status="draft", made_at=MADE, made_by="a test"
            ),
        ]
    change_campaign(slug)
    for hours, said in ((0, False), (1, True)):
        later = now + timedelta(hours=hours)
        (shown,) = preview(
            open_snapshot(slug, "en", day=later.date()), DraftFactory.build(recipients=("one",)), now=later
        )
        assert ("Soon." in shown.text) is said
        assert "Draft." not in shown.text


def test_what_a_machine_drafted_is_offered_once_a_person_approved_it(app_context: Flask) -> None:
    slug, now = store_letters(), clock.now()
    with transaction() as session:
        campaign = session.scalars(sa.select(Campaign)).one()
        drafted = TemplateFactory.build(language="hy", body="Բարև։\n\n{{ personal }}")
        drafted.versions[0].machine_drafted = True
        campaign.templates.append(drafted)
    campaign = db.session.scalars(sa.select(Campaign)).one()
    assert languages_offered(campaign, now=now) == ["en"]
    with transaction() as session:
        version = session.get_one(TemplateVersion, drafted.versions[0].id)
        version.approved_by, version.approved_at = "Anahit", now
    assert languages_offered(campaign, now=now) == ["en", "hy"]
    write_and_confirm(slug, language="hy")
    assert "Բարև։" in copies()[0].text


def test_a_campaign_of_drafts_has_no_letter(app_context: Flask) -> None:
    slug, now = store_letters(), clock.now()
    with transaction() as session:
        session.scalars(sa.select(TemplateVersion)).one().status = "review"
    with pytest.raises(RedressError, match="no letter"):
        preview(open_snapshot(slug, "en", day=now.date()), DraftFactory.build(recipients=("one",)), now=now)


def test_only_those_who_live_there_write_to_an_office_of_their_city(app_context: Flask) -> None:
    office = OfficeFactory.build(slug="one", accepts="constituents")
    slug = store_campaign([office], templates=[TemplateFactory.build(body="Hello.\n\n{{ personal }}")])
    with pytest.raises(Refused):
        write_letter(slug, recipients=("one",))
    with transaction() as session:
        session.scalars(sa.select(Campaign)).one().audience[0].only_from = {
            "country": "FR",
            "cities": ["Lyon"],
        }
    write_letter(slug, recipients=("one",))
    with pytest.raises(Refused, match="live there: Lyon"):
        write_letter(slug, recipients=("one",), writer=WriterFactory.build(city="Paris"))
    with pytest.raises(Refused, match="live there"):
        write_letter(slug, recipients=("one",), writer=WriterFactory.build(country="US", city=" LYON "))


def test_a_threat_is_held_until_somebody_has_read_it(app_context: Flask) -> None:
    slug, now = store_letters(), clock.now()
    write_and_confirm(slug, personal_message="I know where you live, and I will come.")
    (copy,) = copies()
    assert (copy.state, copy.reason) == ("held", "words to be read first")
    assert copy.recipient_id is not None
    with pytest.raises(Refused, match="Read each"):
        readdress(copy.recipient_id, copy.reason, actor="an organizer", now=now)
    release_copy(copy.id, actor="an organizer", now=now)
    assert copies()[0].state == "queued"


def test_words_that_are_only_pointed_out_hold_nothing(app_context: Flask) -> None:
    with transaction() as session:
        session.add_all([ContentRuleFactory.build(pattern={"en": word}) for word in ("hostages", "genocide")])
    token = write_and_find_token(store_letters(), personal_message="They are hostages of a genocide.")
    assert {found.word for found in look_at(token, "en", now=clock.now()).findings} == {
        "hostages",
        "genocide",
    }
    confirm(token, now=clock.now())
    assert copies()[0].state == "queued"


def test_originality_is_told_from_what_others_sent_without_keeping_their_words(app_context: Flask) -> None:
    slug, now = store_letters(), clock.now()
    for _letter in range(5):
        write_and_confirm(
            slug, personal_message="The very same words that everybody here has sent before me."
        )
    snapshot = open_snapshot(slug, "en", day=now.date())

    def told(own: str) -> tuple[int, int]:
        draft = DraftFactory.build(recipients=("one",), personal_message=own, points=("well",))
        found = originality_of(snapshot.campaign.id, preview(snapshot, draft, now=now))
        assert found is not None
        assert found.close is not None
        return found.own, found.close

    alike = told("The very same words that everybody here has sent before me.")
    apart = told("My uncle dug that well in the year of the great frost, with two neighbours and a mule.")
    assert alike[1] > apart[1]
    assert apart[0] > 50
    letter = db.session.scalars(sa.select(Letter)).first()
    assert letter is not None
    assert letter.sketches
    assert "same" not in str(letter.sketches)
