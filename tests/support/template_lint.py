"""The house's rules for templates, checked on their source: `python -m tests.support.template_lint`.

- every template parses, is used, and every template that is asked for exists;
- no sentence that is not translated, in text, in attributes or in what is handed to a macro;
- no inline style, no inline script, no event attribute, nothing loaded from another host;
- `|safe` and switched-off escaping only with a comment on the line or above it that says why.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
CODE = ROOT / "app"

ALLOWED_TEXT = {
    "Redress": "a name",
}
"""Text that is the same in every language, with the reason."""

OTHERS_ASK_FOR = {
    "security/*.html": "Flask-Security asks for its pages by names of its own",
}
"""Templates that no line of ours names, with the reason."""

SPOKEN_ATTRIBUTES = {"alt", "title", "label", "placeholder", "aria-label", "aria-description"}
SPOKEN_ATTRIBUTES |= {"aria-roledescription", "aria-placeholder", "aria-valuetext", "summary"}
LOADING_ATTRIBUTES = {("script", "src"), ("link", "href"), ("img", "src"), ("source", "src")}
GETTEXT = {"_", "gettext", "ngettext", "pgettext", "npgettext"}
HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands where an expression was."""

WORD = re.compile(r"[^\W\d_]{2,}")
SENTENCE = re.compile(r"[A-ZÀ-Þ]([a-zß-ÿ]+([ ,:;’']+\w|[.!?…]|$)|[ ’']\w)")
"""What a person might read, among the strings of an expression: “Send”, “I agree”, not “btn” or “POST”."""


@dataclass(frozen=True, order=True)
class Problem:
    """A place in a template that breaks a rule."""

    template: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"templates/{self.template}:{self.line}: {self.sentence}"


def lint(folder: Path = TEMPLATES, code: Path = CODE) -> list[Problem]:
    """Return every problem of the templates in `folder`, which the modules in `code` ask for."""
    templates = [Template(path.relative_to(folder).as_posix(), _read(path)) for path in _files(folder)]
    found = [problem for template in templates for problem in template.problems()]
    return sorted(found + list(_unused_and_missing(templates, code)))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Template:
    """One template's source.

    Args:
        name: its path below the folder of templates.
        source: its text.
    """

    name: str
    source: str

    @cached_property
    def environment(self) -> Environment:
        return Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)

    @cached_property
    def tree(self) -> nodes.Template:
        return self.environment.parse(self.source)

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong in this template alone."""
        try:
            lines = [*self._of_text(), *self._of_expressions(), *self._unescaped()]
        except TemplateSyntaxError as error:
            lines = [(error.lineno, f"does not parse: {error.message}")]
        for line, sentence in lines:
            yield Problem(self.name, line, sentence)

    def _of_text(self) -> Iterator[tuple[int, str]]:
        text = self.without_expressions()
        if not self.name.endswith(".html"):
            for number, line in enumerate(text.splitlines(), start=1):
                yield from ((number, sentence) for sentence in _bare(line, "text"))
            return
        reader = _Reader()
        reader.feed(text)
        reader.close()
        yield from reader.found

    def without_expressions(self) -> str:
        """Return what is neither expression, statement, comment nor translated; lines keep their numbers."""
        kept: list[str] = []
        translated = False
        before = ""
        for number, kind, value in self.environment.lex(self.source):
            if before == "block_begin" and kind == "name":
                translated = value == "trans" or (translated and value != "endtrans")
            if kind == "data" and not translated:
                missing = number - 1 - sum(piece.count("\n") for piece in kept)
                kept += ["\n" * missing, value]
            elif kind == "variable_begin":
                kept.append(HOLE)
            if kind != "whitespace":
                before = kind
        return "".join(kept)

    def _of_expressions(self) -> Iterator[tuple[int, str]]:
        for constant, translated in _constants(self.tree, translated=False):
            text = constant.value
            if isinstance(text, str) and not translated and SENTENCE.match(text) and text not in ALLOWED_TEXT:
                yield constant.lineno, f"not translated: “{text}”"

    def _unescaped(self) -> Iterator[tuple[int, str]]:
        reason = "takes off the escaping and does not say why ({# safe: … #} on the line or above it)"
        for node in self.tree.find_all((nodes.Filter, nodes.ScopedEvalContextModifier)):
            what = f"|{node.name}" if isinstance(node, nodes.Filter) else "{% autoescape %}"
            if isinstance(node, nodes.Filter) and node.name != "safe":
                continue
            if not self._explained(node.lineno):
                yield node.lineno, f"{what} {reason}"

    def _explained(self, line: int) -> bool:
        around = self.source.splitlines()[max(line - 2, 0) : line]
        return any(re.search(r"\{#-?\s*safe:\s*\w", one) for one in around)

    def references(self) -> Iterator[str]:
        """Yield the names of templates that this one asks for."""
        try:
            found = meta.find_referenced_templates(self.tree)
        except TemplateSyntaxError:
            return
        yield from (name or "*" for name in found)


class _Reader(HTMLParser):
    """Reads a template's mark-up, holes and all."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self.raw = ""

    def _add(self, sentences: Iterable[str]) -> None:
        line = self.getpos()[0]
        self.found += [(line, sentence) for sentence in sentences]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.raw = tag if tag in {"script", "style"} and given.get("type") != "application/json" else ""
        self._add(_tag_problems(tag, given))
        for name, value in given.items():
            self._add(_attribute_problems(tag, name, value))
        if tag == "input" and given.get("type") in {"submit", "button", "reset"}:
            self._add(_bare(given.get("value", ""), "value"))
        if tag == "meta" and given.get("name") == "description":
            self._add(_bare(given.get("content", ""), "content"))

    def handle_endtag(self, tag: str) -> None:
        self.raw = ""

    def handle_data(self, data: str) -> None:
        if not self.raw:
            self._add(_bare(data, "text"))
        elif self.raw == "script" and data.strip():
            self._add(["an inline script: it belongs into a module under app/static"])


def _tag_problems(tag: str, given: dict[str, str]) -> Iterator[str]:
    if tag == "style":
        yield "<style>: it belongs into the style sheet"
    if tag == "script" and "nonce" not in given and given.get("type") != "application/json":
        yield "a <script> without nonce: the content security policy refuses it"


def _attribute_problems(tag: str, name: str, value: str) -> Iterator[str]:
    if name == "style" or name.startswith("on"):
        yield f"{name}=: the content security policy refuses it"
    if value.strip().lower().startswith("javascript:"):
        yield f"{name}=“javascript:…”"
    if (tag, name) in LOADING_ATTRIBUTES and re.match(r"(https?:)?//", value.strip()):
        yield f"<{tag} {name}=“{value}”>: loaded from another host"
    if name in SPOKEN_ATTRIBUTES:
        yield from _bare(value, name)


def _bare(text: str, where: str) -> Iterator[str]:
    said = " ".join(text.replace(HOLE, " ").split())
    if WORD.search(said) and said not in ALLOWED_TEXT:
        yield f"not translated, in {where}: “{said}”"


def _constants(node: nodes.Node, *, translated: bool) -> Iterator[tuple[nodes.Const, bool]]:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        translated = translated or node.node.name in GETTEXT
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Const):
            yield child, translated
        yield from _constants(child, translated=translated)


def _unused_and_missing(templates: list[Template], code: Path) -> Iterator[Problem]:
    names = {template.name for template in templates}
    wanted = {name for template in templates for name in template.references()}
    asked = {*wanted, *_asked_for(code)}
    for name in sorted(names):
        if not any(fnmatchcase(name, pattern) for pattern in [*asked, *OTHERS_ASK_FOR]):
            yield Problem(name, 1, "nobody asks for this template")
    for name in sorted(asked):
        if not any(fnmatchcase(one, name) for one in names):
            yield Problem(name, 0, "is asked for, and is not there")


def _asked_for(code: Path) -> Iterator[str]:
    """Yield names of templates in the code; an f-string becomes a pattern."""
    for path in code.rglob("*.py"):
        tree = ast.parse(_read(path))
        code_nodes = list(ast.walk(tree))
        joined = [node for node in code_nodes if isinstance(node, ast.JoinedStr)]
        pieces = {id(piece) for node in joined for piece in node.values}
        for node in code_nodes:
            if id(node) not in pieces and (pattern := _pattern(node)):
                yield pattern


def _pattern(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        pattern = node.value
    elif isinstance(node, ast.JoinedStr):
        pattern = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    else:
        return ""
    return pattern if re.fullmatch(r"[\w*-]+(/[\w*.-]+)+\.(html|txt)", pattern) else ""


def main() -> int:
    """Print every problem and return the exit status: 0 none, 1 some."""
    found = lint()
    for problem in found:
        print(problem)
    print(f"{len(found)} problems in templates" if found else "Templates keep the rules.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
