"""Supporters who write and confirm over HTTP while something goes wrong, and remember what they were told."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from flask import Flask
from sqlalchemy import func, select

from app.database import db
from app.delivery.models import Delivery, StateChange
from app.letters.models import Letter
from app.notices.confirmation import LETTER
from app.notices.sending import message_id
from tests.faults.finding import Finding
from tests.support.ports import HOST

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
BOXES = re.compile(r'name="recipients" value="([^"]+)"[^>]* checked')
GAVE_UP = 30.0
"""Seconds without a single answer after which a writer says so."""


@dataclass
class Told:
    """What writers were told, and how often they got which answer.

    Attributes:
        written: keys of the letters that were acknowledged.
        confirmed: keys of those whose confirmation was.
        tried: keys of all that were posted, acknowledged or not.
        statuses: how often each status came; 0 where the connection broke.
    """

    written: set[uuid.UUID] = field(default_factory=set)
    confirmed: set[uuid.UUID] = field(default_factory=set)
    tried: set[uuid.UUID] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def acknowledged(self) -> int:
        """How many acknowledgements there were."""
        return len(self.written) + len(self.confirmed)


class Writer(threading.Thread):
    """Writes a letter, confirms it, each until it is acknowledged, and begins again.

    Args:
        app: the installation, to look up the mail with the link.
        ports: of the site's processes; any may be gone for a while.
        slug: the campaign.
        told: where to write down what came back.
        stop: set when enough was written.
    """

    numbers = itertools.count()

    def __init__(self, app: Flask, ports: list[int], slug: str, told: Told, stop: threading.Event) -> None:
        super().__init__(name=f"writer {next(self.numbers)}", daemon=True)
        self.app = app
        self.ports = ports
        self.path = f"/campaigns/{slug}/write"
        self.told = told
        self.stop = stop
        self.turn = next(self.numbers)
        self.token, self.cookie, self.offices = "", "", list[str]()
        self.error = ""

    def open_form(self) -> None:
        """Open the form once: its token and cookie are good for all processes."""
        browser = build_opener(HTTPCookieProcessor())
        with browser.open(f"http://{HOST}:{self.ports[0]}{self.path}", timeout=20) as answer:
            page, headers = answer.read().decode(), answer.headers
        self.token = TOKEN.findall(page)[0]
        self.offices = BOXES.findall(page)
        self.cookie = "; ".join(one.partition(";")[0] for one in headers.get_all("Set-Cookie", []))

    def run(self) -> None:
        """Write until told to stop."""
        try:
            with self.app.app_context():
                while not self.stop.is_set():
                    self._one_letter()
        except Exception as error:
            self.error = f"{self.name}: {type(error).__name__}: {error}"

    def _one_letter(self) -> None:
        key = uuid.uuid4()
        who = key.hex[:12]
        typed = [
            ("csrf_token", self.token),
            *(("recipients", office) for office in self.offices),
            ("intent", "send"),
            ("consent", "y"),
            ("language", "en"),
            ("country", "FR"),
            ("city", "Lyon"),
            ("name", f"Writer {who}"),
            ("email", f"writer-{who}@example.org"),
            ("personal_message", f"It matters to me, and {who} is one of my reasons."),
            ("submission_key", str(key)),
        ]
        self.told.tried.add(key)
        if not self._until_acknowledged(self.path, typed):
            return
        self.told.written.add(key)
        link = self._link(key)
        if link and self._until_acknowledged(link, [("csrf_token", self.token)]):
            self.told.confirmed.add(key)

    def _until_acknowledged(self, path: str, typed: list[tuple[str, str]]) -> bool:
        deadline = time.monotonic() + GAVE_UP
        while not self.stop.is_set():
            self.turn += 1
            status = self._post(self.ports[self.turn % len(self.ports)], path, typed)
            self.told.statuses[status] = self.told.statuses.get(status, 0) + 1
            if status == 303:
                return True
            if status not in {0, 503}:
                raise AssertionError(f"{status} at {path.partition('/confirm/')[0] or '/confirm/…'}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no answer at {path} for {GAVE_UP} s")
            time.sleep(0.02)
        return False

    def _post(self, port: int, path: str, typed: list[tuple[str, str]]) -> int:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": self.cookie,
            "Origin": f"http://{HOST}:{port}",
        }
        connection = http.client.HTTPConnection(HOST, port, timeout=20)
        try:
            connection.request("POST", path, urlencode(typed), headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def _link(self, key: uuid.UUID) -> str:
        """Return the path of the link in the confirmation mail, as soon as the database answers."""
        deadline = time.monotonic() + GAVE_UP
        while True:
            try:
                with db.sessionmaker() as session:
                    letter = session.scalar(select(Letter.id).where(Letter.submission_key == key))
                    if letter is None:
                        return ""  # counted as lost in the end
                    notice = session.scalars(
                        select(Delivery).where(Delivery.message_id == message_id(LETTER, letter))
                    ).one()
                    link: str = json.loads(notice.recipe)[5]["link"]
                    return "/confirm/" + link.rpartition("/confirm/")[2]
            except db_trouble():
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def db_trouble() -> tuple[type[Exception], ...]:
    """Return what a database that is away raises."""
    from sqlalchemy.exc import DBAPIError

    return (DBAPIError,)


class Writers:
    """Several writers.

    Args: as of `Writer`; `many` is how many there are.
    """

    def __init__(self, app: Flask, ports: list[int], slug: str, many: int = 3) -> None:
        self.told = Told()
        self._stop = threading.Event()
        self._all = [Writer(app, ports, slug, self.told, self._stop) for _ in range(many)]

    def start(self) -> None:
        """Let them begin. The site must answer."""
        for one in self._all:
            one.open_form()
        for one in self._all:
            one.start()

    def wait_for_more(self, seconds: float = 15.0, *, also: Callable[[], bool] = lambda: True) -> None:
        """Wait until something was acknowledged after this moment."""
        before, deadline = self.told.acknowledged, time.monotonic() + seconds
        while self.told.acknowledged == before or not also():
            self.complain()
            if time.monotonic() > deadline:
                raise AssertionError(f"nothing was acknowledged for {seconds} s: {self.told.statuses}")
            time.sleep(0.002)

    def complain(self) -> None:
        """Raise what one of them could not go on after."""
        for one in self._all:
            if one.error:
                raise AssertionError(one.error)

    def end(self) -> None:
        """Let them come to an end."""
        self._stop.set()
        for one in self._all:
            one.join(GAVE_UP)


def judge_letters(finding: Finding, told: Told) -> None:
    """Hold what writers were told against what is stored; what nobody acknowledged is whole or not there."""
    with db.sessionmaker() as session:
        letters = session.execute(select(Letter.submission_key, Letter.id, Letter.confirmed_at)).all()
        copies = session.execute(
            select(Delivery.letter_id, func.count())
            .where(Delivery.kind == "letter")
            .group_by(Delivery.letter_id)
        ).all()
        unqueued = session.execute(
            select(Delivery.letter_id)
            .where(Delivery.kind == "letter", Delivery.state == "awaiting_confirmation")
            .distinct()
        ).all()
        mails = set(session.scalars(select(Delivery.message_id).where(Delivery.kind == "notice")))
        queued_twice = session.execute(
            select(StateChange.delivery_id)
            .where(StateChange.from_state == "awaiting_confirmation")
            .group_by(StateChange.delivery_id)
            .having(func.count() > 1)
        ).all()
    confirmed = {key: confirmed_at is not None for key, _id, confirmed_at in letters}
    finding.lost += len(told.written - confirmed.keys())
    finding.lost += sum(not confirmed.get(key, False) for key in told.confirmed)
    finding.twice += len(letters) - len(confirmed) + len(queued_twice)
    finding.promise(confirmed.keys() <= told.tried, "a letter that nobody wrote")
    _judge_wholeness(finding, letters, dict(copies), {letter for (letter,) in unqueued}, mails)


def _judge_wholeness(finding, letters, copies, unqueued, mails) -> None:  # type: ignore[no-untyped-def]
    most = max(copies.values(), default=0)
    for _key, letter, confirmed_at in letters:
        finding.promise(copies.get(letter, 0) == most, "a letter without all of its copies")
        finding.promise(message_id(LETTER, letter) in mails, "a letter without its confirmation mail")
        finding.promise(
            (letter in unqueued) == (confirmed_at is None),
            "a letter whose copies are not all confirmed with it",
        )
