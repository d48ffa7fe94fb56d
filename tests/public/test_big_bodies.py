"""Bodies that are far too big, at the real server: refused at once, without being kept in memory."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.plugins.processes import SiteFactory
from tests.support.processes import Site

pytestmark = [
    pytest.mark.backends("sqlite"),  # nothing of it is the database's
    pytest.mark.seeded,
]

MEGABYTE = 1_000_000
PATH = "/campaigns/bring-them-home/write"


def post(site: Site, body: bytes | Iterator[bytes], **headers: str) -> tuple[int, str, float]:
    """Post a body and return the status, the page, and how many seconds it took."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    began = time.monotonic()
    chunked = "Transfer-Encoding" in named
    with suppress(BrokenPipeError, ConnectionResetError):  # it was answered before the rest was read
        connection.request("POST", PATH, body=body, headers=named, encode_chunked=chunked)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, time.monotonic() - began


def memory(site: Site) -> int:
    """Return the resident memory of the server and all its children, in bytes."""
    group = site.process.pid
    found = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if int((status.parent / "stat").read_text().rpartition(")")[2].split()[2]) != group:
                continue
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            found += int(lines.get("VmRSS", "0 kB").split()[0]) * 1024
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_ten_megabytes_are_refused_at_once_and_not_kept(live_server: SiteFactory) -> None:
    site = live_server()
    form = "application/x-www-form-urlencoded"
    post(site, b"name=warm")  # whatever is loaded at the first request is loaded now
    before = memory(site)
    body = b"name=" + b"x" * (10 * MEGABYTE)
    for kind in (form, "multipart/form-data; boundary=x", "text/plain"):
        for _time in range(3):
            status, page, seconds = post(site, body, Content_Type=kind)
            assert status in ({413} if kind != "text/plain" else {400, 413}), kind
            assert "That was too much at once" in page or kind == "text/plain"
            assert seconds < 1
    assert memory(site) - before < 50 * MEGABYTE


def test_a_body_of_unknown_length_is_bounded_too(live_server: SiteFactory) -> None:
    site = live_server()
    post(site, b"name=warm")
    before = memory(site)
    pieces = (b"x" * 100_000 for _piece in range(100))
    status, _page, seconds = post(
        site,
        pieces,
        Content_Type="application/x-www-form-urlencoded",
        Transfer_Encoding="chunked",
    )
    assert 400 <= status < 500
    assert seconds < 2
    assert memory(site) - before < 50 * MEGABYTE


def test_a_promise_of_much_that_never_comes_holds_nobody_up(live_server: SiteFactory) -> None:
    site = live_server()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {10**9}\r\nContent-Type: text/plain\r\n\r\n"
    slow = [socket.create_connection(("127.0.0.1", site.port)) for _connection in range(12)]
    try:
        for connection in slow:
            connection.sendall(head.encode() + b"x")
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=5)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        for one in slow:
            one.close()
