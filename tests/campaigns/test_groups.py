"""Groups in an audience: for each office one rule counts, the first that it belongs to."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app import clock
from app.campaigns import audience, rules
from app.campaigns.audience import Asked
from app.campaigns.groups import ALIKE_IN, belongs, checked_group, first_rule, offices_by_rule
from app.campaigns.models import AudienceMember, Campaign
from app.campaigns.reading import audience_of, campaigns_writing_to
from app.database import db
from app.errors import NotFound, Refused
from app.letters.confirming import confirm
from app.letters.launching import missing
from app.recipients.models import Recipient
from tests.factories.campaigns import KEY, TemplateFactory, add_group, store_campaign, thanks_letter
from tests.factories.letters import copies, write_and_confirm, write_and_find_token
from tests.factories.recipients import ClosedOfficeFactory, OfficeFactory

WHO = "organizer:00000000-0000-0000-0000-000000000001"
IDS = [uuid.UUID(int=number) for number in range(4)]
LEVELS, COUNTRIES = ("national", "local"), ("CH", "FR")

groups = st.fixed_dictionaries(
    {}, optional={"level": st.sampled_from(LEVELS), "country": st.sampled_from(COUNTRIES)}
).filter(bool)
offices = st.builds(
    lambda number, level, country: Recipient(id=IDS[number], level=level, country=country),
    st.integers(0, 3),
    st.sampled_from(LEVELS),
    st.sampled_from(COUNTRIES),
)


@st.composite
def audiences(draw: st.DrawFn) -> list[AudienceMember]:
    """Rules for single offices and for groups, their places in any order."""
    told = draw(st.lists(st.one_of(st.sampled_from(IDS), groups), max_size=6))
    places = draw(st.permutations(range(len(told))))
    return [
        AudienceMember(
            position=place,
            recipient_id=one if isinstance(one, uuid.UUID) else None,
            group_of=one if isinstance(one, dict) else None,
        )
        for place, one in zip(places, told, strict=True)
    ]


@given(audiences(), offices)
def test_the_rule_that_counts_is_about_the_office_and_none_before_it_is(
    ruled: list[AudienceMember], office: Recipient
) -> None:
    rule = first_rule(ruled, office)
    about = sorted((one for one in ruled if belongs(office, one)), key=lambda one: one.position)
    assert (rule is None) == (not about)
    if rule is not None:
        assert rule is about[0]
        assert all(one.position > rule.position for one in about[1:])


@pytest.mark.parametrize("group", [{}, None, {"country": ""}, {"party": "x"}, {"level": False}, "local"])
def test_a_group_is_told_by_what_its_offices_have_in_common(app_context: Flask, group: object) -> None:
    with pytest.raises(Refused):
        checked_group(group)


def stored(slug: str) -> Campaign:
    db.session.rollback()
    return db.session.scalars(select(Campaign).where(Campaign.slug == slug)).one()


def asked(slug: str) -> dict[str, str]:
    """Return what is asked of each office of a campaign, in their order."""
    found = audience_of(db.session, stored(slug), "en", day=clock.now().date())
    assert len({office.slug for office in found}) == len(found)
    return {office.slug: office.ask for office in found}


@pytest.fixture
def slug(app_context: Flask) -> str:
    """A campaign that writes to the office “own” by its own rule; there are others of its kind."""
    slug = store_campaign([OfficeFactory.build(slug="own", level="local")])
    others = {
        "a": {"level": "local"},
        "b": {"level": "local", "country": "FR"},
        "c": {"level": "local", "accepts": "constituents"},
        "d": {"level": "national"},
    }
    db.session.add_all(OfficeFactory.build(slug=name, title=name, **more) for name, more in others.items())
    db.session.add(ClosedOfficeFactory.build(slug="closed", level="local"))
    db.session.commit()
    return slug


OWN, TOGETHER = "Open the sluice.", "Ask together."


def test_an_offices_own_rule_counts_where_it_stands_before_the_groups(slug: str) -> None:
    add_group(slug, level="local")
    assert asked(slug) == {"own": OWN, "a": TOGETHER, "b": TOGETHER}


def test_and_the_groups_counts_where_that_stands_first(slug: str) -> None:
    rule_id = add_group(slug, before=True, level="local")
    assert asked(slug) == {"a": TOGETHER, "b": TOGETHER, "own": TOGETHER}
    own = next(rule.id for rule in stored(slug).audience if rule.recipient_id)
    rules.move_up(stored(slug).id, own, seen=2, actor=WHO, now=clock.now())
    assert asked(slug)["own"] == OWN
    rules.move_up(stored(slug).id, rule_id, seen=1, actor=WHO, now=clock.now())
    assert asked(slug)["own"] == OWN, "who saw it as the first clicked twice, or late"
    rules.remove_group(stored(slug).id, rule_id, actor=WHO, now=clock.now())
    assert asked(slug) == {"own": OWN}
    with pytest.raises(NotFound):
        rules.remove_group(stored(slug).id, own, actor=WHO, now=clock.now())


def test_the_database_finds_the_same_rule_for_each_office(slug: str) -> None:
    add_group(slug, country="FR", level="local")
    add_group(slug, level="local")
    add_group(slug, country="CH")
    campaign = stored(slug)
    found = {recipient_id: rule.id for rule, recipient_id in offices_by_rule(db.session, campaign)}
    open_to_all = select(Recipient).where(Recipient.status == "open", Recipient.accepts == "public")
    expected = {
        office.id: rule.id
        for office in db.session.scalars(open_to_all)
        if (rule := first_rule(campaign.audience, office)) is not None
    }
    assert found == expected
    assert len(set(expected.values())) == 4


def test_an_office_that_gets_its_own_rule_comes_before_its_group(slug: str) -> None:
    add_group(slug, level="local")
    office = db.session.scalars(select(Recipient).where(Recipient.slug == "a")).one()
    own = Asked(template_key=KEY, ask="Alone.", ask_text="I ask you alone.", preselected=True, offered=True)
    audience.set_asked(stored(slug).id, office.id, own, language="en", actor=WHO, now=clock.now())
    assert asked(slug) == {"own": OWN, "a": "Alone.", "b": TOGETHER}


def test_letters_to_a_group_are_written(slug: str) -> None:
    add_group(slug, level="local")
    write_and_confirm(slug)
    assert {copy.state for copy in copies()} == {"queued"}
    assert len(copies()) == 3
    assert "I ask all of you alike." in copies()[1].text
    office = db.session.scalars(select(Recipient).where(Recipient.slug == "a")).one()
    assert [page.slug for page in campaigns_writing_to(office.id, "en", today=clock.now().date())] == [slug]


def test_the_office_of_a_group_that_closed_before_the_letter_was_confirmed(slug: str) -> None:
    add_group(slug, level="local")
    token = write_and_find_token(slug)
    office = db.session.scalars(select(Recipient).where(Recipient.slug == "a")).one()
    office.status, office.closed_on = "closed", clock.now().date()
    db.session.commit()
    confirm(token, now=clock.now())
    assert sorted((copy.state, copy.reason) for copy in copies())[0] == ("held", "office closed")


def test_a_group_needs_an_office_and_a_letter_that_asks(app_context: Flask) -> None:
    slug = store_campaign(
        [OfficeFactory.build(level="local")], templates=[TemplateFactory.build(), thanks_letter()]
    )

    def save(key: str = KEY, **common: str) -> None:
        ask = Asked(template_key=key, ask="x", ask_text="y", preselected=False, offered=True)
        rules.save_group(stored(slug).id, None, common, ask, language="en", actor=WHO, now=clock.now())

    for refused in (
        lambda: save(level="state"),
        lambda: save(key="thanks", level="local"),
        lambda: save(key="none", level="local"),
    ):
        with pytest.raises(Refused):
            refused()
    save(level="local")
    with pytest.raises(Refused):
        save(level="local")
    assert [rule.position for rule in rules.in_order(stored(slug))] == [0, 1]
    add_group(slug, level="state")
    assert "No office belongs to the group “state”." in missing(
        db.session, stored(slug), "en", now=clock.now()
    )


def test_whatever_a_group_can_have_in_common_is_a_column_of_offices() -> None:
    assert {column.key for column in ALIKE_IN.values()} <= {c.key for c in Recipient.__table__.columns}
