"""Every page that a test fetches is held against rules: here each rule is shown to see what breaks it."""

from __future__ import annotations

import html5lib
import pytest
from flask import Flask, request

from tests.support.client import CheckingClient, PageProblem
from tests.support.page_rules import problems
from tests.support.pages import Page

WELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A title</title><script nonce="n" src="/static/a.js" type="module"></script></head>
<body><main><h1>A heading</h1>BODY</main></body></html>"""

FORM = """<form action="/write" method="post"><input type="hidden" name="csrf_token" value="t">
<label for="name">Name</label><input id="name" name="name" value="Ani">
<label><input type="checkbox" name="to" value="un" checked> UN</label>
<label><input type="checkbox" name="to" value="osce"> OSCE</label>
<label for="country">Country</label>
<select id="country" name="country"><option value="AM">Armenia</option>
<option value="FR">France</option></select>
<label for="text">Text</label><textarea id="text" name="text">
first
second</textarea>
<input type="text" name="off" disabled aria-label="off">
<button name="intent" value="preview">Preview</button>
<button name="intent" value="send">Send</button></form>"""


def with_body(body: str) -> str:
    return WELL.replace("BODY", body)


def test_a_well_made_page_passes() -> None:
    assert problems(with_body(FORM + '<p id="x"><a href="#x">Down</a></p>')) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<!doctype html>\n", "", "not valid HTML"),
        ("</h1>", "</h2>", "not valid HTML"),
        (' lang="en"', "", "language"),
        ("<title>A title</title>", "<title> </title>", "title of its own"),
        ('<meta charset="utf-8">', "", "character set"),
        ('name="viewport"', 'name="other"', "viewport"),
        ("<h1>A heading</h1>", "", "one main heading, this one has 0"),
        ("BODY", "<h1>Another</h1>", "one main heading, this one has 2"),
        ("<main>", "<div>", "one <main>"),
        ("BODY", '<p id="a"></p><p id="a"></p>', "id “a” is there 2 times"),
        ("BODY", '<p aria-describedby="gone"></p>', "points to “gone”"),
        ("BODY", '<a href="#gone">Down</a>', "leads nowhere"),
        ("BODY", FORM.replace('action="/write" ', ""), "where it is sent to"),
        ("BODY", FORM.replace('value="t"', 'value=""'), "1 CSRF tokens"),
        ("BODY", FORM.replace("post", "get"), "puts its CSRF token into the address"),
        ("BODY", FORM.replace("post", "dialog"), "no method of a form"),
        ("BODY", FORM.replace('<label for="name">Name</label>', ""), "<input name=“name”> has no label"),
        ("BODY", "<button></button>", "<button> says nothing"),
        ("BODY", '<img src="/a.png">', "no alternative text"),
        ("BODY", '<p style="margin:0">x</p>', "content security policy"),
        ("BODY", '<p onclick="x()">x</p>', "content security policy"),
        (' nonce="n"', "", "no nonce"),
        ('src="/static/a.js"', 'src="https://example.org/a.js"', "loaded from elsewhere"),
        ("BODY", "{{ name }}", "was not rendered"),
    ],
)
def test_what_breaks_a_rule_is_seen(old: str, new: str, expected: str) -> None:
    changed = WELL.replace(old, new, 1).replace("BODY", "")
    assert any(expected in problem for problem in problems(changed))


def filled(values: dict[str, str | list[str]], button: str | None = None) -> list[tuple[str, str]]:
    return Page(with_body(FORM)).form().filled(values, button)


def test_a_form_sends_what_the_page_put_there() -> None:
    assert filled({}) == [
        ("csrf_token", "t"),
        ("name", "Ani"),
        ("to", "un"),
        ("country", "AM"),
        ("text", "first\r\nsecond"),
        ("intent", "preview"),
    ]


def test_a_form_sends_what_a_person_changed() -> None:
    sent = filled({"name": "Արա", "to": ["osce"], "country": "FR", "text": "a\nb"}, button="send")
    assert sent == [
        ("csrf_token", "t"),
        ("name", "Արա"),
        ("to", "osce"),
        ("country", "FR"),
        ("text", "a\r\nb"),
        ("intent", "send"),
    ]
    assert ("to", "un") not in filled({"to": []})


@pytest.mark.parametrize("values", [{"nobody": "x"}, {"to": ["moon"]}, {"country": "XX"}])
def test_a_person_cannot_do_what_the_form_does_not_offer(values: dict[str, str | list[str]]) -> None:
    with pytest.raises(LookupError):
        filled(values)


def test_a_person_cannot_press_a_button_that_is_not_there() -> None:
    with pytest.raises(LookupError, match="no button"):
        filled({}, button="print")


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def client_of(html: str, headers: dict[str, str] | None = None) -> CheckingClient:
    """Return a client of an application whose only page, /page, is `html`; it can be posted to."""
    app = Flask(__name__)
    app.test_client_class = CheckingClient
    sent = HEADERS if headers is None else headers

    @app.route("/page", methods=["GET", "POST"])
    def page() -> tuple[str, dict[str, str]]:
        shown = html + str(sorted(request.form.items(multi=True))) if request.method == "POST" else html
        return shown, {**sent, "X-Origin": request.headers.get("Origin", "")}

    client = app.test_client()
    assert isinstance(client, CheckingClient)
    return client


def test_the_client_lets_a_well_made_page_pass() -> None:
    assert client_of(with_body('<a href="/page">here</a>')).get("/page").status_code == 200


@pytest.mark.parametrize(
    ("html", "headers", "complaint"),
    [
        (with_body('<a href="/gone">there</a>'), HEADERS, "GET /gone leads nowhere"),
        (with_body(FORM), HEADERS, "POST /write leads nowhere"),
        (with_body("<h1>Twice</h1>"), HEADERS, "one main heading"),
        (with_body(""), {}, "header X-Content-Type-Options is None"),
        (with_body(""), HEADERS | {"Content-Security-Policy": "script-src 'unsafe-inline'"}, "to rely on"),
    ],
)
def test_the_client_refuses_a_bad_page(html: str, headers: dict[str, str], complaint: str) -> None:
    client = client_of(html, headers)
    with pytest.raises(PageProblem, match=complaint):
        client.get("/page")
    with client.unchecked():
        assert client.get("/page").status_code == 200


def test_the_client_submits_a_form_as_a_browser_does() -> None:
    client = client_of(with_body(FORM.replace("/write", "/page")))
    page = client.get("/page")
    with client.unchecked():
        answer = client.submit(page, {"name": "Ani"}, button="send")
    assert "('intent', 'send'), ('name', 'Ani')" in answer.text
    assert answer.headers["X-Origin"] == "http://localhost"


def test_a_long_list_is_read_as_the_parser_reads_it() -> None:
    options = "".join(f'<option value="{number}">Land {number}</option>\n' for number in range(30))
    options = options.replace('<option value="7"', '<option selected value="7"')
    listed = f'<select name="land"><option value="">None</option>{options}</select>'
    page = Page(WELL.replace("BODY", FORM.replace("<button", listed + "<button", 1)))
    apart = html5lib.HTMLParser(namespaceHTMLElements=False).parse(page.html)

    read = [(one.tag, one.attrib, (one.text or "").strip()) for one in page.root.iter()]

    assert read == [(one.tag, one.attrib, (one.text or "").strip()) for one in apart.iter()]
    assert ("land", "7") in page.form(field="land").filled({})
