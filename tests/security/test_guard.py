"""Nothing answers that has not said for whom it is; nothing is changed from another site's page."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask

from app.security.guard import LOOPBACK, ORGANIZER, PUBLIC, TOKEN, audience, audience_of, permission
from tests.factories.campaigns import store_campaign
from tests.factories.storage import counts
from tests.factories.visitor import Visitor, whole_form
from tests.support.client import CheckingClient
from tests.support.pages import Page
from tests.support.plugins.database import AppFactory

pytestmark = pytest.mark.backends("sqlite")  # nothing of it is the database's


def view() -> str:
    """A view that says nothing of its audience."""
    return "secret"


def _other_view() -> str:
    return view()


def test_a_route_without_an_audience_is_refused(
    app: Flask, client: CheckingClient, caplog: pytest.LogCaptureFixture
) -> None:
    app.add_url_rule("/forgotten", "forgotten", view)
    answer = client.get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text
    assert "route without a declared audience: forgotten" in caplog.text


def test_audiences_are_read_from_the_view() -> None:
    app = Flask("bare")
    for name, who in {"a": PUBLIC, "b": TOKEN, "c": LOOPBACK, "d": ORGANIZER, "e": permission("x.y")}.items():
        marked: Any = audience(who)(lambda: "")
        app.add_url_rule(f"/{name}", name, marked)
        assert audience_of(app, name) == who
    assert [str(audience_of(app, name)) for name in "ade"] == ["public", "organizer", "x.y"]
    assert audience_of(app, "nowhere") is None


def test_organizers_pages_lead_to_the_sign_in_and_refuse_to_change(
    app: Flask, client: CheckingClient
) -> None:
    app.add_url_rule("/desk", "desk", audience(ORGANIZER)(view), methods=["GET", "POST"])
    app.add_url_rule("/desk/x", "desk_x", audience(permission("x.y"))(_other_view))
    token = _token(client)
    for path in ("/desk", "/desk/x", "/desk?page=2"):
        answer = client.get(path)
        assert (answer.status_code, "secret" in answer.text) == (302, False)
        assert answer.headers["Location"].startswith("/admin/login")
    assert client.post("/desk", data={"csrf_token": token}).status_code == 403


def _token(client: CheckingClient) -> str:
    with client.application.app_context():
        slug = store_campaign()
    page = Page(client.get(f"/campaigns/{slug}/write").text)
    return dict(page.form(field="personal_message").filled({}))["csrf_token"]


@pytest.mark.parametrize(
    ("env", "address", "status"),
    [
        ("development", "127.0.0.1", 200),
        ("development", "::1", 200),
        ("development", "203.0.113.9", 404),
        ("test", "127.0.0.1", 404),
    ],
)
def test_the_mailbox_is_for_this_machine_in_development(
    app_factory: AppFactory, env: str, address: str, status: int
) -> None:
    client = app_factory(REDRESS_ENV=env).test_client()
    answer = client.get("/dev/mailbox", environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == status


def test_the_mailbox_is_not_there_in_production(app_factory: AppFactory) -> None:
    production = app_factory(
        REDRESS_ENV="production",
        REDRESS_SECRET_KEY="k" * 32,
        REDRESS_BASE_URL="https://letters.example",
        REDRESS_SMTP_URL="smtp://relay.example",
    )
    assert production.test_client().get("/dev/mailbox").status_code == 404


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "https://localhost"},
    {"Origin": ""},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
]


def test_a_form_that_another_site_sent_is_refused_with_a_valid_token_too(
    app_context: Flask, client: CheckingClient
) -> None:
    visitor = Visitor(client, store_campaign())
    form = visitor.opens_form().form(field="personal_message")
    values = dict(form.filled(whole_form(), "send"))
    for headers in FOREIGN:
        for method in (client.post, client.put, client.delete, client.patch):
            answer = method(visitor.write_path, data=values, headers=headers)
            assert answer.status_code in {403, 405}, (headers, method)
        assert client.post(visitor.write_path, data=values, headers=headers).status_code == 403, headers
        assert client.get(visitor.write_path, headers=headers).status_code == 200, headers
    assert "letters" not in counts()
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}  # the configured address
    assert client.post(visitor.write_path, data=values, headers=own).status_code == 303
    assert counts()["letters"] == 1


def test_another_site_is_refused_before_anything_is_read_of_what_it_sent(
    app_context: Flask, client: CheckingClient
) -> None:
    path = f"/campaigns/{store_campaign()}/write"
    answer = client.post(path, data={}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_a_form_without_its_token_is_answered_with_a_page(app_context: Flask, client: CheckingClient) -> None:
    visitor = Visitor(client, store_campaign())
    values = dict(visitor.opens_form().form(field="personal_message").filled(whole_form(), "send"))
    for token in (None, "", "forged", "x" * 10_000, "\x00", "ա"):
        sent = {name: value for name, value in values.items() if name != "csrf_token"}
        answer = client.post(visitor.write_path, data=sent | ({} if token is None else {"csrf_token": token}))
        assert answer.status_code == 400, token
        assert Page(answer.text).heading == "That did not arrive whole"
    stranger = client.application.test_client()
    assert stranger.post(visitor.write_path, data=values).status_code == 400  # another browser's token
    assert "letters" not in counts()


def test_the_cookie_is_for_the_browser_alone(client: CheckingClient) -> None:
    with client.application.app_context():
        path = f"/campaigns/{store_campaign()}/write"
    (cookie,) = client.get(path).headers.getlist("Set-Cookie")
    name, _, rest = cookie.partition("=")
    attributes = {part.strip().casefold() for part in rest.split(";")[1:]}
    assert name == "redress"
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert "secure" not in attributes
    assert not any(one.startswith("domain") for one in attributes)


def test_over_https_the_cookie_cannot_come_from_elsewhere(app_factory: AppFactory) -> None:
    app = app_factory(REDRESS_BASE_URL="https://letters.example")
    with app.app_context():
        path = f"/campaigns/{store_campaign()}/write"
    (cookie,) = app.test_client().get(path, base_url="https://letters.example").headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-redress=")
    assert "; Secure" in cookie
    assert "; Path=/" in cookie
    assert "Domain" not in cookie


def test_whoever_only_reads_gets_no_cookie(app_context: Flask, client: CheckingClient) -> None:
    # A page with a form gives the one that its token needs: /write, /sign, /privacy.
    slug = store_campaign()
    for path in ("/", f"/campaigns/{slug}", "/offices", "/healthz", "/static/redress.css", "/nowhere"):
        answer = client.get(path)
        answer.close()
        assert "Set-Cookie" not in answer.headers, path


def test_odd_hosts_and_headers_are_no_mistake_of_ours(
    client: CheckingClient, caplog: pytest.LogCaptureFixture
) -> None:
    for host in ("evil.example", "localhost:99999", "a b", "[::1", "x" * 300, "%00", "լ"):
        with client.unchecked():
            answer = client.get("/privacy", headers={"Host": host})
            assert answer.status_code in {200, 400}, host
            assert "evil.example" not in answer.text
            answer = client.post("/campaigns/x/write", headers={"Host": host, "Origin": f"http://{host}"})
            assert answer.status_code in {400, 403, 404}, host
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
