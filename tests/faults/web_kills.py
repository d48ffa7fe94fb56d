"""The site's processes killed while people submit and confirm."""

from __future__ import annotations

import http.client
import random
import time

from tests.faults.finding import Finding, Place, wait_until
from tests.faults.writers import Writers, judge_letters
from tests.support.journeys import CAMPAIGN, DURING_THE_CAMPAIGN
from tests.support.nursery import Nursery
from tests.support.ports import HOST, can_bind, free_port

SEED = 20261122
LONGEST = 0.06
"""Seconds from the first acknowledgement after a kill to the next kill, at most."""


def kill_sites(place: Place, kills: int) -> Finding:
    """Kill one of two sites, again and again, with whatever it is answering, and start it anew."""
    finding = Finding(count=kills)
    chance = random.Random(SEED)
    ports = [free_port(), free_port()]
    environ = place.environ | {
        "REDRESS_TEST_NOW": DURING_THE_CAMPAIGN,
        "REDRESS_BASE_URL": f"http://{HOST}:1",
    }
    nursery = Nursery(environ, place.folder / "sites.log", "serve")
    with nursery.running():
        sites = {port: start_site(nursery, port) for port in ports}
        for port in ports:
            wait_for_site(port)
        writers = Writers(place.app, ports, CAMPAIGN)
        writers.start()
        try:
            for _ in range(kills):
                writers.wait_for_more()
                time.sleep(chance.uniform(0, LONGEST))
                port = chance.choice(ports)
                nursery.kill(sites[port])
                sites[port] = start_site(nursery, port)
        except AssertionError as error:
            finding.broken.append(str(error))
        finally:
            writers.end()
    told = writers.told
    judge_letters(finding, told)
    finding.note = (
        f"{len(told.written)} written, {len(told.confirmed)} confirmed,"
        f" {told.statuses.get(0, 0)} answers broken off or not begun"
    )
    return finding


def start_site(nursery: Nursery, port: int) -> int:
    """Let a site be born on a port as soon as the one before it has let go, and do not wait for it."""
    wait_until(lambda: can_bind(port), 20, f"port {port} is not free")
    return nursery.bear("--port", str(port), "--processes", "1")


def wait_for_site(port: int, seconds: float = 60.0) -> None:
    """Wait until somebody answers on a port."""
    wait_until(lambda: status_of(port, "/healthz") == 200, seconds, "the site does not answer")


def status_of(port: int, path: str) -> int:
    """Return the status that a site answers with, or 0."""
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
