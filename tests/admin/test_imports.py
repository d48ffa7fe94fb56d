"""Importing at the desk: a file, what it would change, and a yes; on both databases."""

from __future__ import annotations

import io
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.database import db
from app.recipients.importer import uploads
from app.recipients.models import Recipient
from tests.factories.organizers import desk_of
from tests.factories.visitor import complaints
from tests.recipients.importer.making import OFFICE
from tests.support.client import CheckingClient
from tests.support.pages import Page

NEW = "/admin/recipients/imports/new"


@pytest.fixture
def desk(app: Flask) -> CheckingClient:
    """The browser of an organizer who is signed in."""
    return desk_of(app, "organizer")


def send(desk: CheckingClient, text: str | bytes, name: str = "offices.yaml", **typed: str) -> TestResponse:
    """Fill in the form with a file, and send it."""
    form = Page(desk.get(NEW).text).form(field="row_id")
    content = text.encode() if isinstance(text, str) else text
    data = dict(form.filled(typed)) | {"file": (io.BytesIO(content), name)}
    return desk.post(NEW, data=data, content_type="multipart/form-data", follow_redirects=True)


def confirm(desk: CheckingClient, page: TestResponse) -> TestResponse:
    """Say yes to what a page shows."""
    return desk.submit(page, field="seen", follow_redirects=True)


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Recipient.id))) or 0


def test_from_a_file_to_offices(app: Flask, desk: CheckingClient) -> None:
    shown = send(desk, OFFICE)
    page = Page(shown.text)
    assert page.heading == "What would change"
    for told in (
        "4 rows would be written.",
        "The Secretary",
        "Institution: Assembly of Nations",
        "Ana Example",
        "First day: 2024-01-01",
        "email: secretary@offices.example",
        "offices.yaml, line 1, column 3",
    ):
        assert told in page.text, page.text
    assert count(app) == 0
    done = Page(confirm(desk, shown).text)
    assert done.heading == "Imported"
    assert "Offices: 1" in done.text
    assert "Contacts: 2" in done.text
    assert count(app) == 1
    assert "There is nothing to import." in Page(send(desk, OFFICE).text).text


def test_what_changes_is_told_with_what_it_was(app: Flask, desk: CheckingClient) -> None:
    confirm(desk, send(desk, OFFICE))
    holder = "{external_id: test-holder, name: Ana Example, family_name: Example, starts_on: 2024-01-01}"
    newer = OFFICE.replace("country: CH\n  h", "accepts: cases\n  country: CH\n  h").replace(
        holder, "{external_id: next, name: Bo Next, starts_on: 2026-01-01}"
    )
    text = Page(send(desk, newer).text).text
    assert "Who may write: Letters from anybody → Submissions in a case only" in text
    assert "Closed, ended or withdrawn (1)" in text
    assert "Last day: empty → 2025-12-31" in text
    assert "Untouched Contacts: 2" in text
    closed = OFFICE.replace("  level:", "  status: closed\n  closed_on: 2026-01-01\n  level:")
    text = Page(send(desk, closed).text).text
    assert "Status: Open → Closed" in text
    assert "Closed, ended or withdrawn (1)" in text


def test_what_an_organizer_edited_is_kept_and_shown(app: Flask, desk: CheckingClient) -> None:
    confirm(desk, send(desk, OFFICE))
    with app.app_context():
        office_id = db.session.scalars(select(Recipient.id)).one()
    edit = desk.get(f"/admin/recipients/{office_id}/edit")
    desk.submit(edit, {"title": "Ours"}, field="institution")
    text = Page(send(desk, OFFICE).text).text
    assert "what organizers edited is kept" in text
    assert "Title of the office: Ours → Secretary" in text
    shown = send(desk, OFFICE, overwrite="y")
    assert "One row would be written." in Page(shown.text).text


def test_errors_are_told_with_their_line_and_nothing_can_be_confirmed(
    app: Flask, desk: CheckingClient
) -> None:
    shown = send(desk, OFFICE + "  party: <b>Green</b>\n  rhythm: often\n")
    page = Page(shown.text)
    assert "keep the file from being imported" in page.text
    assert "offices.yaml, line 12, column 10" in page.text
    assert [form.action for form in page.forms if form.action.endswith("discard")]
    assert shown.request.path not in [form.action for form in page.forms]
    token = dict(page.form(action=f"{shown.request.path}/discard").filled({}))["csrf_token"]
    forged = desk.post(shown.request.path, data={"csrf_token": token, "seen": "0"})
    assert forged.status_code == 422
    assert count(app) == 0
    discarded = desk.submit(shown, action=f"{shown.request.path}/discard", follow_redirects=True)
    assert Page(discarded.text).heading == "Offices"
    with desk.unchecked():
        assert desk.get(shown.request.path).status_code == 404


def test_a_plan_that_is_out_of_date_is_shown_anew(app: Flask, desk: CheckingClient) -> None:
    first, second = send(desk, OFFICE), send(desk, OFFICE.replace("title: Secretary", "title: Chancellor"))
    confirm(desk, first)
    answer = confirm(desk, second)
    assert answer.status_code == 422
    assert "Something was changed since this page was made." in Page(answer.text).text
    assert "Title of the office: Secretary → Chancellor" in Page(answer.text).text
    assert Page(confirm(desk, answer).text).heading == "Imported"


def test_whatever_is_wrong_with_the_file_is_told_beside_its_field(desk: CheckingClient) -> None:
    assert set(complaints(send(desk, ""))) == {"file"}
    assert set(complaints(send(desk, "x", "offices.pages"))) == {"format"}
    assert set(complaints(send(desk, b"PK\x03\x04", "offices.zip"))) == {"file"}
    assert set(complaints(desk.submit(desk.get(NEW), field="row_id"))) == {"file"}
    for odd in ("nothing", ""):
        assert set(complaints(send(desk, "", row_id=odd))) == {"file"}


def test_many_changes_are_cut_short(desk: CheckingClient) -> None:
    lines = [f"office-{number},A,Mayor {number},Mayor {number},local" for number in range(150)]
    table = "\n".join(["external_id,institution,title,short_name,level", *lines]) + "\n"
    text = Page(send(desk, table, "offices.csv").text).text
    assert "150 rows would be written." in text
    assert "And 50 more." in text


@pytest.mark.backends("sqlite")
def test_only_an_organizer_can_send_much(app: Flask, desk: CheckingClient) -> None:
    def sends(client: FlaskClient, size: int, path: str = NEW) -> int:
        kind = "multipart/form-data; boundary=x"
        return client.post(path, data=b"x" * size, content_type=kind).status_code

    with desk.unchecked():
        assert sends(desk_of(app, "viewer"), 400_000) == 403
        assert sends(app.test_client(), 400_000) == 403
        assert sends(desk, uploads.LARGEST + 100_000) == 413
        assert sends(desk, 400_000, "/admin/recipients/new") == 413
    assert Page(send(desk, b"external_id\n" + b"x," * 200_000, "a.csv").text).heading == "What would change"


@pytest.mark.backends("sqlite")
def test_a_file_that_is_not_there_is_not_found(desk: CheckingClient) -> None:
    with desk.unchecked():
        assert desk.get(f"/admin/recipients/imports/{uuid.uuid4()}").status_code == 404
