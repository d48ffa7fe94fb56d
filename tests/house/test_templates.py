"""The templates keep the house's rules, and the linter that says so sees what breaks them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from tests.support.template_lint import CODE, TEMPLATES, Template, lint


def test_every_template_keeps_the_rules() -> None:
    assert [str(problem) for problem in lint(TEMPLATES, CODE)] == []


def test_no_sentence_has_a_per_cent_sign_that_is_none() -> None:
    # Jinja puts values into every sentence: a bare “%” is the beginning of one, and the page breaks.
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)
    bare = re.compile(r"%(?!\(\w+\)s)")
    sentences = [
        sentence
        for path in sorted(TEMPLATES.rglob("*.html"))
        for _line, _function, said in extract_from_ast(environment.parse(path.read_text(encoding="utf-8")))
        for sentence in (said if isinstance(said, tuple) else (said,))
        if sentence is not None
    ]
    assert len(sentences) > 1000
    assert [sentence for sentence in sentences if bare.search(sentence.replace("%%", ""))] == []


def found(source: str, name: str = "page.html") -> list[tuple[int, str]]:
    return [(problem.line, problem.sentence) for problem in Template(name, source).problems()]


@pytest.mark.parametrize(
    "source",
    [
        '<p class="{{ kind }}">{{ _("A sentence") }}</p>',
        "{% trans %}Written <b>by hand</b>{% endtrans %}",
        "{% trans n=n %}One letter{% pluralize %}{{ n }} letters{% endtrans %}",
        '<p{% if x %} class="a b"{% endif %}>{{ x }} · 1–2 %</p>',
        '<input type="text" placeholder="{{ _("Your name") }}">',
        '{{ ngettext("%(num)s letter", "%(num)s letters", n) }}',
        '{{ button(_("Send the letter"), kind="btn quiet", method="POST") }}',
        '{# A comment may say what it likes #}<script nonce="{{ csp_nonce }}" src="/static/a.js"></script>',
        '<script type="application/json">{{ data }}</script>',
        "{# safe: made of escaped pieces by the letter itself #}\n{{ letter | safe }}",
        "<p>Redress</p>",
    ],
)
def test_nothing_to_say_about(source: str) -> None:
    assert found(source) == []


@pytest.mark.parametrize(
    ("source", "line", "sentence"),
    [
        ("<p>\nSend it</p>", 1, "not translated, in text: “Send it”"),
        ("<p>{{ _('a') }}</p>\n<p>Send</p>", 2, "not translated, in text: “Send”"),
        ("{% trans %}A{% endtrans %}\n\nwords after", 1, "not translated, in text: “words after”"),
        ("<p>{% if x %}yes{% else %}{{ _('no') }}{% endif %}</p>", 1, "not translated, in text: “yes”"),
        ('<img alt="A picture">', 1, "not translated, in alt: “A picture”"),
        ('\n<a title="Back {{ n }}">{{ n }}</a>', 2, "not translated, in title: “Back”"),
        ('<input aria-label="Name">', 1, "not translated, in aria-label: “Name”"),
        ('<input type="submit" value="Send">', 1, "not translated, in value: “Send”"),
        ('{{ button("Send the letter") }}', 1, "not translated: “Send the letter”"),
        ('{{ button(label="Send") }}', 1, "not translated: “Send”"),
        ("{% set title = 'I agree' %}{{ title }}", 1, "not translated: “I agree”"),
        ('<p style="color: red"></p>', 1, "style=: the content security policy refuses it"),
        ('<p onclick="go()"></p>', 1, "onclick=: the content security policy refuses it"),
        ("<style>p { margin: 0 }</style>", 1, "<style>: it belongs into the style sheet"),
        ('<a href="javascript:go()"></a>', 1, "href=“javascript:…”"),
        (
            '<img alt="" src="//example.org/a.png">',
            1,
            "<img src=“//example.org/a.png”>: loaded from another host",
        ),
        ("<p>\n{{ x }</p>", 2, "does not parse: unexpected '}'"),
    ],
)
def test_what_breaks_a_rule_is_named_with_its_line(source: str, line: int, sentence: str) -> None:
    assert found(source) == [(line, sentence)]


def test_a_script_needs_a_nonce_and_a_file_of_its_own() -> None:
    sentences = [sentence for _line, sentence in found("<script>\ngo()</script>")]
    assert len(sentences) == 2
    assert "without nonce" in sentences[0]
    assert "inline script" in sentences[1]


@pytest.mark.parametrize(
    "source", ["{{ x | safe }}", "{# why? #}\n{{ x | safe }}", "{# safe: #}\n{{ x | safe }}"]
)
def test_unescaped_text_needs_a_reason(source: str) -> None:
    assert [sentence[:5] for _line, sentence in found(source)] == ["|safe"]


def test_mail_in_plain_text_is_read_as_text() -> None:
    assert found("Hello {{ name }},\n{{ _('Thank you.') }}\n", "email/receipt/body.txt") == [
        (1, "not translated, in text: “Hello ,”")
    ]


def test_a_template_that_nobody_asks_for_and_one_that_is_not_there(tmp_path: Path) -> None:
    templates, code = tmp_path / "templates", tmp_path / "app"
    for name in (
        "public/a.html",
        "public/dead.html",
        "errors/404.html",
        "parts/b.html",
        "security/login.html",
    ):
        path = templates / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{% include 'parts/b.html' %}" if name == "public/a.html" else "")
    code.mkdir()
    (code / "views.py").write_text(
        "render('public/a.html')\nrender(f'errors/{status}.html')\nrender('public/missing.html')\n"
    )
    assert [(problem.template, problem.sentence) for problem in lint(templates, code)] == [
        ("public/dead.html", "nobody asks for this template"),
        ("public/missing.html", "is asked for, and is not there"),
    ]
