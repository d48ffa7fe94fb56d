"""What every page must keep to, whatever it shows: checked on each page that any test fetches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from html5lib.constants import E as PARSE_MESSAGES

from tests.support.pages import Page, text_of

Rule = Callable[[Page], Iterator[str]]

LABELLED = {"input", "select", "textarea"}
NEEDS_NO_LABEL = {"hidden", "submit", "button", "reset", "image"}
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-details", "list")
LOADS = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src", "use": "href"}


def problems(html: str) -> list[str]:
    """Return what is wrong with a page: one sentence each, or nothing."""
    page = Page(html)
    return [problem for rule in RULES for problem in rule(page)]


def _valid(page: Page) -> Iterator[str]:
    for position, code, data in page.parse_errors:
        yield f"not valid HTML at {position}: {PARSE_MESSAGES.get(code, code) % dict(data)}"


def _head(page: Page) -> Iterator[str]:
    if not next(page.elements("html")).get("lang"):
        yield "the page does not say its language"
    if len([*page.elements("title")]) != 1 or not page.title:
        yield "the page has no title of its own"
    if not any(meta.get("charset") for meta in page.elements("meta")):
        yield "the page does not say its character set"
    # An element without children counts as false: `any` would not do.
    if next(page.elements("meta", name="viewport"), None) is None:
        yield "the page has no viewport for small screens"


def _landmarks(page: Page) -> Iterator[str]:
    headings = [text_of(heading) for heading in page.elements("h1")]
    if len(headings) != 1 or not headings[0]:
        yield f"a page has one main heading, this one has {len(headings)}: {headings}"
    if len([*page.elements("main")]) != 1:
        yield "a page has one <main>"


def _ids(page: Page) -> Iterator[str]:
    ids = Counter(name for element in page.elements() if (name := element.get("id")) is not None)
    for name, count in ids.items():
        if count > 1:
            yield f"id “{name}” is there {count} times"
        if not name or any(character.isspace() for character in name):
            yield f"“{name}” is no id"


def _references(page: Page) -> Iterator[str]:
    ids = {element.get("id") for element in page.elements()}
    for element in page.elements():
        for attribute in REFERENCES:
            for name in (element.get(attribute) or "").split():
                if name not in ids and not (attribute == "for" and element.tag == "output"):
                    yield f"<{element.tag} {attribute}=…> points to “{name}”, which is not on the page"
    for link in page.links:
        if link.startswith("#") and link[1:] not in ids:
            yield f"the link {link} leads nowhere"


def _forms(page: Page) -> Iterator[str]:
    for form in page.forms:
        if "action" not in form.element.attrib:
            yield "a form says where it is sent to (action)"
        if form.method not in {"GET", "POST"}:
            yield f"{form.method} is no method of a form"
        tokens = [control.get("value") for control in form.controls if control.get("name") == "csrf_token"]
        if form.method == "POST" and (len(tokens) != 1 or not tokens[0]):
            yield f"the form to “{form.action}” has {len(tokens)} CSRF tokens, not one"
        if form.method == "GET" and tokens:
            yield f"the form to “{form.action}” puts its CSRF token into the address"


def _labels(page: Page) -> Iterator[str]:
    labelled = {label.get("for") for label in page.elements("label") if text_of(label)}
    for control in page.elements(*LABELLED):
        if control.get("type") in NEEDS_NO_LABEL:
            continue
        if control.get("aria-label") or control.get("aria-labelledby") or control.get("id") in labelled:
            continue
        around = page.around(control, "label")
        if around is None or not text_of(around):
            yield f"<{control.tag} name=“{control.get('name')}”> has no label"


def _names(page: Page) -> Iterator[str]:
    for control in page.elements("button", "a", "summary"):
        if control.tag == "a" and control.get("href") is None:
            continue
        if not text_of(control) and not control.get("aria-label") and not _pictured(control):
            yield f"<{control.tag}> says nothing to those who cannot see it"
    for image in page.elements("img"):
        if image.get("alt") is None:
            yield f"the picture {image.get('src')} has no alternative text"


def _pictured(control: Element) -> bool:
    return any(image.get("alt") for image in control.iter("img"))


def _no_inline_code(page: Page) -> Iterator[str]:
    for element in page.elements():
        for name, value in element.attrib.items():
            if name == "style" or name.startswith("on"):
                yield f"<{element.tag} {name}=…>: the content security policy forbids it"
            if value.strip().lower().startswith("javascript:"):
                yield f"<{element.tag} {name}=javascript:…>"
    for _style in page.elements("style"):
        yield "<style>: the content security policy forbids it"
    for script in page.elements("script"):
        if not script.get("nonce") and script.get("type") not in {"application/json"}:
            yield "a <script> has no nonce"


def _own_host(page: Page) -> Iterator[str]:
    for tag, attribute in LOADS.items():
        for element in page.elements(tag):
            address = urlsplit(element.get(attribute) or "")
            is_link_only = tag == "link" and element.get("rel") in {"canonical", "alternate"}
            if (address.netloc or address.scheme) and not is_link_only:
                yield f"<{tag} {attribute}={address.geturl()}> is loaded from elsewhere"


def _rendered(page: Page) -> Iterator[str]:
    if any("letter-language" in (main.get("class") or "").split() for main in page.elements("main")):
        return  # pages that are about the letter language show it
    for leftover in ("{{", "{%", "{#"):
        if leftover in page.text:
            yield f"“{leftover}” was not rendered"


RULES: tuple[Rule, ...] = (
    _valid,
    _head,
    _landmarks,
    _ids,
    _references,
    _forms,
    _labels,
    _names,
    _no_inline_code,
    _own_host,
    _rendered,
)
