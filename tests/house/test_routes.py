"""Every page has said for whom it is, and nobody else gets anything of it: over the whole URL map."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.security.guard import Audience, audience_of
from tests.support.client import CheckingClient
from tests.support.pages import Page

pytestmark = pytest.mark.backends("sqlite")  # the routes are the same on both

OPEN = {"public", "token"}
VALUES: dict[str, object] = {
    "token": "x" * 43,
    "slug": "nothing",
    "filename": "nothing.css",
    "key": "nothing",
}


def rules(app: Flask) -> list[tuple[Rule, Audience]]:
    """Return every route with its audience."""
    found = [(rule, audience_of(app, rule.endpoint)) for rule in app.url_map.iter_rules()]
    return [(rule, who) for rule, who in found if who is not None]


def paths(app: Flask, *kinds: str) -> Iterator[tuple[str, str, Audience]]:
    """Yield (method, path, audience) of every route for these kinds of audience; identifiers lead nowhere."""
    for rule, who in rules(app):
        if who.kind in kinds:
            values = {name: VALUES.get(name, uuid.uuid4()) for name in rule.arguments}
            path = app.url_map.bind("").build(rule.endpoint, values)
            for method in sorted((rule.methods or set()) - {"OPTIONS"}):
                yield method, path, who


def test_every_route_has_an_audience(app: Flask) -> None:
    silent = [rule.rule for rule in app.url_map.iter_rules() if audience_of(app, rule.endpoint) is None]
    assert silent == []
    assert len(rules(app)) > 25


def test_everything_below_admin_is_for_organizers_except_its_doors(app: Flask) -> None:
    doors = {rule.rule for rule, who in rules(app) if rule.rule.startswith("/admin") and who.kind in OPEN}
    known = {"/admin/login", "/admin/logout", "/admin/welcome/<token>"}
    known |= {f"/admin/{page}" for page in ("tf-setup", "tf-validate", "tf-rescue", "mf-recovery")}
    assert doors <= known, "a new page of the desk that anybody can open: is it meant so?"


def test_what_is_not_below_admin_is_for_everybody_or_whoever_has_the_link(app: Flask) -> None:
    kinds = {rule.rule: who.kind for rule, who in rules(app) if not rule.rule.startswith("/admin")}
    assert set(kinds.values()) <= {"public", "token", "loopback", "machine"}
    assert {path for path, kind in kinds.items() if kind == "machine"} == {"/metrics"}
    assert {path for path, kind in kinds.items() if kind == "loopback"} == {
        "/dev/mailbox",
        "/dev/mailbox/<key>",
    }
    for path, kind in kinds.items():
        assert ("<token>" in path) == (kind == "token"), path


def test_whoever_is_not_signed_in_gets_nothing_of_the_desk(app: Flask, client: CheckingClient) -> None:
    token = _csrf_token(client)
    tried = 0
    for method, path, who in paths(app, "organizer", "permission"):
        for data in ({}, {"csrf_token": token}):
            with client.unchecked():
                answer = client.open(path, method=method, data=data if method == "POST" else None)
            if method in {"GET", "HEAD"}:
                assert answer.status_code == 302, (method, path)
                assert answer.headers["Location"].startswith("/admin/login"), (method, path)
            else:
                assert answer.status_code == 403, (method, path, who)
            assert answer.headers["Cache-Control"] == "no-store", path
            tried += 1
    assert tried > 20


def _csrf_token(client: CheckingClient) -> str:
    form = Page(client.get("/admin/login").text).form(field="password")
    return dict(form.filled({}))["csrf_token"]


def test_a_link_that_nobody_made_opens_nothing(app: Flask, client: CheckingClient) -> None:
    token = _csrf_token(client)
    for method, path, _who in paths(app, "token"):
        with client.unchecked():  # the paths of forms cannot be opened by themselves
            answer = client.open(
                path, method=method, data={"csrf_token": token} if method == "POST" else None
            )
        assert answer.status_code in {403, 404}, (method, path)
        assert "data-recipient" not in answer.text


def test_everybody_can_read_what_is_for_everybody(app: Flask, client: CheckingClient) -> None:
    for method, path, _who in paths(app, "public"):
        if method == "GET":
            with client.unchecked():
                answer = client.get(path)
            answer.close()
            assert answer.status_code in {200, 302, 303, 404, 503}, path


def test_no_form_is_taken_without_its_token(app: Flask, client: CheckingClient) -> None:
    for method, path, _who in paths(app, "public", "token"):
        if method not in {"GET", "HEAD"}:
            with client.unchecked():
                answer = client.open(path, method=method, data={})
            assert answer.status_code == 400, (method, path)


def test_no_form_is_taken_from_another_site(app: Flask, client: CheckingClient) -> None:
    token = _csrf_token(client)
    for method, path, _who in paths(app, "public", "token", "loopback", "organizer", "permission"):
        if method not in {"GET", "HEAD"}:
            with client.unchecked():
                answer = client.open(
                    path,
                    method=method,
                    data={"csrf_token": token},
                    headers={"Origin": "https://evil.example"},
                )
            assert answer.status_code == 403, (method, path)
