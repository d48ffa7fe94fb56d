"""`make bench-delivery`: letters a second through the outbox, against what only sends and what queues, too.

All of them send to Postfix's smtp-sink (Debian's package postfix) on loopback, one after the other, in
turns; the median of the turns counts. Redress delivers seeded letters, from the beginning of the first
attempt to the end of the last as journalled: claimed, begun, marked, sent and recorded, each durably.
The others send mails of the same length and are measured from their start to their end. The pace is not
limited: this is about how fast it could be.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from tests.support.databases import Kind, PostgresqlBackend, SqliteBackend
from tests.support.environment import installation
from tests.support.ports import HOST, free_port

LETTERS = int(os.environ.get("BENCH_LETTERS", "4000"))
TURNS = int(os.environ.get("BENCH_TURNS", "3"))
TO_SOURCE, TO_POST_OFFICE = 0.5, 6.0
CAMPAIGN: Final = "bring-them-home"
OFFICES: Final = (
    "un-hrc-president",
    "un-high-commissioner",
    "osce-chairman-in-office",
    "us-secretary-of-state",
)
SESSIONS = 8
"""Connections of the fastest way to send."""
CONNECTIONS = 24
"""Of each worker: what two of them open, Postfix takes from one client as it is installed (50)."""
LENGTH = 4_500
"""Bytes of a seeded letter with its headers, about."""
ROOT: Final = Path(__file__).resolve().parents[2]
POST_OFFICE = ROOT / ".tools" / "post-office"
SINK, SOURCE = "smtp-sink", "smtp-source"
FASTEST: Final = f"{SOURCE}, {SESSIONS} sessions"
Way = Callable[[int], float]
"""Sends everything to a port of this machine and returns the seconds that it took."""


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink for as long as the block lasts, and yield its port."""
    port = free_port()
    nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([SINK, *nobody, f"{HOST}:{port}", "128"]) as process:
        try:
            time.sleep(0.3)
            yield port
        finally:
            process.terminate()


def source(sessions: int) -> Way:
    """Return the way of smtp-source with so many sessions at once."""

    def send(port: int) -> float:
        command = [SOURCE, "-s", str(sessions), "-m", str(LETTERS), "-l", str(LENGTH)]
        return timed([*command, "-f", "a@site.example", "-t", "b@offices.example", f"{HOST}:{port}"])

    return send


def timed(command: list[str], environ: dict[str, str] | None = None) -> float:
    """Run a command to its good end and return the seconds."""
    begin = time.perf_counter()
    run = subprocess.run(
        command, env=os.environ | (environ or {}), capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - begin
    if run.returncode:
        raise SystemExit(f"{command[0]} failed:\n{run.stderr[-800:]}")
    return seconds


def plain_loop(port: int) -> float:
    """Send in a loop of smtplib, over one connection."""
    text = "From: a@site.example\r\nTo: b@offices.example\r\nSubject: x\r\n\r\n" + "A line of it.\r\n" * (
        LENGTH // 15
    )
    begin = time.perf_counter()
    with smtplib.SMTP(HOST, port) as server:
        for _letter in range(LETTERS):
            server.sendmail("a@site.example", "b@offices.example", text)
    return time.perf_counter() - begin


def senders_alone(port: int) -> float:
    """Send with our own sender, from two processes, without an outbox: the most that delivery could be."""
    command = [sys.executable, "-m", "tests.bench.delivery", "send", str(port)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _process in range(2)]
    said = [run.communicate()[0].split() for run in runs]
    if any(run.returncode for run in runs):
        raise SystemExit("our own sender failed")
    return max(float(end) for _begin, end in said) - min(float(begin) for begin, _end in said)


def send(port: int) -> None:
    """Send this process's half, over a worker's connections, and print when that began and ended."""
    from app.delivery.senders.server import SmtpServer
    from app.delivery.senders.smtp import SmtpSender
    from app.delivery.turns import Turns
    from tests.delivery.mails import make_envelope

    server = SmtpServer.parse(f"smtp://{HOST}:{port}", greeting="site.example")
    stop = threading.Event()
    body = "A line of it.\r\n" * (LENGTH // 15)
    left = [make_envelope(number, body=body) for number in range(LETTERS // 2)]

    def send_some() -> None:
        sender = SmtpSender(server, hurry=stop)
        while left:
            outcome = sender.send(envelope=left.pop(), before_dot=lambda: True)
            if outcome.kind != "accepted":
                raise SystemExit(outcome.cause)
        sender.close()

    begin = time.time()
    Turns(lambda: False).run([send_some] * CONNECTIONS)
    print(begin, time.time())


def post_office(port: int) -> float:
    """Queue with django-post-office on SQLite, and let two of its processes send."""
    with tempfile.TemporaryDirectory(prefix="redress-post-office-") as folder:
        environ = {
            "PYTHONPATH": f"{POST_OFFICE}{os.pathsep}{ROOT}",
            "DJANGO_SETTINGS_MODULE": "tests.bench.post_office",
            "BENCH_FOLDER": folder,
            "BENCH_PORT": str(port),
            "BENCH_LETTERS": str(LETTERS),
            "BENCH_LENGTH": str(LENGTH),
        }
        run = subprocess.run(
            [sys.executable, "-m", "tests.bench.post_office"],
            env=os.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            raise SystemExit(f"django-post-office failed:\n{run.stderr[-800:]}")
        return float(run.stdout.splitlines()[-1])


class Prepared:
    """Databases in which `LETTERS` copies wait to be delivered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = folder / "keys.json"
        self.sqlite = SqliteBackend(folder, self._fill)
        self.postgresql = PostgresqlBackend(folder, self._fill, durable=True)

    def environ(self, url: str) -> dict[str, str]:
        """Return the environment of an installation on one of them."""
        return installation(self.folder / "site", url, keys_file=self.keys)

    def fresh(self, name: str) -> str:
        """Return the address of a copy that nothing has been delivered from."""
        if name == "postgresql":
            return self.postgresql.make("seeded")
        # Not in memory, as for tests: a commit is to reach the disk.
        self.sqlite.drop(self.sqlite.make("seeded"))
        copy = self.folder / f"{time.monotonic_ns()}.sqlite"
        shutil.copyfile(self.folder / "seeded.sqlite", copy)
        return f"sqlite:///{copy}"

    def _fill(self, url: str, _kind: Kind) -> None:
        timed([sys.executable, "-m", "tests.bench.delivery", "fill"], self.environ(url))

    def close(self) -> None:
        self.sqlite.close()
        self.postgresql.close()


def fill() -> None:
    """Seed this process's installation, and let letters be written and confirmed; no notice waits."""
    from app import create_app
    from app.database import db
    from app.extensions import alembic
    from app.settings import Settings
    from tests.factories.letters import write_and_confirm

    command = [sys.executable, "-m", "app.cli", "seed", "--demo"]
    app = create_app(Settings.from_environ())
    with app.app_context():
        alembic.upgrade()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for _letter in range(LETTERS // len(OFFICES)):
            write_and_confirm(CAMPAIGN, recipients=OFFICES)
        with db.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "DELETE FROM state_changes WHERE delivery_id IN "
                    "(SELECT id FROM deliveries WHERE kind = 'notice')"
                )
            )
            connection.execute(sa.text("DELETE FROM deliveries WHERE kind = 'notice'"))
        db.session.close()
        db.engine.dispose()


def redress(prepared: Prepared, database: str, processes: int) -> Way:
    """Return the way of `redress worker`, with so many processes, on one kind of database."""

    def send(port: int) -> float:
        url = prepared.fresh(database)
        environ = prepared.environ(url) | {
            "REDRESS_SMTP_URL": f"smtp://{HOST}:{port}",
            "REDRESS_SMTP_CONNECTIONS": str(CONNECTIONS),
        }
        worker = [sys.executable, "-m", "app.cli", "worker", "--drain", "--processes", str(processes)]
        timed(worker, environ)
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            accepted = connection.scalar(sa.text("SELECT count(*) FROM deliveries WHERE state = 'accepted'"))
            begin, end = connection.execute(
                sa.text("SELECT min(started_at), max(ended_at) FROM attempts")
            ).one()
        engine.dispose()
        if accepted != LETTERS // len(OFFICES) * len(OFFICES):
            raise SystemExit(f"only {accepted} letters were accepted")
        return _seconds_between(begin, end)

    return send


def _seconds_between(begin: object, end: object) -> float:
    from datetime import datetime

    first, last = (
        one if isinstance(one, datetime) else datetime.fromisoformat(str(one)) for one in (begin, end)
    )
    return (last - first).total_seconds()


def measured(ways: dict[str, Way]) -> dict[str, float]:
    """Take turns, and return the median of letters a second of each way."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _turn in range(TURNS):
        for name, way in ways.items():
            with sink() as port:
                rates[name].append(LETTERS / way(port))
    return {name: statistics.median(found) for name, found in rates.items()}


def report(rates: dict[str, float]) -> int:
    """Print a table; return 0 if both goals were reached on both databases."""
    fastest, queue = rates[FASTEST], rates.get("django-post-office", 0.0)
    print(f"{LETTERS} letters, median of {TURNS}: letters a second, and to the others")
    others = [f"{SOURCE}, 1 session", FASTEST, "smtplib in a loop", "django-post-office"]
    print(f"{'':26}{'a second':>9}" + "".join(f"{name:>26}" for name in others if name in rates))
    for name, rate in rates.items():
        ratios = "".join(f"{rate / rates[other]:26.2f}" for other in others if other in rates)
        print(f"{name:26}{rate:9.0f}{ratios}")
    good = True
    for database in ("sqlite", "postgresql"):
        two = rates[f"{database}, 2 processes"]
        good &= two >= TO_SOURCE * fastest and (not queue or two >= TO_POST_OFFICE * queue)
    print(f"goals: {TO_SOURCE} of {FASTEST}, {TO_POST_OFFICE} times django-post-office: "
          f"{'reached' if good else 'not reached'}")  # fmt: skip
    return 0 if good else 1


def main() -> int:
    """Measure, print a table, and return 0 if the goals were reached."""
    match sys.argv[1:]:
        case ["fill"]:
            fill()
            return 0
        case ["send", port]:
            send(int(port))
            return 0
    if shutil.which(SINK) is None or shutil.which(SOURCE) is None:
        print("make bench-delivery needs smtp-sink and smtp-source (Debian: apt-get install postfix).")
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redress-bench-")))
        prepared = Prepared(folder)
        stack.callback(prepared.close)
        ways: dict[str, Way] = {
            f"{SOURCE}, 1 session": source(1),
            FASTEST: source(SESSIONS),
            "smtplib in a loop": plain_loop,
            "our senders alone, 2": senders_alone,
        }
        if POST_OFFICE.is_dir():
            ways["django-post-office"] = post_office
        for database in ("sqlite", "postgresql"):
            for processes in (1, 2):
                name = f"{database}, {processes} process{'es' if processes > 1 else ''}"
                ways[name] = redress(prepared, database, processes)
        return report(measured(ways))


if __name__ == "__main__":
    sys.exit(main())
