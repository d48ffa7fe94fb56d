"""Asking for the link: who is written to, how often, and that nobody else can tell."""

from __future__ import annotations

import itertools
import statistics
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import clock
from app.database import db, transaction
from app.errors import NotFound, TooMany
from app.letters.privacy import links as asking
from app.letters.privacy.links import A_DAY, AN_HOUR, GOOD_FOR, PAUSE, LinkOver
from app.letters.privacy.models import PrivacyLink
from app.letters.privacy.showing import look_at_own_data
from app.letters.retention import purge
from app.security.tokens import hash_token
from app.supporters.addresses import address_index
from app.supporters.silence import silence
from tests.factories.campaigns import store_campaign
from tests.factories.joint import sign_and_confirm, sign_joint, store_joint
from tests.factories.letters import WriterFactory, write_and_confirm, write_letter
from tests.factories.privacy import ask, links, own_token, token_for_own_data
from tests.factories.storage import counts, everything
from tests.factories.threads import at_once

ANI = "ani.writer@people.example"
DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)


def known(address: str = ANI) -> str:
    """Let somebody write and confirm a letter."""
    write_and_confirm(store_campaign(), writer=WriterFactory.build(email=address))
    return address


def test_the_mail_holds_a_link_and_nothing_about_anybody(app_context: Flask) -> None:
    ask(known())
    (mail,) = links()
    assert mail.envelope_to == ANI
    link = f"http://127.0.0.1:8000/privacy/{own_token(mail)}"
    assert mail.text.count("http") == 2
    assert link in mail.text
    assert "30 minutes" in mail.text
    assert "Mariam" not in mail.text
    assert b"Auto-Submitted: auto-generated" in mail.wire
    assert "\nList-" not in mail.wire.decode()


def test_only_the_hash_of_the_token_is_kept(app_context: Flask) -> None:
    token = token_for_own_data(known())
    (row,) = db.session.scalars(sa.select(PrivacyLink))
    assert row.token_hash == hash_token(token)
    assert token not in repr(everything())


@pytest.mark.parametrize("typed", ["Ani.Writer@People.example", "ani.writer+shop@people.example"])
def test_one_mailbox_is_found_however_it_is_typed_and_written_to_as_it_was_confirmed(
    app_context: Flask, typed: str
) -> None:
    known()
    ask(typed)
    assert [mail.envelope_to for mail in links()] == [ANI]


def test_nobody_is_written_to_who_never_confirmed_anything(app_context: Flask) -> None:
    # Anybody can type a stranger's address into a form.
    slug, joint = store_campaign(), store_joint(offices=1)
    write_letter(slug, writer=WriterFactory.build(email=ANI))
    sign_joint(joint, email=ANI)
    before = counts() | {"rate_windows": 1}
    for address in (ANI, "stranger@people.example", "desk@group.example"):
        ask(address)
    assert links() == []
    assert counts() == before
    sign_and_confirm(joint, email=ANI)
    ask(ANI)
    assert len(links(ANI)) == 1


def test_the_address_of_a_group_that_sends_a_joint_letter_is_nobodys_own(app_context: Flask) -> None:
    from app.letters.joint.dispatch import dispatch

    joint = store_joint(offices=1, reply_to="desk@group.example")
    sign_and_confirm(joint)
    dispatch(joint.campaign_id, joint.id, after=0, actor="test", now=clock.now())
    ask("desk@group.example")
    assert links() == []


def test_who_asked_never_to_be_written_to_is_not(app_context: Flask) -> None:
    known()
    with transaction() as session:
        silence(session, address_index(ANI), now=clock.now())
    ask(ANI)
    assert links() == []


def test_three_a_day_and_a_pause_between(app_context: Flask) -> None:
    known()
    now = clock.now()
    table = [
        (timedelta(), 1),
        (MOMENT, 1),  # pressed twice
        (PAUSE - MOMENT, 1),
        (PAUSE, 2),
        (2 * PAUSE, A_DAY),
        (3 * PAUSE, A_DAY),
        (DAY - MOMENT, A_DAY),
        (DAY, A_DAY + 1),  # the first one is a day ago
        (DAY + PAUSE, A_DAY + 2),
    ]
    for after, mails in table:
        ask(ANI, now=now + after)
        assert len(links()) == mails, after


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 36 * 60), max_size=25).map(sorted))
def test_whenever_it_is_asked_no_day_has_more_than_three(app_context: Flask, minutes: list[int]) -> None:
    with transaction() as session:
        for table in ("privacy_links", "rate_windows"):
            session.execute(sa.text(f"DELETE FROM {table}"))
    db.session.rollback()
    if not counts().get("supporters"):
        known()
    start = clock.now()
    for minute in minutes:
        ask(ANI, now=start + timedelta(minutes=minute))
    sent = list(db.session.scalars(sa.select(PrivacyLink.asked_at).order_by(PrivacyLink.asked_at)))
    assert bool(sent) == bool(minutes)
    assert all(later - first >= PAUSE for first, later in itertools.pairwise(sent))
    assert all(later - first >= DAY for first, later in zip(sent, sent[A_DAY:], strict=False))


def test_limits_by_network_and_in_all_count_the_known_and_the_unknown_alike(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now().replace(minute=10)
    for number in range(AN_HOUR):
        ask(f"nobody-{number}@people.example", network="192.0.2.0/24", now=now)
    with pytest.raises(TooMany, match="too often") as refused:
        ask(ANI, network="192.0.2.0/24", now=now)
    assert 49 * 60 < refused.value.retry_after <= 50 * 60
    ask(ANI, network="198.51.100.0/24", now=now)
    monkeypatch.setattr(asking, "AN_HOUR_IN_ALL", AN_HOUR + 2)
    known()
    ask(ANI, now=now)
    assert len(links()) == 1
    for address in (ANI, "nobody@people.example"):
        with pytest.raises(TooMany):
            ask(address, now=now)
    ask("nobody@people.example", now=now + timedelta(hours=1))


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_pressed_several_times_at_once_one_mail_leaves(app_context: Flask) -> None:
    known()
    now = clock.now()
    db.session.rollback()
    at_once(4, app_context, lambda: ask(ANI, now=now))
    assert len(links()) == 1


@pytest.mark.backends("sqlite")  # a measure of ours: it is about what is done, not how quickly
def test_known_and_unknown_take_about_as_long(app_context: Flask) -> None:
    people = [known(f"known-{number}@people.example") for number in range(15)]
    took: dict[bool, list[float]] = {True: [], False: []}
    for number, person in enumerate(people):
        for address in (person, f"other-{number}@people.example"):
            begin = time.perf_counter()
            ask(address)
            took[address == person].append(time.perf_counter() - begin)
    assert len(links()) == len(people)
    one, other = (statistics.median(took[is_known]) for is_known in (True, False))
    assert max(one, other) < 3 * min(one, other), (one, other)


def test_a_link_is_good_for_half_an_hour_and_forgotten_a_day_later(app_context: Flask) -> None:
    now = clock.now()
    token = token_for_own_data(known(), now=now)
    assert look_at_own_data(token, "en", now=now + GOOD_FOR - MOMENT).until == now + GOOD_FOR
    with pytest.raises(LinkOver) as over:
        look_at_own_data(token, "en", now=now + GOOD_FOR)
    assert not over.value.used
    for wrong in (token[:-1], f"{token}x", token.swapcase(), ""):
        with pytest.raises(NotFound):
            look_at_own_data(wrong, "en", now=now)
    assert purge(now=now + GOOD_FOR + DAY - MOMENT).links == 0
    assert purge(now=now + GOOD_FOR + DAY).links == 1
    with pytest.raises(NotFound):
        look_at_own_data(token, "en", now=now)


def test_looking_changes_nothing(app_context: Flask) -> None:
    token = token_for_own_data(known())
    before = everything()
    for _scanner in range(5):
        look_at_own_data(token, "en", now=clock.now())
    assert everything() == before
