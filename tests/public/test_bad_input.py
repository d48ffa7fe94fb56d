"""Whatever is typed or forged into a field: never a failure, never changed, and what is refused says why."""

from __future__ import annotations

import html
import uuid
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.database import db
from app.letters.models import Letter
from app.supporters.models import Supporter
from tests.factories.campaigns import store_campaign
from tests.factories.recipients import OfficeFactory
from tests.factories.storage import counts, everything
from tests.factories.visitor import Visitor, complaints, parsed, typed_in, whole_form
from tests.public.conftest import OutsideClient
from tests.support.pages import Page

LINES = ["name", "title", "affiliation", "region", "city", "postal_code"]
NEEDED = {"name", "city"}
SHORT = {"postal_code"}


@dataclass(frozen=True)
class Typed:
    """Something typed into a field, and what becomes of it.

    Args:
        text: what.
        line: whether a field of one line takes it.
        area: whether the letter's own paragraphs take it.
        becomes: what is stored, where that is not the text itself.
    """

    text: str
    line: bool
    area: bool
    becomes: str | None = None


LONG = "W" * 5000
TYPED = {
    "blanks only": Typed(" \u2003\u00a0 ", line=True, area=True, becomes=""),
    "control": Typed("be\x07ll rings", line=False, area=False),
    "escape": Typed("\x1b[31mred text", line=False, area=False),
    "NUL": Typed("nu\x00ll here", line=False, area=False),
    "tab": Typed("ta\tb here", line=False, area=True),
    "lines": Typed("two\r\nlines", line=False, area=True, becomes="two\nlines"),
    "line separator": Typed("two\u2028lines", line=False, area=True, becomes="two\nlines"),
    "encoded word": Typed("=?utf-8?q?Bcc=3A?= me", line=False, area=True),
    "header": Typed(
        "Ann\r\nBcc: victim@people.example", line=False, area=True, becomes="Ann\nBcc: victim@people.example"
    ),
    "bidi override": Typed("a \u202eb c", line=False, area=False),
    "bidi isolate": Typed("a \u2066b\u2069 c", line=False, area=False),
    "not a character": Typed("a \uffff b", line=False, area=False),
    "tags": Typed("a \U000e0041 b", line=False, area=False),
    "marks of direction": Typed("שלום \u200f(42) \u200eok", line=True, area=True),
    "zero width": Typed("a\u200bb \ufeffc", line=True, area=True, becomes="ab c"),
    "emoji": Typed("👩‍👩‍👧 ❤️ 🏴󠁧󠁢󠁷󠁬󠁳󠁿 ok", line=True, area=True),
    "Armenian": Typed("Մարիամ Գրող", line=True, area=True),
    "Cyrillic": Typed("Мария Ёжикова", line=True, area=True),
    "Arabic": Typed("مريم الكاتبة", line=True, area=True),
    "decomposed": Typed("Ame\u0301lie B", line=True, area=True, becomes="Amélie B"),
    "markup": Typed("<b>&amp;</b> '\"", line=True, area=True),
    "placeholders": Typed("{ {x} } %(name)s ${x}", line=True, area=True),
    "formula": Typed("=1+1 @SUM -2 +3", line=True, area=True),
    "one long word": Typed(LONG, line=False, area=True),
    "very long": Typed("long " * 5_000, line=False, area=False),
    "path": Typed("../../etc/passwd ok", line=True, area=True),
    "statement": Typed("'; DROP TABLE letters; --", line=True, area=True),
}


@pytest.fixture
def visitor(app_context: Flask, client: OutsideClient) -> Visitor:
    """Somebody before a campaign with one office."""
    visitor = Visitor(
        client, store_campaign([OfficeFactory.build(slug="first")], personal={"required": True})
    )
    visitor.opens_form()
    return visitor


def post(visitor: Visitor, **other: str) -> TestResponse:
    """Send the form with `other` in it, as bytes that no browser would think about twice."""
    form = parsed(visitor.page).form(field="personal_message").filled(whole_form(), "send")
    pairs = [(name, value) for name, value in form if name not in {*other, "submission_key"}]
    pairs += [("submission_key", str(uuid.uuid4())), *other.items()]
    body = "&".join(f"{name}={quote_plus(value, errors='surrogatepass')}" for name, value in pairs)
    with visitor.client.unchecked():  # what cannot be text comes back in its field, and is no valid HTML
        return visitor.client.post(
            visitor.write_path, data=body, content_type="application/x-www-form-urlencoded"
        )


def newest(model: type[Supporter] | type[Letter]) -> Supporter | Letter:
    """Return the row that was stored last."""
    db.session.rollback()
    return db.session.scalars(select(model).order_by(model.created_at.desc())).first() or model()


def same_in_a_page(kept: str, text: str) -> bool:
    """Whether a page holds a text as far as HTML can: no NUL, no half characters, one kind of line end."""

    def bare(value: str) -> str:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(c for c in value if c not in "\x00\ufffd" and not "\ud800" <= c <= "\udfff")

    return bare(kept) == bare(text) or bare(kept) == bare(html.unescape(text))


def test_fields_of_one_line(visitor: Visitor) -> None:
    for what, typed in TYPED.items():
        before = counts().get("letters", 0)
        answer = post(visitor, **dict.fromkeys(LINES, typed.text))
        stored = typed.text if typed.becomes is None else typed.becomes
        refused = [field for field in LINES if not takes(field, typed, stored)]
        said = complaints(answer)
        assert answer.status_code == (422 if refused else 303), (what, said)
        assert sorted(said) == sorted(refused), what
        assert all(said.values()), what
        if refused:
            kept = typed_in(answer)
            assert all(same_in_a_page(kept[field], typed.text) for field in refused), what
        else:
            person = newest(Supporter)
            assert {getattr(person, field) for field in LINES} == {stored}, what
        assert counts().get("letters", 0) - before == (not refused), what


def takes(field: str, typed: Typed, stored: str) -> bool:
    """Whether a field of one line takes what was typed."""
    short_enough = len(stored) <= (20 if field in SHORT else 120)
    return typed.line and short_enough and bool(stored or field not in NEEDED)


def test_ones_own_words(visitor: Visitor) -> None:
    for what, typed in TYPED.items():
        answer = post(visitor, personal_message=typed.text)
        stored = typed.text if typed.becomes is None else typed.becomes
        if typed.area and stored:
            assert answer.status_code == 303, (what, complaints(answer))
            assert newest(Letter).personal_message == stored, what
        else:
            assert answer.status_code == 422, what
            assert list(complaints(answer)) == ["personal_message"], what
            assert not stored or same_in_a_page(typed_in(answer)["personal_message"], typed.text), what


FORGED = ["control", "NUL", "lines", "bidi override", "emoji", "Armenian", "one long word", "statement"]


def test_what_is_chosen_and_not_typed(visitor: Visitor) -> None:
    """Boxes, lists and hidden fields: a program can send what it likes there, too."""
    before = everything()
    for field in ("recipients", "country", "language", "email"):
        for what in FORGED:
            answer = post(visitor, **{field: TYPED[what].text})
            assert answer.status_code == 422, (field, what)
            assert list(complaints(answer)) == [field], (field, what)
    for field in ("intent", "csrf_token"):
        for what in FORGED:
            assert post(visitor, **{field: TYPED[what].text}).status_code == 400, (field, what)
    assert everything() == before


def test_what_a_program_ticks_or_adds(visitor: Visitor) -> None:
    for what in FORGED:
        fields = ("updates", "consent", "submission_key", "something_else")
        answer = post(visitor, **dict.fromkeys(fields, TYPED[what].text))
        assert answer.status_code == 303, (what, complaints(answer))
    assert counts()["letters"] == len(FORGED)


def test_what_is_refused_does_not_lose_what_else_was_typed(visitor: Visitor) -> None:
    everything_typed = {
        "name": "Мария <Ёжикова>",
        "email": "maria@people.example",
        "title": 'Dr. "M"',
        "affiliation": "A & B",
        "region": "Ջավախք",
        "city": "القاهرة",
        "postal_code": "0010",
        "country": "AM",
        "personal_message": "\n\nFirst line empty\n  indented </textarea><b>x",
        "updates": "y",
    }
    answer = visitor.sends(**everything_typed, consent=[])
    assert answer.status_code == 422
    kept = typed_in(answer)
    assert {name: kept[name].replace("\r\n", "\n") for name in everything_typed} == {
        **everything_typed,
        # Blanks around are nobody's words.
        "personal_message": everything_typed["personal_message"].strip(),
    }
    assert "consent" not in kept
    assert kept["submission_key"] == typed_in(visitor.page)["submission_key"]


NAMELESS = b"Content-Disposition: form-data"


@pytest.mark.backends("sqlite")  # nothing is stored
def test_bodies_that_are_no_forms(visitor: Visitor) -> None:
    client, path = visitor.client, visitor.write_path
    before = everything()
    bodies = [
        (b"", "application/x-www-form-urlencoded"),
        (b"%", "application/x-www-form-urlencoded"),
        (b"&&&===&;%zz%", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"name=x", "text/plain"),
        (b"name=x", ""),
        (b"name=x", "multipart/form-data"),
        (b"name=x", "multipart/form-data; boundary="),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"--x\r\n" + NAMELESS + b"\r\n\r\nv\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (
            b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\n\xff\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (b"--x\r\n" + b"A: b\r\n" * 3000 + b"\r\n", "multipart/form-data; boundary=x"),
        (b"--y--\r\n", "multipart/form-data; boundary=" + "y" * 5000),
        (b"\x00" * 1000, "multipart/form-data; boundary=\x00"),
    ]
    for body, kind in bodies:
        answer = client.post(path, data=body, content_type=kind)
        assert answer.status_code == 400, (body[:60], kind, answer.status_code)
        assert Page(answer.text).heading == "That did not arrive whole"
    assert everything() == before


@pytest.mark.backends("sqlite")  # nothing is stored
def test_too_much_is_refused_as_too_much(visitor: Visitor) -> None:
    form = parsed(visitor.page).form(field="personal_message").filled(whole_form(), "send")
    parts = b"".join(b"--x\r\n" + NAMELESS + b";name=a\r\n\r\n\r\n" for _part in range(4500))
    as_parts = visitor.client.post(
        visitor.write_path, data=parts + b"--x--\r\n", content_type="multipart/form-data; boundary=x"
    )
    assert len(parts) < 256 * 1024  # it is not the length that is too much
    assert as_parts.status_code == 413
    thousands = urlencode([*form, *(("recipients", f"office-{number}") for number in range(5000))])
    answer = visitor.client.post(
        visitor.write_path, data=thousands, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 422
    assert list(complaints(answer)) == ["recipients"]
    big = urlencode([*form, ("title", "x" * 300_000)])
    answer = visitor.client.post(
        visitor.write_path, data=big, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 413
    assert "letters" not in counts()


def test_a_form_in_parts_is_a_form(visitor: Visitor) -> None:
    form = parsed(visitor.page).form(field="personal_message").filled(whole_form(name="Ani Գրող"), "send")
    answer = visitor.client.post(visitor.write_path, data=MultiDict(form), content_type="multipart/form-data")
    assert answer.status_code == 303
    assert newest(Supporter).name == "Ani Գրող"


NO_TEXT = ["%ED%A0%80", "%FF%FE", "%C3", "%F5%80%80%80", "%C0%80", "\xff"]
ODD_TEXT = {"%00": 422, "%": 303, "%u0041": 303, "%25ED%25A0": 303, "%EF%BF%BD": 303}


@pytest.mark.backends("sqlite")  # nothing of it is the database's
def test_bytes_that_are_no_text_are_refused_whole(visitor: Visitor) -> None:
    filled = parsed(visitor.page).form(field="personal_message").filled(whole_form(), "send")

    def send(field: str, odd: str) -> TestResponse:
        # A key of its own each time: the same form with other words is another letter.
        form = urlencode([(k, str(uuid.uuid4()) if k == "submission_key" else v) for k, v in filled])
        body = f"{form.replace(f'{field}=', f'x-{field}=')}&{field}=a+{odd}+c".encode("latin-1")
        with visitor.client.unchecked():  # a NUL that comes back is no valid HTML
            return visitor.client.post(
                visitor.write_path, data=body, content_type="application/x-www-form-urlencoded"
            )

    for field in ("name", "personal_message", "email", "recipients", "website", "csrf_token"):
        for odd in NO_TEXT:
            answer = send(field, odd)
            assert answer.status_code == 400, (field, odd)
            assert Page(answer.text).heading == "That did not arrive whole"
    assert "letters" not in counts()
    for odd, status in ODD_TEXT.items():
        assert send("title", odd).status_code == status, odd


def test_queries_that_nobody_asked_for_change_nothing(visitor: Visitor) -> None:
    for query in ("?x=1", "?%00", "?%FF=%FF", "?" + "a=b&" * 5000, "?slug=other", "?intent=send"):
        for path in (visitor.write_path, f"/campaigns/{visitor.slug}", "/", "/privacy", "/healthz"):
            assert visitor.client.get(path + query).status_code == 200, (path, query[:20])
