"""What is logged on a person's whole way: nothing of who they are, what they wrote, or their links."""

from __future__ import annotations

import logging
import re

import pytest

from tests.factories.campaigns import store_campaign
from tests.factories.letters import copies, notices
from tests.factories.recipients import OfficeFactory
from tests.factories.visitor import Visitor
from tests.public.conftest import OutsideClient
from tests.support.nursery import run_borne
from tests.support.plugins.database import AppFactory

ADDRESS = "198.51.100.77"
PLANTED = {
    "name": "Plantedname Writer",
    "email": "plantedmail@people.example",
    "title": "Plantedtitle",
    "affiliation": "Plantedgroup",
    "city": "Plantedcity",
    "region": "Plantedregion",
    "postal_code": "PLANTED42",
    "personal_message": "Plantedwords that are mine.",
}


def test_a_whole_way_leaves_no_trace_in_the_logs(
    app_factory: AppFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app = app_factory(REDRESS_ENV="development")  # in test, tracebacks are logged on purpose
    app.test_client_class = OutsideClient
    client = app.test_client()
    assert isinstance(client, OutsideClient)
    client.environ_base["REMOTE_ADDR"] = ADDRESS
    with app.app_context():
        visitor = Visitor(client, store_campaign([OfficeFactory.build(slug="first")]))
        with client.unchecked():  # a control that comes back is no valid HTML
            visitor.forges(**{**PLANTED, "name": "Plantedname\x07"})
            visitor.forges(**{**PLANTED, "email": "plantedmail@@people.example"})
        visitor.opens_form()
        visitor.previews(**PLANTED)
        letter = visitor.writes_and_confirms(**PLANTED)
        link = visitor.confirmation_path()
        for path in (link, letter, f"{link}x", f"{letter}x", "/plantedpath?email=plantedmail", f"/{ADDRESS}"):
            client.get(path)
        client.submit(client.get(letter))
        client.post(link, data={"name": "Plantedname"})
        secrets = [link.rpartition("/")[2], letter.rpartition("/")[2], ADDRESS, notices()[0].text]
        secrets += [copy.text for copy in copies()] + [copy.message_id or "" for copy in copies()]
    told = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''} {record.args}" for record in caplog.records
    )
    assert "planted" not in told.casefold()
    assert [secret[:30] for secret in secrets if secret in told] == []


@pytest.mark.backends("sqlite")  # what is said is the same on both
@pytest.mark.seeded
def test_the_worker_and_the_commands_say_nothing_of_it_either(
    app_factory: AppFactory, environ: dict[str, str]
) -> None:
    app = app_factory()
    app.test_client_class = OutsideClient
    client = app.test_client()
    assert isinstance(client, OutsideClient)
    with app.app_context():
        visitor = Visitor(client, "bring-them-home")
        letter = visitor.writes_and_confirms(**PLANTED)
        link = visitor.confirmation_path()
    said = ""
    for command in (["worker", "--drain"], ["retention", "run"], ["doctor"]):
        done = run_borne(*command, environ=environ)
        assert done.returncode in {0, 1}, done.stderr
        said += done.stdout + done.stderr
    with app.app_context():
        assert {copy.state for copy in copies()} == {"accepted"}  # it did do something to tell of
    assert "planted" not in said.casefold()
    assert link.rpartition("/")[2] not in said
    assert letter.rpartition("/")[2] not in said
    assert not re.search(r"[\w.+-]+@[\w-]+\.\w+", said), said
