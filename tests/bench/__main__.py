"""`make bench`: requests a second and p99 of the campaign page and of a submission, against the floor.

Site and floor run at the same time under the same server (granian, two processes); the load goes to one
of them at a time, in turns, and the median of the turns counts. Needs wrk (Debian's package).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from tests.bench.floor import prepare
from tests.support.environment import installation
from tests.support.ports import HOST, free_port

HERE = Path(__file__).parent
CAMPAIGN = "/campaigns/bring-them-home"
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
TURNS = int(os.environ.get("BENCH_TURNS", "3"))
CONNECTIONS = 16


@dataclass(frozen=True)
class Figure:
    """What one turn of load gave: requests a second, milliseconds at the 99th percentile, refused answers."""

    rate: float
    p99: float
    refused: int


@contextmanager
def running(command: list[str], environ: dict[str, str], port: int, path: str) -> Iterator[None]:
    """Run a server for the length of a block; it answers at `path` when the block begins."""
    with subprocess.Popen(command, env=os.environ | environ, start_new_session=True) as process:
        try:
            _wait_for(f"http://{HOST}:{port}{path}")
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            build_opener().open(address, timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def load(address: str, *, script: Path | None = None, environ: dict[str, str] | None = None) -> Figure:
    """Put load on an address of this machine for `SECONDS` seconds."""
    command = ["wrk", "--latency", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", address]
    command += ["-s", str(script)] if script else []
    environ = os.environ | (environ or {})
    run = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=True, timeout=SECONDS + 30
    )
    said = run.stdout
    rate = float(_found(r"Requests/sec:\s+([\d.]+)", said))
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    p99 = float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return Figure(rate, p99, int(refused[1]) if refused else 0)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk did not say {pattern}:\n{text}")
    return found[1]


def median(figures: list[Figure]) -> Figure:
    """Return the turn of median rate, with the median p99 of all and the refusals of all."""
    return Figure(
        statistics.median(f.rate for f in figures),
        statistics.median(f.p99 for f in figures),
        sum(f.refused for f in figures),
    )


def form_of(browser: OpenerDirector, jar: CookieJar, base: str) -> dict[str, str]:
    """Fetch the form once: its token, its session's cookie, and what is chosen when it opens."""
    page = browser.open(base + CAMPAIGN + "/write").read().decode()
    slugs = re.findall(r'name="recipients" value="([^"]+)"[^>]* checked', page)
    lists = re.findall(r'<select name="points".*?</select>', page, re.DOTALL)
    points = [found[1] for one in lists if (found := re.search(r'value="([^"]+)" selected', one))]
    return {
        "BENCH_TOKEN": _found(r'name="csrf_token"[^>]*value="([^"]+)"', page),
        "BENCH_COOKIE": "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar),
        "BENCH_PATH": CAMPAIGN + "/write",
        "BENCH_RECIPIENTS": "".join(f"&recipients={slug}" for slug in slugs)
        + "".join(f"&points={point}" for point in points),
    }


def main() -> int:
    """Measure, print a table, and return 0 if nothing was refused."""
    if shutil.which("wrk") is None:
        print("make bench needs wrk (Debian: apt-get install wrk).")
        return 2
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redress-bench-")))
        site_port, floor_port = free_port(), free_port()
        redress = [sys.executable, "-m", "app.cli"]
        environ = installation(folder / "site", REDRESS_BASE_URL=f"http://{HOST}:{site_port}")
        for step in (["db", "upgrade"], ["seed", "--demo"]):
            subprocess.run([*redress, *step], env=os.environ | environ, check=True, stdout=subprocess.DEVNULL)
        serve = [*redress, "serve", "--port", str(site_port)]
        stack.enter_context(running(serve, environ, site_port, "/healthz"))
        base = f"http://{HOST}:{site_port}"
        jar = CookieJar()
        browser = build_opener(HTTPCookieProcessor(jar))
        page = folder / "page.html"
        page.write_bytes(browser.open(base + CAMPAIGN).read())
        form = form_of(browser, jar, base)
        floor = {"BENCH_DATABASE_URL": f"sqlite:///{folder / 'floor.sqlite'}", "BENCH_PAGE": str(page)}
        command = [sys.executable, "-m", "granian", "--interface", "wsgi"]
        command += ["--host", HOST, "--port", str(floor_port)]
        command += ["--workers", "2", "--blocking-threads", "4", "--no-ws", "--log-level", "warning"]
        command += ["tests.bench.floor:application"]
        prepare(floor["BENCH_DATABASE_URL"])
        stack.enter_context(running(command, floor, floor_port, "/page"))
        return report(base, f"http://{HOST}:{floor_port}", form)


def report(base: str, floor: str, form: dict[str, str]) -> int:
    """Take turns between site and floor and print the ratios."""
    turns: dict[str, list[Figure]] = {name: [] for name in ("page", "floor page", "submit", "floor row")}
    script = HERE / "submit.lua"
    for _turn in range(TURNS):
        turns["floor page"].append(load(floor + "/page"))
        turns["page"].append(load(base + CAMPAIGN))
        turns["floor row"].append(load(floor, script=script, environ=form | {"BENCH_PATH": "/row"}))
        turns["submit"].append(load(base, script=script, environ=form))
    figures = {name: median(found) for name, found in turns.items()}
    print(f"{'':<34}{'requests/s':>12}{'p99 ms':>10}{'refused':>10}")
    for name, figure in figures.items():
        print(f"{name:<34}{figure.rate:>12.0f}{figure.p99:>10.1f}{figure.refused:>10}")
    page_ratio = figures["page"].rate / figures["floor page"].rate
    row_ratio = figures["submit"].rate / figures["floor row"].rate
    print(f"campaign page / static Jinja page: {page_ratio:.2f} (goal 0.5)")
    print(f"submitting a letter / one durable ORM row: {row_ratio:.2f} (goal 0.5)")
    return 1 if any(figure.refused for figure in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
