"""The browser of the tests is real, and whatever it complains about fails the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error

from tests.support.browser import Watch
from tests.support.plugins.browser import PageFactory
from tests.support.ports import HOST, free_port

POLICY = "default-src 'none'; script-src 'nonce-x'; style-src 'self'; img-src data:"


@contextmanager
def serving(html: str) -> Iterator[str]:
    """Serve one page, with a policy as strict as the site's, for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write((html if found else "").encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing: the test does."""

    server = ThreadingHTTPServer((HOST, free_port()), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page_with(body: str) -> str:
    icon = '<link rel="icon" href="data:,">'
    return f'<!doctype html><html lang="en"><head><title>T</title>{icon}</head><body>{body}</body></html>'


# What the browser complains about here is what is tested.
@pytest.mark.allow_page_errors
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<p style="color: red">x</p>', "Content Security Policy"),
        ("<script>x()</script>", "Content Security Policy"),
        ('<script nonce="x">throw new Error("broken")</script>', "uncaught: broken"),
        ('<script nonce="x">console.error("bad")</script>', "console: bad"),
        ('<img src="http://example.org/a.png" alt="">', "Content Security Policy"),
        ('<link rel="stylesheet" href="/gone.css">', "404 /gone.css"),
        ('<script nonce="x" src="http://example.org/a.js"></script>', "asked another host"),
    ],
)
def test_what_should_not_happen_is_seen(page_factory: PageFactory, body: str, complaint: str) -> None:
    page = page_factory()
    watch = Watch(page)
    with serving(page_with(body)) as address:
        page.goto(address)
    assert any(complaint in one for one in watch.complaints), watch.complaints


def test_a_quiet_page_is_a_quiet_page(page_factory: PageFactory) -> None:
    page = page_factory()
    with serving(page_with('<h1>Here</h1><script nonce="x">document.title = "Run"</script>')) as address:
        page.goto(address)
        assert page.title() == "Run"
        assert page.get_by_role("heading").inner_text() == "Here"


def test_a_person_without_javascript(page_factory: PageFactory) -> None:
    page = page_factory(java_script_enabled=False)
    with serving(page_with('<script nonce="x">document.title = "Run"</script>')) as address:
        page.goto(address)
        assert page.title() == "T"


# A host that does not resolve is an error of the page.
@pytest.mark.allow_page_errors
def test_no_other_host_is_reached(page_factory: PageFactory) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page_factory().goto("http://example.org/")
