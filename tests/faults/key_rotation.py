"""Keys rotated while people write and workers deliver; the rotation is killed in the middle, again and again.

There are two machines, each with a key file of its own: the second gets a copy after each step, in the
order that `redress keys rotate --help` tells.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from app.security.keys import KeyRing, KeysError, LiveKeys
from app.security.resealing import count_older
from tests.factories.sealed import opened, own_keys, sealed_values, store_supporters
from tests.faults.finding import Finding, Place, copies, judge_mails, wait_until
from tests.faults.web_kills import start_site, wait_for_site
from tests.faults.writers import Writers, judge_letters
from tests.support.journeys import CAMPAIGN, DURING_THE_CAMPAIGN
from tests.support.nursery import Borne, Nursery, run_borne
from tests.support.ports import HOST, free_port
from tests.support.smtp import RecordingSmtpServer

SEED = 20261124
PEOPLE = 2_000
"""Supporters who are there before: sealing all of them anew takes longer than kills let it take."""
KILLS_A_ROTATION = 4
LONGEST = 0.15
"""Seconds from the first row that is sealed anew to the kill, at most."""
SETTLED = 5.0
"""Seconds after which no site has anything in hand that it sealed before; a real rotation waits a minute."""


def rotate_keys(place: Place, kills: int) -> Finding:
    """Rotate the keys, killing the step that seals anew so many times, each at a random moment."""
    finding = Finding(count=kills)
    environ = own_keys(place.environ, place.folder) | {
        "REDRESS_TEST_NOW": DURING_THE_CAMPAIGN,
        "REDRESS_BASE_URL": f"http://{HOST}:1",
    }
    place.app.extensions["redress_keys"] = LiveKeys(Path(environ["REDRESS_KEYS_FILE"]))
    store_supporters(PEOPLE)
    with RecordingSmtpServer().running() as server:
        rotation = Rotation(environ | {"REDRESS_SMTP_URL": server.url}, place.folder)
        with rotation.at_work():
            writers = Writers(place.app, rotation.ports, CAMPAIGN)
            writers.start()
            try:
                rotation.rotate(writers, kills)
            except AssertionError as error:
                finding.broken.append(str(error))
            finally:
                writers.end()
            rotation.end()
        judge_mails(finding, copies(server), others=frozenset({"awaiting_confirmation"}))
    told = writers.told
    judge_letters(finding, told)
    finding.promise("Traceback" not in rotation.logged, "a traceback")
    finding.promise(set(told.statuses) <= {303}, f"somebody got another answer: {told.statuses}")
    finding.lost += judge_values(finding, rotation.path)
    finding.note = (
        f"{rotation.rotations} rotations, {rotation.midway} times killed midway,"
        f" {len(told.written)} written, {len(told.confirmed)} confirmed"
    )
    return finding


def judge_values(finding: Finding, path: Path) -> int:
    """Return how many sealed values the key file does not open; all must be under its newest key."""
    ring, closed = KeyRing.load(path), 0
    for place, sealed in sealed_values().items():
        try:
            opened(ring, {place: sealed})
        except KeysError:
            closed += 1
    finding.promise(len(ring.encryption) == 1, "an old key is left in the file")
    finding.promise(count_older(ring.newest) == 0, "a value is left under an old key")
    return closed


@dataclass
class Rotation:
    """Two machines at work, on the first of which keys are rotated.

    Args:
        environ: of the first machine.
        folder: for logs, and for the key file of the second machine.
    """

    environ: dict[str, str]
    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    ports: list[int] = field(default_factory=lambda: [free_port(), free_port()])
    rotations: int = 0
    midway: int = 0

    def __post_init__(self) -> None:
        self.path = Path(self.environ["REDRESS_KEYS_FILE"])
        self.copy = self.folder / "other-machine.json"
        self.hand_on()
        both = [self.environ, self.environ | {"REDRESS_KEYS_FILE": str(self.copy)}]
        log = self.folder
        self.sites = [Nursery(one, log / f"site-{number}.log", "serve") for number, one in enumerate(both)]
        self.workers = [Nursery(one, log / f"worker-{number}.log") for number, one in enumerate(both)]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Let a site and a worker run on each machine, for the length of a block."""
        with ExitStack() as stack:
            for one in (*self.sites, *self.workers):
                stack.enter_context(one.running())
            for site, port in zip(self.sites, self.ports, strict=True):
                start_site(site, port)
            for port in self.ports:
                wait_for_site(port)
            for worker in self.workers:
                worker.bear()
            yield

    def hand_on(self) -> None:
        """Copy the key file to the second machine, as the help tells."""
        beside = self.copy.with_name("new.json")
        shutil.copy(self.path, beside)
        beside.replace(self.copy)

    def rotate(self, writers: Writers, kills: int) -> None:
        """Rotate the keys until so many kills are done."""
        while kills > 0:
            self.step()
            self.hand_on()
            for _ in range(min(kills, KILLS_A_ROTATION)):
                writers.wait_for_more()
                self.kill_midway(KeyRing.load(self.path).newest)
                kills -= 1
            self.step("--use", may_leave_some=True)
            self.hand_on()
            self.step("--use")
            time.sleep(max(0.0, self.path.stat().st_mtime + SETTLED - time.time()))
            os.utime(self.path, (0, 0))
            self.step("--retire", "--forget")
            self.hand_on()
            self.rotations += 1
            for worker in self.workers:
                worker.bear()  # one that never knew the old key
            writers.wait_for_more()

    def step(self, *options: str, may_leave_some: bool = False) -> None:
        """Do a step to its end."""
        ended = run_borne("keys", "rotate", *options, environ=self.environ)
        if ended.returncode != 0 and not (may_leave_some and ended.returncode == 1):
            raise AssertionError(f"rotate {' '.join(options)}: {ended.stdout}{ended.stderr}")

    def kill_midway(self, number: int) -> None:
        """Begin to seal anew, and kill that a moment after it has begun."""
        before = count_older(number)
        log = self.folder / "rotation.log"
        child = Borne(["keys", "rotate", "--use"], self.environ, log, log, self.folder / "status")

        def has_begun() -> bool:
            return count_older(number) < before or child.poll() is not None

        wait_until(has_begun, 30, "nothing is sealed anew")
        time.sleep(self.chance.uniform(0, LONGEST))
        self.midway += child.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            child.wait(10)

    def end(self) -> None:
        """Let all processes end gently, and what is still due be sent."""
        for site in self.sites:
            for child in list(site.children):
                site.stop(child)
        for worker in self.workers:
            for child in list(worker.children):
                worker.stop(child)
        for hours in (1, 3):
            instant = datetime.fromisoformat(DURING_THE_CAMPAIGN) + timedelta(hours=hours)
            last = self.workers[0]
            last.wait(last.bear("--drain", f"REDRESS_TEST_NOW={instant.isoformat()}"), 300)

    @property
    def logged(self) -> str:
        """What all processes logged."""
        return "".join(one.output for one in (*self.sites, *self.workers))
