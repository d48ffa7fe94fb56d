"""What happens on which day of the month, and who works when."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from app import clock
from app.campaigns.models import Campaign
from app.cli.chores import do_chores
from app.database import db
from app.delivery import beginning, causes, claims, journal, presence
from app.delivery.envelope import bounce_address
from app.delivery.limits import Limits
from app.delivery.models import Delivery
from app.delivery.processes import new_worker_name, this_process
from app.delivery.worker import Worker
from app.evidence.models import Fact
from app.letters import retracting, stopping
from app.letters.bouncing import receive
from app.letters.dispatch import reasons_to_hold
from app.letters.own_sending import count_own_sending
from app.letters.retention import purge
from app.letters.updates.desk import draft_update, find_update
from app.letters.updates.sending import send_update
from app.letters.wishes import wishes_of
from app.notices.sending import compose_notice
from tests.delivery.bounces.corpus import CORPUS
from tests.delivery.working import QUICK
from tests.factories.campaigns import reword, store_campaign
from tests.factories.evidence import FactFactory, store
from tests.factories.recipients import ContactFactory, OfficeFactory
from tests.faults.month.organizers import ANI, Organizers, office_of
from tests.faults.month.servers import Servers
from tests.faults.month.supporters import Supporters, draw_plans
from tests.support.lengths import length
from tests.support.plugins.database import TimeTravel

FIRST = datetime(2026, 11, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 30
HOURS = (8, 14, 20)
"""When workers work. In between the test clock stands."""
PEOPLE = length(40, 2500)
POSTAL = {"street": "1 Long Street", "city": "Geneva", "postal_code": "1211"}
PLAIN, STATING = "water", "wells"
STATES_A_FACT = (
    "{{ personal }}\n\nOf the wells, {{ fact.wells.value }} are dry.\n\n{{ recipient.ask }}\n\nThank you.\n"
)
STATES_NOTHING = "{{ personal }}\n\n{{ recipient.ask }}\n\nThank you.\n"
SAMPLES = {sample.name: sample for sample in CORPUS}


@dataclass
class Month:
    """The installation and everybody who has to do with it."""

    app: Flask
    travel: TimeTravel
    servers: Servers
    supporters: Supporters
    organizers: Organizers
    story: Counter[str]
    limits: Limits
    chance: random.Random
    _read: int = 0
    _shifts: int = 0
    _lost: int = 0
    _frozen: list[int] = field(default_factory=list)

    def day(self, day: int) -> None:
        """Let a day pass."""
        for hour in HOURS if day < DAYS + 7 else HOURS[:1]:
            now = self.travel(FIRST + day * DAY + hour * HOUR)
            if hour == HOURS[0]:
                self.supporters.write(day, now=now)
                self._happen(day, now)
            self.supporters.act(now=now)
            self._deliver()
        do_chores(all_of_them=False)
        purge(now=clock.now())  # days are skipped at the end, which chores take for a clock that jumps
        self.organizers.come(now=clock.now())

    def _deliver(self) -> None:
        self._shifts += 1
        if self._shifts % 4 == 1:
            self._lose_a_worker()
        if self._shifts % 5 == 2:
            # Restarted in the middle of it: the first one brings what is in its hand to an end.
            self.servers.stop_after, self.servers.stop = 3, threading.Event()
            self._worker().run(self.servers.stop, drain=True)
            self.servers.stop_after = None
        self._worker().run(threading.Event(), drain=True)
        for arrival in self.servers.arrived[self._read :]:
            if arrival.envelope.rcpt_to in self.supporters.plans:
                self.supporters.read(arrival.envelope, now=clock.now())
        self._read = len(self.servers.arrived)

    def _worker(self) -> Worker:
        return Worker(
            app=self.app,
            senders=self.servers,
            name=new_worker_name(uuid.uuid4().hex[:8]),
            process=this_process(),
            now=clock_of(self.app),
            chance=self.chance,
            check=reasons_to_hold,
            compose=compose_notice,
            pace=QUICK,
            limits=self.limits,
            connections=1 + self._shifts % 2,
        )

    def _lose_a_worker(self) -> None:
        """Leave what a killed worker leaves: claims, an attempt, dots that may be out."""
        name = new_worker_name(uuid.uuid4().hex[:8])
        now = clock.now()
        presence.appear(name, replace(this_process(), start=1), now=now)
        claimed = claims.claim(worker=name, limit=4, now=now, lease=timedelta(minutes=2), limits=self.limits)
        for one in claimed:
            self._lost += 1
            step = self._lost % 4
            if not step:
                continue
            in_hand = beginning.begin(one, now=now, check=reasons_to_hold)
            if in_hand is None or step == 1 or not journal.mark_dot_pending(in_hand, now=now):
                continue
            self.story["lost at the dot"] += 1
            if step == 2:
                self.servers.take(in_hand.envelope(compose_notice), answered=False)

    def _happen(self, day: int, now: datetime) -> None:
        happens = getattr(self, f"_day_{day}", None)
        if happens is not None:
            db.session.rollback()
            happens(now)

    def _day_6(self, now: datetime) -> None:
        self._own_sendings(now)
        self._stop(PLAIN, now)

    def _day_7(self, now: datetime) -> None:
        self.organizers.change_holder("alpha", "Robin After", now=now)

    def _day_8(self, now: datetime) -> None:
        self._resume(PLAIN, now)

    def _day_9(self, _now: datetime) -> None:
        self.servers.gone |= {_address("bravo")}

    def _day_13(self, now: datetime) -> None:
        store(FactFactory.build(key="wells_again", value="five"))
        held = retracting.supersede_fact(_fact("wells"), "wells_again", "Counted twice", actor=ANI, now=now)
        self.story["held: corrected"] += held
        self._stop("", now)

    def _day_15(self, now: datetime) -> None:
        self.organizers.change_address(office_of("delta").contacts[0].id, "other@delta.example", now=now)
        self.organizers.change_holder("post", "Noor After", now=now)
        self._resume("", now)

    def _day_18(self, now: datetime) -> None:
        reword(STATING, STATES_NOTHING)
        held = retracting.withdraw_fact(_fact("wells_again"), "Counted by nobody", actor=ANI, now=now)
        self.story["held: withdrawn"] += held

    def _day_19(self, now: datetime) -> None:
        self._come_back("no such mailbox", "alpha", now)
        self._come_back("mailbox full", "delta", now)

    def _day_20(self, now: datetime) -> None:
        campaign, row = _campaign(PLAIN), uuid.uuid4()
        draft_update(campaign, row_id=row, subject="News", body="There is water.", actor=ANI, now=now)
        db.session.rollback()
        seen = find_update(db.session, campaign, row).edited_at
        mails = send_update(campaign, row, seen=seen, language="en", actor=ANI, now=now)
        self.story["updates"] += mails

    def _day_22(self, now: datetime) -> None:
        self.organizers.change_holder("alpha", "Sasha Later", now=now)

    def _stop(self, what: str, now: datetime) -> None:
        assert stopping.stop(stopping.named(what), reason="a test", notices=not what, actor=ANI, now=now)
        self._frozen.append(self._left_under(what))

    def _resume(self, what: str, now: datetime) -> None:
        assert self._left_under(what) == self._frozen.pop(), "something left although it was stopped"
        self.story[f"resumed {what}"] += 1
        stopping.resume(stopping.named(what), actor=ANI, now=now)

    def _left_under(self, what: str) -> int:
        if not what:
            return len(self.servers.arrived)
        of = select(Delivery.id).where(Delivery.campaign_id == _campaign(what))
        mine = set(db.session.scalars(of))
        return sum(arrival.about in mine for arrival in self.servers.arrived)

    def _come_back(self, sample: str, slug: str, now: datetime) -> None:
        taken = select(Delivery.id).where(
            Delivery.recipient_id == office_of(slug).id,
            Delivery.state == "accepted",
            Delivery.reason == causes.TAKEN,  # and not because an organizer thought so
        )
        for copy in db.session.scalars(taken.order_by(Delivery.state_at.desc()).limit(2)).all():
            raw = SAMPLES[sample].sent_to(bounce_address(copy))
            assert receive(raw, now=now).changed
            assert not receive(raw, now=now).changed, "the same bounce once more"
            self.story[f"came back: {sample}"] += 1

    def _own_sendings(self, now: datetime) -> None:
        for number in range(7):
            place = (_campaign(PLAIN), office_of("alpha" if number else "form").id)
            for _twice in range(2):
                count_own_sending(*place, "email", key=uuid.UUID(int=number + 1), network=None, now=now)


def clock_of(app: Flask) -> Callable[[], datetime]:
    """Return what tells the time in an application, wherever it has travelled to."""
    return lambda: app.extensions["redress_clock"].now()  # noqa: PLW0108 (it travels)


def _address(slug: str) -> str:
    return next(contact.value for contact in office_of(slug).contacts)


def _fact(key: str) -> uuid.UUID:
    db.session.rollback()
    return db.session.scalars(select(Fact.id).where(Fact.key == key)).one()


def _campaign(slug: str) -> uuid.UUID:
    return db.session.scalars(select(Campaign.id).where(Campaign.slug == slug)).one()


def begin(app: Flask, travel: TimeTravel) -> Month:
    """Found the offices and the campaigns, and draw what everybody does."""
    travel(FIRST)
    offices = [
        OfficeFactory.build(slug="alpha", daily_limit=max(2, PEOPLE // 28)),
        OfficeFactory.build(slug="bravo"),
        OfficeFactory.build(slug="delta", contacts=[ContactFactory.build(value="office@delta.example")]),
        OfficeFactory.build(
            slug="post",
            contacts=[ContactFactory.build(channel="post", value="", postal=POSTAL, country="CH")],
        ),
        OfficeFactory.build(
            slug="form", contacts=[ContactFactory.build(channel="web_form", value="https://form.example/")]
        ),
    ]
    slugs = [office.slug for office in offices]
    closes_on = (FIRST + DAYS * DAY).date()
    store_campaign(offices, slug=PLAIN, closes_on=closes_on)
    store(FactFactory.build(key="wells", value="seven"))
    store_campaign(offices, slug=STATING, title={"en": "Wells for the valley"}, closes_on=closes_on)
    reword(STATING, STATES_A_FACT)
    chance = random.Random(20261101)
    plans = draw_plans(chance, people=PEOPLE, days=DAYS, campaigns=(PLAIN, STATING), offices=slugs)
    story: Counter[str] = Counter()
    servers = Servers()
    return Month(
        app=app,
        travel=travel,
        servers=servers,
        supporters=Supporters({plan.email: plan for plan in plans}, story),
        organizers=Organizers(story, servers.log),
        story=story,
        limits=Limits(letters=length(20, 150), connections=1, wishes_of=wishes_of),
        chance=chance,
    )
