"""A page as a person without JavaScript meets it: headings, links, forms to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from xml.etree.ElementTree import Element

import html5lib

Values = Mapping[str, str | Sequence[str]]
NOT_SUBMITTED = {"submit", "button", "reset", "image", "file"}
TICKED = {"checkbox", "radio"}


Errors = list[tuple[object, str, Mapping[str, object]]]


# A list of countries is most of a page, and has nothing in it that a parser must think about.
OPTION = re.compile(r'<option( selected)? value="([^"&<]*)">([^&<]*)</option>\s*')
OPTIONS = re.compile(rf"(?:{OPTION.pattern}){{20,}}")
STAND_IN = '<option value="options %d"></option>'


# The rules look at a page, then its links, then the test itself: the same text, and nobody changes the tree.
@lru_cache(maxsize=4)
def _parsed(html: str) -> tuple[Element, Errors]:
    lists: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        lists.append(found[0])
        return STAND_IN % (len(lists) - 1)

    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(OPTIONS.sub(put_aside, html))
    for select in [*root.iter("select")] if lists else []:
        for place, option in [*enumerate(select)][::-1]:
            name, _, number = option.get("value", "").partition(" ")
            if name == "options":
                select[place : place + 1] = _options(lists[int(number)])
    return root, parser.errors


def _options(html: str) -> list[Element]:
    found = []
    for selected, value, text in OPTION.findall(html):
        option = Element("option", {"selected": "", "value": value} if selected else {"value": value})
        option.text = text
        found.append(option)
    return found


class Page:
    """A parsed HTML page.

    Args:
        html: the whole document.
    """

    def __init__(self, html: str) -> None:
        self.html = html
        self.root, self.parse_errors = _parsed(html)

    @cached_property
    def parents(self) -> dict[Element, Element]:
        """The element around each element."""
        return {child: parent for parent in self.root.iter() for child in parent}

    def elements(self, *tags: str, **attributes: str) -> Iterator[Element]:
        """Yield elements with one of `tags` (none: any) and all `attributes` (`_` stands for `-`)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        for element in self.root.iter():
            # Comments have a function in place of a tag.
            if callable(element.tag) or (tags and element.tag not in tags):
                continue
            if all(element.get(name) == value for name, value in wanted.items()):
                yield element

    def around(self, element: Element, *tags: str) -> Element | None:
        """Return the nearest element with one of `tags` around `element`."""
        parent = self.parents.get(element)
        while parent is not None and parent.tag not in tags:
            parent = self.parents.get(parent)
        return parent

    def by_id(self, name: str) -> Element | None:
        """Return the element with that id."""
        return next(self.elements(id=name), None)

    @property
    def title(self) -> str:
        """The text of `<title>`."""
        return text_of(next(self.elements("title"), None))

    @property
    def heading(self) -> str:
        """The text of the first `<h1>`."""
        return text_of(next(self.elements("h1"), None))

    @property
    def text(self) -> str:
        """All that is to be read on the page, with single spaces."""
        return text_of(next(self.elements("body"), None))

    @property
    def links(self) -> list[str]:
        """The `href` of every link."""
        return [element.get("href", "") for element in self.elements("a") if element.get("href")]

    @property
    def states(self) -> dict[str, str]:
        """`data-state` by `data-recipient`, as contract.md promises them on a supporter's page."""
        return {
            element.get("data-recipient", ""): element.get("data-state", "")
            for element in self.elements()
            if element.get("data-recipient") and element.get("data-state")
        }

    @property
    def forms(self) -> list[Form]:
        """Every form."""
        return [Form(self, element) for element in self.elements("form")]

    def form(self, action: str | None = None, *, field: str | None = None) -> Form:
        """Return the one form whose `action` begins so, or that has a control named `field`.

        Without either: the only POST form of the page.

        Raises:
            LookupError: there is none, or more than one.
        """
        found = [form for form in self.forms if form.fits(action, field)]
        if len(found) != 1:
            raise LookupError(f"{len(found)} forms fit {action or field or 'POST'} on “{self.title}”")
        return found[0]


@dataclass(frozen=True)
class Form:
    """A form of a page, and what the browser would send from it."""

    page: Page
    element: Element

    @property
    def action(self) -> str:
        """Where it is sent to; "" is the page's own address."""
        return self.element.get("action", "")

    @property
    def method(self) -> str:
        """GET or POST."""
        return self.element.get("method", "get").upper()

    def fits(self, action: str | None, field: str | None) -> bool:
        """Whether this is the form that is meant: see `Page.form`."""
        if action is not None:
            return self.action.partition("?")[0].startswith(action)
        if field is not None:
            return field in self.names
        return self.method == "POST"

    @property
    def controls(self) -> list[Element]:
        """Its inputs, selects, text areas and buttons, also those outside that name it by `form=`."""
        name = self.element.get("id")
        return [
            control
            for control in self.page.elements("input", "select", "textarea", "button")
            if (control.get("form") == name if control.get("form") else self._encloses(control))
        ]

    def _encloses(self, control: Element) -> bool:
        return self.page.around(control, "form") is self.element

    @property
    def names(self) -> set[str]:
        """Names of all controls."""
        return {control.get("name", "") for control in self.controls} - {""}

    def filled(self, values: Values, button: str | None = None) -> list[tuple[str, str]]:
        """Return what a browser sends after somebody typed, chose and ticked `values`.

        Args:
            values: by control name; a sequence says which of several boxes or options are chosen,
                the others are not. Controls that are not named keep what the page put there.
            button: value of the button that is pressed; without: the first button's.

        Raises:
            LookupError: the form has no such control, option or button: a person could not do that.
        """
        missing = set(values) - self.names
        if missing:
            raise LookupError(f"the form has no control named {', '.join(sorted(missing))}")
        sent = [pair for control in self.controls for pair in self._sent(control, values)]
        self._check_chosen(values, sent)
        return sent + self._pressed(button)

    def _sent(self, control: Element, values: Values) -> Iterator[tuple[str, str]]:
        name = control.get("name", "")
        if not name or control.get("disabled") is not None or control.tag == "button":
            return
        if control.tag == "select":
            yield from ((name, option) for option in _chosen_options(control, values.get(name)))
        elif control.tag == "textarea":
            # The first line end belongs to the mark-up; browsers send every line end as CR LF.
            yield name, _crlf(_one(values.get(name, control.text or "")))
        elif control.get("type", "text") in TICKED:
            if _ticked(control, values.get(name)):
                yield name, control.get("value", "on")
        elif control.get("type", "text") not in NOT_SUBMITTED:
            yield name, _one(values.get(name, control.get("value", "")))

    def _check_chosen(self, values: Values, sent: list[tuple[str, str]]) -> None:
        for name, wanted in values.items():
            chosen = {value for key, value in sent if key == name}
            absent = set(_many(wanted)) - {""} - chosen
            if absent and not any(_crlf(one) in chosen for one in absent):
                raise LookupError(f"“{name}” does not offer {', '.join(sorted(absent))}")

    def _pressed(self, value: str | None) -> list[tuple[str, str]]:
        buttons = [control for control in self.controls if _is_button(control)]
        if value is not None:
            buttons = [control for control in buttons if control.get("value") == value]
            if not buttons:
                raise LookupError(f"the form has no button “{value}”")
        named = [control for control in buttons[:1] if control.get("name")]
        return [(control.get("name", ""), control.get("value", "")) for control in named]


def text_of(element: Element | None) -> str:
    """Return the text in an element, white space collapsed, or "" for None."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _is_button(control: Element) -> bool:
    kind = control.get("type", "submit" if control.tag == "button" else "text")
    return kind == "submit" and control.get("disabled") is None


def _chosen_options(select: Element, wanted: str | Sequence[str] | None) -> list[str]:
    options = list(select.iter("option"))
    if wanted is not None:
        return [value for value in map(_option_value, options) if value in _many(wanted)]
    chosen = [option for option in options if option.get("selected") is not None]
    if not chosen and select.get("multiple") is None:
        chosen = options[:1]
    return [_option_value(option) for option in chosen]


def _option_value(option: Element) -> str:
    return option.get("value", text_of(option))


def _ticked(control: Element, wanted: str | Sequence[str] | None) -> bool:
    if wanted is None:
        return control.get("checked") is not None
    return control.get("value", "on") in _many(wanted)


def _many(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _one(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else value[0]


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")
