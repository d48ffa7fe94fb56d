"""Those who write in the month: each reads their mail, and does what was drawn for them."""

from __future__ import annotations

import random
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.campaigns.reading import page_of
from app.database import db
from app.delivery.envelope import Envelope
from app.errors import RedressError
from app.letters.confirming import confirm, decline
from app.letters.draft import Draft, Writer
from app.letters.following import agree_to, corrections, withdraw
from app.letters.replies.telling import look_at_replies, tell_replies
from app.letters.snapshot import open_snapshot
from app.letters.submitting import forms_to_fill, tell_submitted
from app.letters.updates.subscribing import unsubscribe
from app.letters.writing import write

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WORDS = "My grandmother drew water from that well.\n\nPlease remember her."
CROWDS = {0: 5, 1: 12}
DELAYS = (HOUR, 30 * HOUR, 7 * HOUR, 2 * DAY, 5 * DAY)
THREAT = "If the sluice stays shut you will pay for it, all of you."


@dataclass(frozen=True)
class Plan:
    """What somebody does: drawn once, so that a month can be told again."""

    number: int
    day: int
    campaign: str
    offices: tuple[str, ...]
    confirms: bool
    after: timedelta
    withdraws: str
    submits: bool
    agrees: bool

    @property
    def email(self) -> str:
        """Their address."""
        return f"writer-{self.number}@people.example"


def draw_plans(
    chance: random.Random, *, people: int, days: int, campaigns: tuple[str, str], offices: list[str]
) -> list[Plan]:
    """Draw what everybody does; every kind of it occurs among the first forty."""
    return [
        Plan(
            number=number,
            # After news many write on the same day, the day before something happens.
            day=CROWDS.get(number % 5, chance.randrange(days)),
            campaign=campaigns[number % 2],
            offices=tuple(
                offices if number % 5 in CROWDS else sorted(chance.sample(offices, 3 + number % 3))
            ),
            confirms=number % 13 != 7,
            after=DELAYS[number // 5 % len(DELAYS)],
            withdraws={4: "all", 8: "one"}.get(number % 11, ""),
            submits=number % 3 != 1,
            agrees=number % 4 != 1,
        )
        for number in range(people)
    ]


@dataclass
class Supporters:
    """All of them, with what they have still to do.

    Attributes:
        plans: by address.
        pages: tokens of the pages of confirmed letters.
        story: how often what happened.
    """

    plans: dict[str, Plan]
    story: Counter[str]
    pages: list[str] = field(default_factory=list)
    _due: dict[datetime, list[Callable[[datetime], None]]] = field(default_factory=lambda: defaultdict(list))
    _known: set[str] = field(default_factory=set)

    def write(self, day: int, *, now: datetime) -> None:
        """Let those write whose day it is."""
        for plan in self.plans.values():
            if plan.day == day:
                self._try("wrote", lambda plan=plan: _write(plan, now))

    def read(self, mail: Envelope, *, now: datetime) -> None:
        """Read a mail that has arrived."""
        plan = self.plans[mail.rcpt_to]
        links = re.findall(r"/(confirm|replies|letters|updates)/([\w-]{20,})\s", mail.text)
        for kind, token in links:
            if (link := f"{kind}/{token}") in self._known:
                continue  # the same mail once more: its server had it, and we were not told
            self._known.add(link)
            if kind == "confirm":
                self._due[now + plan.after].append(lambda at, token=token: self._confirm(plan, token, at))
            elif kind == "replies":
                self._due[now + DAY].append(lambda at, token=token: self._tell(plan, token, at))
            elif kind == "letters" and plan.agrees:
                self._due[now + HOUR].append(lambda at, token=token: self._agree(token, at))
            elif kind == "updates" and plan.number % 7 in {2, 3, 4}:
                self._due[now + HOUR].append(
                    lambda at, token=token: self._try("unsubscribed", lambda: unsubscribe(token, now=at))
                )

    def act(self, *, now: datetime) -> None:
        """Let them do what they have put off until now."""
        while due := [at for at in self._due if at <= now]:
            for at in sorted(due):
                for deed in self._due.pop(at):
                    deed(now)

    def _try(self, what: str, deed: Callable[[], object]) -> object:
        db.session.rollback()
        try:
            done = deed()
        except RedressError as error:
            self.story[f"not {what}: {type(error).__name__}: {error}"] += 1
            return None
        self.story[what] += 1
        return done

    def _confirm(self, plan: Plan, token: str, now: datetime) -> None:
        if not plan.confirms:
            if plan.number % 2:
                self._try("declined", lambda: decline(token, never_again=False, now=now))
            return
        page = self._try("confirmed", lambda: confirm(token, now=now))
        if not isinstance(page, str):
            return
        self.pages.append(page)
        if plan.withdraws:
            only = None if plan.withdraws == "all" else plan.offices[1]
            self._due[now].append(
                lambda at: self._try(f"withdrew {plan.withdraws}", lambda: withdraw(page, only=only, now=at))
            )
        if plan.submits:
            self._due[now + 2 * DAY].append(lambda at: self._submit(page, at))

    def _submit(self, page: str, now: datetime) -> None:
        db.session.rollback()
        for slug in forms_to_fill(page):
            self._try(
                "put into a form", lambda slug=slug: tell_submitted(page, only=slug, reference="7", now=now)
            )

    def _tell(self, plan: Plan, token: str, now: datetime) -> None:
        def tell() -> None:
            copies = look_at_replies(token, "en").copies
            tell_replies(token, {copies[0].id: "answered"}, now=now)

        if plan.number % 2:
            self._try("told what came back", tell)

    def _agree(self, page: str, now: datetime) -> None:
        db.session.rollback()
        for slug, corrected in corrections(page, now=now).items():
            self._try(
                "agreed to the correction",
                lambda slug=slug, seen=corrected.seen: agree_to(page, only=slug, seen=seen, now=now),
            )


def _write(plan: Plan, now: datetime) -> None:
    snapshot = open_snapshot(plan.campaign, "en", day=now.date())
    writer = Writer(
        name=f"Mariam Writer {plan.number}",
        email=plan.email,
        country=("FR", "AM", "CH", "DE")[plan.number % 4],
        city="Lyon",
    )
    draft = Draft(
        recipients=plan.offices,
        personal_message=THREAT if plan.number % 19 == 6 else WORDS,
        writer=writer,
        language="en",
        updates=plan.number % 3 == 0,
        submission_key=uuid.UUID(int=plan.number + 1),
    )
    page = page_of(snapshot.campaign, "en", today=now.date())
    write(snapshot, page, draft, network=None, now=now)
