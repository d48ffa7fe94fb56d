"""/metrics: for whom, and what stands there."""

from __future__ import annotations

import re

from flask import Flask

from tests.factories.campaigns import store_campaign
from tests.factories.letters import write_and_confirm
from tests.support.plugins.database import AppFactory

TOKEN = "a-token-of-the-tests-long-enough"
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[a-z_]+"(,[a-z]+="[a-z_]+")*\})? [0-9.e+]+')


def test_it_tells_numbers_and_nothing_of_anybody(app: Flask) -> None:
    with app.app_context(), app.test_request_context():
        write_and_confirm(store_campaign())
    answer = app.test_client().get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert 'redress_deliveries{kind="letter",state="queued"} 2' in lines
    assert "redress_workers_alive 0" in lines
    assert 'redress_stops{scope="site"} 0' in lines
    for line in lines:
        assert line.startswith(("# HELP redress_", "# TYPE redress_")) or LINE.fullmatch(line), line
    assert "example" not in answer.text


def test_without_a_token_only_this_machine_reads_it(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404
    passed_on = {"X-Forwarded-For": "192.0.2.1"}
    assert client.get("/metrics", headers=passed_on).status_code == 404, "a proxy stands on this machine"


def test_with_a_token_whoever_sends_it(app_factory: AppFactory) -> None:
    client = app_factory(REDRESS_METRICS_TOKEN=TOKEN).test_client()
    away = {"REMOTE_ADDR": "192.0.2.1"}
    for sent, status in ((f"Bearer {TOKEN}", 200), ("Bearer another", 404), ("", 404)):
        headers = {"Authorization": sent} if sent else {}
        assert client.get("/metrics", headers=headers, environ_overrides=away).status_code == status
    assert client.get("/metrics").status_code == 200, "this machine needs none"
    wrong = {"Authorization": "Bearer another"}
    assert client.get("/metrics", headers=wrong).status_code == 404, "a wrong one is wrong everywhere"
