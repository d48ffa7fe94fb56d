"""Campaigns and their letters as organizers make and change them."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns import editing, versions
from app.campaigns.editing import CampaignTexts
from app.campaigns.models import Campaign, LetterTemplate, TemplateVersion
from app.campaigns.offering import offered_version
from app.campaigns.versions import LetterWords
from app.database import db
from app.errors import Refused
from app.letters import launching
from app.security.audit import AuditEntry, actor_of
from app.security.options import FOUR_EYES, switch
from tests.factories.campaigns import BODY, KEY, store_campaign

ANI, BEN = actor_of(uuid.uuid4()), actor_of(uuid.uuid4())
TEXTS = CampaignTexts(
    title="Water for the valley: now",
    summary="It has been dry since spring.",
    ask="That the sluice be opened.",
    story="It was closed in March.",
    prompts=("Why?",),
    words_needed=3,
    consent="Send my letters in my name.",
    updates="",
    opens_on=None,
    closes_on=date(2027, 1, 31),
    goal=100,
    hourly_limit=None,
)
WORDS = LetterWords(
    name="An appeal",
    subject="An appeal",
    body=BODY,
    points={},
    wordings={},
    shortest=None,
    longest=None,
    own_words=None,
)


def started(**changed: Any) -> Campaign:
    return editing.start_campaign(
        replace(TEXTS, **changed), row_id=uuid.uuid4(), language="en", actor=ANI, now=clock.now()
    )


def stored(campaign_id: uuid.UUID) -> Campaign:
    db.session.rollback()
    return db.session.get_one(Campaign, campaign_id)


def saved(
    campaign: Campaign, template_id: uuid.UUID | None = None, *, by: str = ANI, **said: Any
) -> uuid.UUID:
    words = replace(WORDS, **said)
    return versions.save_letter(campaign.id, template_id, words, language="en", actor=by, now=clock.now())


def history(template_id: uuid.UUID) -> list[TemplateVersion]:
    db.session.rollback()
    return list(db.session.get_one(LetterTemplate, template_id).versions)


def test_a_new_campaign_is_a_draft_with_an_address_of_its_own(app_context: Flask) -> None:
    first, second, armenian = started(), started(), started(title="Ջուր հովտին")
    assert [one.slug for one in (first, second)] == ["water-for-the-valley-now", "water-for-the-valley-now-2"]
    assert armenian.slug.isascii()
    assert stored(first.id).status == "draft"


def test_the_same_form_sent_twice_makes_one(app_context: Flask) -> None:
    row = uuid.uuid4()
    for _time in range(2):
        editing.start_campaign(TEXTS, row_id=row, language="en", actor=ANI, now=clock.now())
    assert len(db.session.scalars(select(Campaign)).all()) == 1


def test_other_languages_stay_and_consent_keeps_its_version_until_it_says_something_else(
    app_context: Flask,
) -> None:
    campaign = started()
    before = stored(campaign.id).consent["version"]

    def edit(texts: CampaignTexts, language: str, minutes: int) -> None:
        editing.edit_campaign(
            campaign.id,
            texts,
            language=language,
            seen=stored(campaign.id).edited_at,
            actor=ANI,
            now=clock.now() + timedelta(minutes=minutes),
        )

    edit(replace(TEXTS, title="Water"), "en", 5)
    assert stored(campaign.id).consent["version"] == before
    edit(replace(TEXTS, title="De l’eau", consent="Envoyez mes lettres."), "fr", 10)
    now = stored(campaign.id)
    assert now.title == {"en": "Water", "fr": "De l’eau"}
    assert now.consent["letter"]["en"] == TEXTS.consent
    assert now.consent["version"] != before


def test_nobody_overwrites_what_somebody_else_saved(app_context: Flask) -> None:
    campaign = started()
    seen = stored(campaign.id).edited_at
    later = clock.now() + timedelta(minutes=1)
    editing.edit_campaign(campaign.id, TEXTS, language="en", seen=seen, actor=BEN, now=later)
    with pytest.raises(Refused):
        editing.edit_campaign(campaign.id, TEXTS, language="en", seen=seen, actor=ANI, now=later)


def test_the_last_day_is_not_before_the_first(app_context: Flask) -> None:
    with pytest.raises(Refused) as refused:
        started(opens_on=date(2027, 2, 1))
    assert refused.value.field == "closes_on"


def test_every_save_that_says_something_new_is_a_version_that_never_changes(app_context: Flask) -> None:
    campaign = started()
    letter = saved(campaign)
    assert saved(campaign, letter) == letter
    saved(campaign, letter, body="Another text. {{ personal }}\n", by=BEN)
    first, second = history(letter)
    assert (first.number, first.body, first.made_by) == (1, BODY, ANI)
    assert (second.number, second.status, second.made_by) == (2, "draft", BEN)

    versions.restore(first.id, actor=ANI, now=clock.now())
    assert [(one.number, one.body) for one in history(letter)][2] == (3, BODY)
    assert history(letter)[2].status == "draft"


def test_who_wrote_it_does_not_publish_it_while_the_rule_is_kept(app_context: Flask) -> None:
    campaign = started()
    (version,) = history(saved(campaign))
    versions.ask_for_review(version.id, actor=ANI, now=clock.now())
    with pytest.raises(Refused):
        versions.ask_for_review(version.id, actor=ANI, now=clock.now())
    with pytest.raises(Refused):
        versions.publish(version.id, at=None, name="ani", actor=ANI, now=clock.now())
    versions.publish(version.id, at=None, name="ben", actor=BEN, now=clock.now())
    (published,) = history(version.template_id)
    assert (published.status, published.approved_by) == ("published", "ben")
    with pytest.raises(Refused):
        versions.publish(version.id, at=None, name="ben", actor=BEN, now=clock.now())

    switch(FOUR_EYES, False, actor=ANI, now=clock.now())
    saved(campaign, version.template_id, body="Another text. {{ personal }}\n")
    versions.publish(history(version.template_id)[1].id, at=None, name="ani", actor=ANI, now=clock.now())


def test_only_the_newest_version_is_published_and_at_a_time_that_comes(app_context: Flask) -> None:
    campaign = started()
    letter = saved(campaign)
    saved(campaign, letter, body="Another text. {{ personal }}\n")
    first, second = history(letter)
    now = clock.now()
    with pytest.raises(Refused):
        versions.publish(first.id, at=None, name="ben", actor=BEN, now=now)
    with pytest.raises(Refused):
        versions.publish(second.id, at=now - timedelta(hours=1), name="ben", actor=BEN, now=now)
    versions.publish(second.id, at=now + timedelta(hours=1), name="ben", actor=BEN, now=now)
    template = history(letter)[0].template
    assert offered_version(template, now=now) is None
    offered = offered_version(template, now=now + timedelta(hours=2))
    assert offered is not None
    assert offered.number == 2


def test_a_campaign_is_launched_when_nothing_is_missing_and_ended_once(app_context: Flask) -> None:
    campaign = started()
    missing = launching.missing(db.session, stored(campaign.id), "en", now=clock.now())
    assert missing == ["It writes to nobody: add an office."]
    with pytest.raises(Refused):
        launching.launch(campaign.id, language="en", actor=ANI, now=clock.now())

    slug = store_campaign(status="draft")
    ready = db.session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
    launching.launch(ready.id, language="en", actor=ANI, now=clock.now())
    assert stored(ready.id).status == "live"
    launching.end(ready.id, actor=ANI, now=clock.now())
    assert (stored(ready.id).status, stored(ready.id).closes_on) == ("closed", clock.now().date())
    with pytest.raises(Refused):
        launching.end(ready.id, actor=ANI, now=clock.now())
    told = [row.action for row in db.session.scalars(select(AuditEntry).order_by(AuditEntry.number))]
    assert told[-2:] == ["campaign.launched", "campaign.ended"]


def test_a_letter_that_cannot_be_worded_holds_a_launch_back_and_is_told_with_its_place(
    app_context: Flask,
) -> None:
    slug = store_campaign(status="draft")
    campaign = db.session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
    (template,) = campaign.templates
    assert template.key == KEY
    saved(campaign, template.id, body="I am {{ suporter.name }}.\n\n{{ personal }}\n")
    versions.publish(history(template.id)[-1].id, at=None, name="ben", actor=BEN, now=clock.now())
    (sentence,) = launching.missing(db.session, stored(campaign.id), "en", now=clock.now())
    assert "line 1, column 9" in sentence
    assert "supporter.name" in sentence
