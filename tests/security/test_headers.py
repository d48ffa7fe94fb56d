"""What comes with every answer, whatever it is."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.security.guard import PUBLIC, audience
from tests.factories.campaigns import store_campaign
from tests.support.client import CheckingClient
from tests.support.pages import Page
from tests.support.plugins.database import AppFactory

pytestmark = pytest.mark.backends("sqlite")  # nothing of it is the database's

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@audience(PUBLIC)
def broken() -> str:
    """A page with a mistake in it."""
    raise RuntimeError("a name that somebody typed")


def every_kind_of_answer(client: CheckingClient) -> dict[str, TestResponse]:
    """Return an answer of each kind: pages, refusals, redirects, files, and what is no page."""
    client.application.add_url_rule("/broken", "broken", broken)
    with client.application.app_context():
        slug = store_campaign()
    write = f"/campaigns/{slug}/write"
    form = dict(Page(client.get(write).text).form(field="personal_message").filled({}, "send"))
    with client.unchecked():  # some are no pages; what matters here is looked at below
        answers = {
            "200": client.get("/"),
            "200 form": client.get(write),
            "200 json": client.get("/healthz"),
            "200 head": client.head("/"),
            "200 options": client.options("/"),
            "200 static": client.get("/static/redress.css"),
            "303": client.post(write, data={**form, "website": "spam"}),
            "302": client.get("/admin/account"),
            "308": client.get("//privacy"),
            "400": client.post(write, data={}),
            "403": client.post(write, data=form, headers={"Origin": "https://evil.example"}),
            "404": client.get("/nowhere"),
            "404 static": client.get("/static/nothing.css"),
            "405": client.delete("/"),
            "413": client.post(write, data={**form, "name": "x" * 400_000}),
            "422": client.post(write, data=form),
            "500": client.get("/broken"),
        }
    for answer in answers.values():
        answer.close()  # files stay open otherwise
    return answers


def test_the_headers_come_with_every_answer(client: CheckingClient) -> None:
    for kind, answer in every_kind_of_answer(client).items():
        assert str(answer.status_code) == kind[:3], kind
        for name, value in ALWAYS.items():
            assert answer.headers.getlist(name) == [value], (kind, name)
        assert "camera=()" in answer.headers["Permissions-Policy"], kind
        policy = dict(
            part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'", kind
        assert policy["frame-ancestors"] == "'none'", kind
        assert policy["base-uri"] == "'none'", kind
        assert policy["form-action"] == "'self'", kind
        assert re.fullmatch(r"'nonce-[\w-]{20,}'", policy["script-src"]), kind
        assert "unsafe" not in answer.headers["Content-Security-Policy"], kind
        assert "Server" not in answer.headers or "Python" not in answer.headers["Server"], kind
        assert "Strict-Transport-Security" not in answer.headers, kind


def test_a_nonce_is_for_one_answer_and_the_one_in_the_page(client: CheckingClient) -> None:
    with client.application.app_context():
        path = f"/campaigns/{store_campaign()}/write"
    seen = set()
    for _time in range(5):
        answer = client.get(path)
        (nonce,) = re.findall(r"'nonce-([\w-]+)'", answer.headers["Content-Security-Policy"])
        scripts = [
            script.get("nonce") for script in Page(answer.text).elements("script") if script.get("src")
        ]
        assert scripts
        assert set(scripts) == {nonce}
        seen.add(nonce)
    assert len(seen) == 5


def test_over_https_browsers_are_told_to_stay_there(app_factory: AppFactory) -> None:
    app = app_factory(REDRESS_BASE_URL="https://letters.example")
    answer = app.test_client().get("/privacy")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize(
    "path", ["/letters/x", "/confirm/x", "/confirm/x/decline", "/privacy", "/admin/login"]
)
def test_pages_that_are_about_somebody_are_kept_nowhere(client: CheckingClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_static_files_can_be_kept(client: CheckingClient) -> None:
    answer = client.get("/static/redress.css")
    assert "no-store" not in answer.headers.get("Cache-Control", "")
    with client.unchecked():
        again = client.get("/static/redress.css", headers={"If-None-Match": answer.headers["ETag"]})
    answer.close()
    again.close()
    assert again.status_code == 304
    assert again.headers["X-Content-Type-Options"] == "nosniff"


def test_a_proxy_is_believed_only_where_it_is_declared(app_factory: AppFactory) -> None:
    forged = {"For": "203.0.113.9", "Host": "evil.example", "Proto": "https"}
    headers = {f"X-Forwarded-{name}": value for name, value in forged.items()}
    seen: list[tuple[str | None, str]] = []

    def look(app: Flask) -> tuple[str | None, str]:
        from flask import request

        @app.before_request
        def note() -> None:
            seen.append((request.remote_addr, request.host_url))

        app.test_client().get("/privacy", headers=headers)
        return seen.pop()

    assert look(app_factory()) == ("127.0.0.1", "http://localhost/")
    assert look(app_factory(REDRESS_TRUSTED_PROXIES="1")) == ("203.0.113.9", "https://evil.example/")
