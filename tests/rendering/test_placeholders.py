"""The letter language: what it can do, and that nothing else gets in."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import nodes

from app.rendering import placeholders
from app.rendering.placeholders import (
    DEEPEST,
    LONGEST,
    LetterTemplate,
    MissingValue,
    Problem,
    TemplateError,
    parse,
)
from tests.support.lengths import length

NAMES = frozenset(
    {
        "supporter.name",
        "supporter.city",
        "supporter.place",
        "recipient.title",
        "recipient.ask",
        "holder.name",
        "campaign.title",
        "date",
        "personal",
        "fact.held_count.value",
        "fact.held_count.date",
    }
)

# What attackers and cooks of templates try. Each must be literal or refused.
TRIED = json.loads((Path(__file__).parent / "template_payloads.json").read_text(encoding="ascii"))
PAYLOADS = [
    *("{{ " + expression + " }}" for expression in TRIED["expressions"]),
    *("One.\nTwo {% " + block + " %} x" for block in TRIED["blocks"]),
    *TRIED["texts"],
]


def _read(source: str) -> LetterTemplate | tuple[Problem, ...]:
    """Return the template, or what is wrong with it; any other error is the test's failure."""
    try:
        return parse(source, NAMES)
    except TemplateError as error:
        return error.problems


@pytest.mark.parametrize("payload", PAYLOADS)
def test_literal_or_refused_with_line_and_column(payload: str) -> None:
    found = _read(payload)

    if isinstance(found, LetterTemplate):
        assert found.names == frozenset()
        assert found.render({}) == payload
        return
    lines = payload.split("\n")
    assert found
    for problem in found:
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.sentence[-1] in ".?"


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


@pytest.mark.parametrize(
    ("source", "line", "column", "words"),
    [
        ("Dear {{ holder.nam }},", 1, 9, "There is no holder.nam. Did you mean holder.name?"),
        ("a\n b {{ date|safe }}", 2, 11, "Filters"),
        ("a\n\n{{ date( }}", 3, 8, "Calls"),
        ("{{ date[0] }}", 1, 8, "Square brackets"),
        ("ok {# note #}", 1, 4, "Comments"),
        ("{% raw %}", 1, 1, "“raw” is not part"),
        ("x\n{% for a in b %}", 2, 1, "“for” is not part"),
        ("line\nand {{ date", 2, 5, "{{ is not closed; it needs }}."),
        ("{% if date %}\nmore", 1, 1, "is not ended"),
        ("more\n  {% endif %}", 2, 3, "no “if” that this “endif”"),
        ("{% if date %}{% else %}{% else %}{% endif %}", 1, 24, "no “if” that this “else”"),
        ("{{ zzzzzz }}", 1, 4, "There is no zzzzzz in the list of names."),
        ("a }} b", 1, 3, "nothing open that }} could close"),
        ("{{ date %}", 1, 1, "{{ is closed by %}; it needs }}."),
        ("{{ }}", 1, 1, "There is no name between {{ and }}."),
        ("{{- date }}", 1, 3, "A minus sign"),
        ("\u202ex", 1, 1, "RIGHT-TO-LEFT OVERRIDE"),
        ("ab\r\ncd {{ 1 }}", 2, 6, "Only one name"),
        ("{% if date and personal %}x{% endif %}", 1, 1, "After “if” comes one name"),
        ("{% endif date %}", 1, 1, "Nothing can follow “endif”."),
    ],
)
def test_where_and_what(source: str, line: int, column: int, words: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(source, NAMES)

    first = caught.value.problems[0]
    assert (first.line, first.column) == (line, column)
    assert words in first.sentence
    assert (first.message % first.values if first.values else first.message) == first.sentence


def test_every_problem_is_told_in_order() -> None:
    with pytest.raises(TemplateError) as caught:
        parse("{{ a() }} {{ dat }}\n{# x #} {% set a %}\n{{ open", NAMES)

    assert [(problem.line, problem.column) for problem in caught.value.problems] == [
        (1, 5),
        (1, 14),
        (2, 1),
        (2, 9),
        (3, 1),
    ]


def test_values_are_literals() -> None:
    template = parse("{{ personal }}, {{ date }}", NAMES)

    assert template.names == {"personal", "date"}
    assert template.render(
        {"personal": "{{ date }} {% if %} \x00\x01\x02  x ", "date": "{{ personal }}"}
    ) == ("{{ date }} {% if %} \x00\x01\x02  x , {{ personal }}")


@pytest.mark.parametrize("source", ["{{date}}", "{{ date }}", "{{\ndate\n}}", "{{\u00a0date\t}}"])
def test_blanks_in_tags_do_not_matter(source: str) -> None:
    assert parse(source, NAMES).render({"date": "today"}) == "today"


def test_passages() -> None:
    template = parse(
        "{% if date %}D{% else %}no D{% endif %}{% if not personal %}!P{% endif %}"
        "{% if date %}{% if not personal %}both{% else %}one{% endif %}{% endif %}",
        NAMES,
    )

    assert template.render({"date": "x"}) == "D!Pboth"
    assert template.render({"date": "x", "personal": "y"}) == "Done"
    assert template.render({"date": " ", "personal": "y"}) == "no D"


@pytest.mark.parametrize("values", [{}, {"holder.name": ""}, {"holder.name": " \n"}])
def test_missing_value_is_told_with_its_place(values: dict[str, str]) -> None:
    template = parse("Dear\n  {{ holder.name }}", NAMES)

    with pytest.raises(MissingValue) as caught:
        template.render(values)

    assert (caught.value.name, caught.value.line, caught.value.column) == ("holder.name", 2, 6)
    assert parse("{% if holder.name %}{{ holder.name }}{% endif %}x", NAMES).render(values) == "x"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("A\n{% if date %}\nB\n{% endif %}\nC\n", ("A\nB\nC\n", "A\nC\n")),
        ("A\n\n{% if date %}\nB\n\n{% endif %}\nC\n", ("A\n\nB\n\nC\n", "A\n\nC\n")),
        ("A\n\n{% if date %}\nB\n{% endif %}\n\nC", ("A\n\nB\n\nC", "A\n\nC")),
        ("A\n\n{% if date %}B{% endif %}\n\nC", ("A\n\nB\n\nC", "A\n\nC")),
        ("  {% if date %}  \nB\n  {% endif %}  \nC", ("B\nC", "C")),
        ("{% if date %}\nA\n\n{% endif %}\nB", ("A\n\nB", "B")),
        ("A\n\n{% if date %}\nB\n{% endif %}", ("A\n\nB\n", "A\n")),
        ("A\n\n{% if date %}B{% endif %}\n", ("A\n\nB\n", "A\n")),
        ("A {% if date %}b {% endif %}c", ("A b c", "A c")),
        ("A {% if date %}b{% endif %} c", ("A b c", "A c")),
        ("A {% if date %} b {% endif %} c", ("A b c", "A c")),
        ("{% if date %}A{% endif %} {% if date %} {% endif %}b", ("A b", "b")),
        ("A {% if date %}b{% endif %}, c", ("A b, c", "A, c")),
        ("A {% if date %}b{% endif %}.", ("A b.", "A.")),
        ("A{% if date %}, b{% endif %}.", ("A, b.", "A.")),
        ("A {% if date %}b{% endif %}\nC", ("A b\nC", "A\nC")),
        ("A\n{% if date %}b{% endif %} c", ("A\nb c", "A\nc")),
        ("A {% if date %}b{% endif %}", ("A b", "A")),
        ("A {% if date %}b{% else %}c{% endif %} d", ("A b d", "A c d")),
        ("A\n{% if date %}\nb\n{% else %}\nc\n{% endif %}\nd", ("A\nb\nd", "A\nc\nd")),
        ("A\n\n{% if date %}\n{% if personal %}\nb\n\n{% endif %}\n{% endif %}\nc", ("A\n\nc", "A\n\nc")),
        ("A {% if date %}{{ date }}{% endif %}  B", ("A x  B", "A  B")),
        ("", ("", "")),
    ],
)
def test_passages_leave_no_gaps(source: str, expected: tuple[str, str]) -> None:
    template = parse(source, NAMES)

    assert (template.render({"date": "x"}), template.render({})) == expected


GAPS = ("  ", "\n\n\n", " \n", "\n ")
STRETCHES = st.recursive(
    st.sampled_from(["a", "b", " ", "\n", "\n\n", "."]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.builds("{{% if date %}}{}{{% endif %}}".format, inner),
        st.builds("{{% if date %}}{}{{% else %}}{}{{% endif %}}".format, inner, inner),
    ),
    max_leaves=12,
)


@settings(max_examples=length(60, 300), deadline=None)
@given(STRETCHES.filter(lambda source: "{%" in source and not any(gap in source for gap in GAPS)))
def test_gaps_of_any_passages(source: str) -> None:
    template = _read(source)
    assert isinstance(template, LetterTemplate)

    for values in ({}, {"date": "x"}):
        rendered = template.render(values)
        assert not any(gap in rendered for gap in GAPS)
        assert set("".join(rendered.split())) <= {"a", "b", "."}


@settings(max_examples=length(60, 250), deadline=None)
@given(
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=80).filter(
        lambda text: "{" not in text
    )
)
def test_text_without_delimiters_is_itself(text: str) -> None:
    found = _read(text)

    if isinstance(found, LetterTemplate):
        assert found.render({}) == text
    else:
        assert all("close" in problem.sentence or "character" in problem.sentence for problem in found)


WORDS = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "if",
    "else",
    "endif",
    "date",
    "not",
    ".",
    "|",
    "(",
    "-",
    "'",
    "raw",
]


@settings(max_examples=length(80, 400), deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.lists(st.sampled_from([*WORDS, " ", "\n"]), max_size=24).map("".join))
)
def test_nothing_but_a_template_error_ever(source: str) -> None:
    found = _read(source)

    if isinstance(found, LetterTemplate):
        assert found.names <= NAMES
        assert isinstance(found.render(dict.fromkeys(NAMES, "value")), str)
    else:
        assert 1 <= len(found) <= 50


SOUND = ["{{ date }}", "{{personal}}", "{% if date %}", "{% endif %}", "a", "\n", " ", "{", "}"]


@settings(max_examples=length(60, 200), deadline=None)
@given(st.lists(st.sampled_from(SOUND)).map("".join))
def test_agrees_with_jinja_on_sound_templates(source: str) -> None:
    """An independent judge: Jinja itself, on the templates that are let through, blanks aside."""
    template = _read(source)
    if not isinstance(template, LetterTemplate):
        return

    values = {"date": "D", "personal": "P"}
    theirs = placeholders._JINJA.from_string(source).render(values)
    assert "".join(template.render(values).split()) == "".join(theirs.split())


MONSTERS = {
    "braces": "{" * LONGEST,
    "open": "{{" * (LONGEST // 2),
    "close": "}}" * (LONGEST // 2),
    "percent close": "%}" * (LONGEST // 2),
    "comments": "{#" * (LONGEST // 2),
    "nested ifs": "{% if date %}" * 20_000,
    "nested ifs that fit": "{%if date%}" * (LONGEST // 11),
    "nested and ended": "{%if date%}" * 2_200 + "{%endif%}" * 2_200,
    "brackets": "{{" + "(" * (LONGEST - 4) + "}}",
    "squares": "{{" + "[" * (LONGEST - 4) + "}}",
    "curly": "{{" + "{" * (LONGEST - 4) + "}}",
    "dots": "{{" + "a." * (LONGEST // 2 - 3) + "a}}",
    "nots": "{% if " + "not " * 12_000 + "date %}x{% endif %}",
    "blank tag": "{{" + " " * (LONGEST - 4) + "}}",
    "tags": "{{date}}" * (LONGEST // 8),
    "unknown names": "{{ zupporter.nami }}" * (LONGEST // 20),
    "raw": "{% raw %}" * (LONGEST // 9),
    "controls": "\x00" * LONGEST,
    "blanks": " " * LONGEST,
    "breaks": "\n" * LONGEST,
    "blanks in passages": "{%if date%}" + " " * (LONGEST - 20) + "{%endif%}",
    "breaks in passages": "{%if date%}" + "\n" * (LONGEST - 20) + "{%endif%}",
    "inline passages": " {%if date%}\n{%endif%}" * (LONGEST // 22),
    "quotes": "{{ '" + "\\" * (LONGEST - 8) + " }}",
    "too long": "a" * 1_000_000,
}


@pytest.mark.parametrize("name", MONSTERS)
def test_time_is_bounded(name: str) -> None:
    started = time.process_time()
    found = _read(MONSTERS[name])
    if isinstance(found, LetterTemplate):
        found.render({"date": "x"})
    else:
        assert len(found) <= 50
    assert time.process_time() - started < 3


def test_length_and_depth_have_limits() -> None:
    assert parse("a" * LONGEST, NAMES).render({}) == "a" * LONGEST
    with pytest.raises(TemplateError) as caught:
        parse("a\n" * 25_000 + "b", NAMES)
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (25_001, 1)

    deep = "{% if date %}" * DEEPEST + "x" + "{% endif %}" * DEEPEST
    assert parse(deep, NAMES).render({"date": "d"}) == "x"
    with pytest.raises(TemplateError, match="8 deep"):
        parse("{% if date %}" + deep + "{% endif %}", NAMES)


@pytest.mark.parametrize("name", ["a b", "a|b", "", "a()", "not", "true", "a.", "1a", "a-b"])
def test_names_must_be_names(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        parse("x", [name])


OTHER_TREES = [
    "{{ date() }}",
    "{{ date|upper }}",
    "{{ date[0] }}",
    "{% for x in date %}{% endfor %}",
    "{% set x = 1 %}",
    "{% if date %}{% elif personal %}{% endif %}",
    "{% include 'x' %}",
    "{{ 1 }}",
    "{{ date ~ date }}",
    "{% raw %}{{ date }}{% endraw %}",
    "{% if date and date %}{% endif %}",
    "{{ personal }}",
    "{{ date }}{{ date }}",
    "{% if",
]


@pytest.mark.parametrize("source", OTHER_TREES)
def test_second_wall(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a tag ever let through wrongly, what Jinja's parser makes of it is still held against it."""
    honest = placeholders._JINJA.parse

    def other_tree(_source: str) -> nodes.Template:
        return honest(source)

    monkeypatch.setattr(placeholders._JINJA, "parse", other_tree)
    with pytest.raises(TemplateError, match="cannot be read"):
        parse("{{ date }}", NAMES)


def test_pieces_tell_values_from_words() -> None:
    pieces = parse("Dear {{ holder.name }},\n\n{{ personal }}", NAMES).pieces(
        {"holder.name": "X", "personal": "Y"}
    )

    assert [(piece.text, piece.name) for piece in pieces] == [
        ("Dear ", None),
        ("X", "holder.name"),
        (",\n\n", None),
        ("Y", "personal"),
    ]
