"""Refusals and failures as pages: in the site's design, in plain words, without the machine's."""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.database import db
from app.errors import Gone, NotFound, RedressError, Refused, TooMany, Unavailable
from app.letters.models import Letter
from app.security.guard import PUBLIC, audience
from tests.factories.campaigns import store_campaign
from tests.factories.storage import everything
from tests.factories.visitor import Visitor
from tests.public.conftest import OutsideClient
from tests.support.pages import Page
from tests.support.plugins.database import AppFactory

NO_DATABASE = pytest.mark.backends("sqlite")  # nothing of it is the database's
TECHNICAL = re.compile(
    r"traceback|exception|error \d|sqlalchemy|psycopg|sqlite|flask|werkzeug|\.py\b|select ", re.I
)

HEADINGS = {
    400: "That did not arrive whole",
    403: "This door is closed to you",
    404: "There is no such page",
    405: "This page cannot be used that way",
    410: "This is over",
    413: "That was too much at once",
    422: "Something has to be put right first",
    429: "A little slower, please",
    500: "That was our mistake",
    503: "Back in a moment",
}


def assert_page(answer: TestResponse, status: int) -> Page:
    """Hold an answer against what every error page keeps to, and return it."""
    page = Page(answer.text)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert page.heading == HEADINGS[status]
    assert HEADINGS[status] in page.title
    assert not TECHNICAL.search(page.text), page.text
    assert "/" in page.links  # there is a way on
    assert next(page.elements("link", rel="stylesheet"), None) is not None
    assert ("Retry-After" in answer.headers) is (status in {429, 503})
    return page


def routes_that_raise(app: Flask) -> OutsideClient:
    """Add a route for each of our errors, and return a browser."""

    def add(name: str, error: Callable[[], Exception]) -> None:
        @audience(PUBLIC)
        def view() -> str:
            raise error()

        app.add_url_rule(f"/raise/{name}", name, view)

    add("gone", lambda: Gone("The link is used up."))
    add("missing", lambda: NotFound("No such letter."))
    add("refused", lambda: Refused("A name is missing.", "name"))
    add("many", lambda: TooMany("Wait a little.", 90))
    add("busy", lambda: Unavailable("The site is busy.", 7))
    add("other", lambda: RedressError("Something else."))
    add("mistake", lambda: ZeroDivisionError("Planted Name <planted@people.example>"))
    add("wrong", lambda: sa.exc.IntegrityError("INSERT planted", {"name": "planted"}, Exception("planted")))
    add("gone-db", lambda: sa.exc.OperationalError("SELECT planted", {"x": "planted"}, Exception("planted")))
    app.test_client_class = OutsideClient
    client = app.test_client()
    assert isinstance(client, OutsideClient)
    return client


@NO_DATABASE
def test_our_own_errors_say_their_sentence(app: Flask) -> None:
    client = routes_that_raise(app)
    for name, status, sentence in [
        ("gone", 410, "The link is used up."),
        ("missing", 404, "No such letter."),
        ("refused", 422, "A name is missing."),
        ("many", 429, "Wait a little."),
        ("busy", 503, "The site is busy."),
        ("other", 400, "Something else."),
    ]:
        assert sentence in assert_page(client.get(f"/raise/{name}"), status).text
    assert client.get("/raise/many").headers["Retry-After"] == "90"
    assert client.get("/raise/busy").headers["Retry-After"] == "7"


@NO_DATABASE
def test_a_mistake_of_ours_tells_neither_page_nor_log_what_somebody_typed(
    app_factory: AppFactory, caplog: pytest.LogCaptureFixture
) -> None:
    client = routes_that_raise(app_factory(REDRESS_ENV="development"))
    for name in ("mistake", "wrong"):
        answer = client.get(f"/raise/{name}?email=planted@people.example")
        assert "planted" not in assert_page(answer, 500).html.casefold()
    assert "ZeroDivisionError" in caplog.text
    assert "test_error_pages.py" in caplog.text
    assert "planted" not in caplog.text.casefold()
    assert all(record.exc_info is None for record in caplog.records if record.name == "app")


@NO_DATABASE
def test_a_database_that_is_away_is_a_moment_not_a_mistake(
    app_factory: AppFactory, caplog: pytest.LogCaptureFixture
) -> None:
    client = routes_that_raise(app_factory(REDRESS_ENV="development"))
    assert_page(client.get("/raise/gone-db"), 503)
    assert "planted" not in caplog.text


@NO_DATABASE
def test_statuses_that_have_no_page_of_their_own_get_that_of_their_class(app: Flask) -> None:
    from flask import abort

    for status in (401, 406, 409, 415, 418, 501, 502):
        app.add_url_rule(f"/{status}", str(status), audience(PUBLIC)(_aborting(abort, status)))
    app.test_client_class = OutsideClient
    client = app.test_client()
    for status in (401, 406, 409, 415, 418, 501, 502):
        answer = client.get(f"/{status}")
        assert answer.status_code == status
        assert Page(answer.text).heading == HEADINGS[400 if status < 500 else 500]


def _aborting(abort: Callable[[int], None], status: int) -> Callable[[], str]:
    def view() -> str:
        abort(status)
        return ""

    return view


def test_real_causes(app_context: Flask, client: OutsideClient) -> None:
    closed = store_campaign(status="closed")
    visitor = Visitor(client, store_campaign())
    form = dict(visitor.opens_form().form(field="personal_message").filled({}, "send"))
    write = visitor.write_path
    assert_page(client.post(write, data={}), 400)
    assert_page(client.post(write, data={**form, "intent": "steal"}), 400)
    assert_page(client.post(write, data=form, headers={"Origin": "https://evil.example"}), 403)
    assert_page(client.get("/nowhere"), 404)
    assert_page(client.get("/confirm/nothing"), 404)
    assert_page(client.get("/static/nothing.css"), 404)
    assert client.delete("/offices").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert_page(client.delete("/offices"), 405)
    assert_page(client.delete("/privacy"), 405)
    assert_page(client.get(f"/campaigns/{closed}/write"), 410)
    assert_page(client.post(write, data={**form, "name": "x" * 300_000}), 413)


def test_500_and_404_stand_without_a_database(app: Flask) -> None:
    client = routes_that_raise(app)
    with app.app_context():
        sa.event.listen(db.engine, "do_connect", _no_connection)
        db.engine.dispose()
    assert_page(client.get("/raise/mistake"), 500)
    assert_page(client.get("/nowhere"), 404)
    assert_page(client.get("/"), 503)
    assert_page(client.get("/campaigns/any/write"), 503)  # asks for the version of content first
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").json is not None


def _no_connection(dialect: sa.Dialect, *_arguments: object) -> None:
    raise dialect.loaded_dbapi.OperationalError("nobody there")


@contextmanager
def writers_locked_out(app: Flask) -> Iterator[None]:
    """Hold, from a connection of its own, what every writer needs: SQLite's lock, or the rows of letters."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                other.execute("ROLLBACK")
                other.close()
        else:
            with db.engine.connect() as connection, connection.begin():
                connection.execute(sa.select(Letter.id).with_for_update())
                connection.execute(sa.text("LOCK TABLE supporters IN EXCLUSIVE MODE"))
                yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let writers wait for half a second only, so that the test does not."""
    monkeypatch.setattr("app.database.BUSY_SECONDS", 0.5)


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_a_locked_database_is_told_in_words_and_nothing_is_lost(
    impatient: None, app_factory: AppFactory
) -> None:
    app = app_factory()
    app.test_client_class = OutsideClient
    client = app.test_client()
    assert isinstance(client, OutsideClient)
    with app.app_context():
        visitor = Visitor(client, store_campaign())
        visitor.sends()
        link = visitor.confirmation_path()
        confirmation = client.get(link)
        visitor.opens_form()
        before = everything()
        with writers_locked_out(app):
            assert_page(visitor.sends(), 503)
            assert_page(client.submit(confirmation), 503)
            # Readers are not in anybody's way.
            assert client.get(f"/campaigns/{visitor.slug}").status_code == 200
            assert client.get(link).status_code == 200
        assert everything() == before
        assert visitor.sends().status_code == 303
        assert client.submit(confirmation).status_code == 303


@pytest.mark.backends("sqlite")  # PostgreSQL has no turns: there writers wait for rows, as above
def test_a_writer_that_never_ends_is_told_in_words_too(impatient: None, app_factory: AppFactory) -> None:
    """Another thread of ours that holds the turn, not only another program."""
    app = app_factory()
    lock = app.extensions["redress_writer_lock"]
    app.test_client_class = OutsideClient
    client = app.test_client()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.held():
            held.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    with app.app_context():
        assert isinstance(client, OutsideClient)
        visitor = Visitor(client, store_campaign())
        visitor.opens_form()
    holder.start()
    try:
        assert held.wait(5)
        page = assert_page(visitor.sends(), 503)
        assert "Nothing was lost" in page.text
    finally:
        done.set()
        holder.join()
    assert visitor.sends().status_code == 303


@NO_DATABASE
def test_no_refusal_is_logged_as_an_error(
    app_context: Flask, client: OutsideClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/nowhere")
    client.get("/confirm/none")
    client.delete("/")
    client.post(f"/campaigns/{store_campaign()}/write", data={})
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
