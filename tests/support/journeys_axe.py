"""What axe finds on a page, in every appearance that the page has."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.support.browser import Watch
from tests.support.journeys_browser import NARROWEST, show_width
from tests.support.journeys_tour import Stop
from tests.support.lengths import SOAK


class Appearance(NamedTuple):
    """How somebody looks at a page."""

    scheme: Literal["light", "dark"]
    width: int


EVERY_APPEARANCE = (
    Appearance("light", 1280),
    Appearance("dark", 1280),
    Appearance("light", 360),
    Appearance("dark", 360),
)

IN_TURN = itertools.cycle((Appearance("light", 1280), Appearance("dark", NARROWEST)))
"""What a test looks at, page by page: light and wide, dark and narrow, in turn, so that what pages have in
common is seen in both. A soak looks at every page in all four."""

# Before a picture axe cannot tell what a text stands on, and says so. Our pictures are shades of the colour
# below them: a fold in the paper, a shadow.
FLAT = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`*, ::before, ::after { background-image: none !important }
        * { box-shadow: none !important }`);
    document.adoptedStyleSheets = [sheet];
}"""


# Contrast is a matter of colours and of size, and most of what axe takes its time for. What has the colours,
# size and place that were looked at before on any page is not measured again; a soak measures everything.
CHECK = """async ([options, seen]) => {
    if (!seen) return axe.run(options);
    const kinds = new Set(seen), found = [], grounds = new Map([[null, ""]]);
    const ground = element => {
        if (!grounds.has(element)) {
            const {backgroundColor, opacity, position} = getComputedStyle(element);
            let own = backgroundColor === "rgba(0, 0, 0, 0)" ? "" : `,${backgroundColor}`;
            if (opacity !== "1" || position !== "static") own += `,${element.tagName},${element.className}`;
            grounds.set(element, own + ground(element.parentElement));
        }
        return grounds.get(element);
    };
    for (const element of document.body.querySelectorAll("*")) {
        const says = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (!(says || element.matches("input, select, textarea")) || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const own = [element.disabled, style.color, style.fontSize, style.fontWeight].join();
        if (kinds.size < kinds.add(own + ground(element)).size) found.push(element);
    }
    found.forEach(element => element.dataset.unmeasured = "");
    axe.configure({rules: [{id: "color-contrast", selector: "[data-unmeasured]"}]});
    const all = await axe.run(options);
    found.forEach(element => delete element.dataset.unmeasured);
    return {...all, kinds: [...kinds]};
}"""

# It would fetch the style sheets once more, for rules that are not run.
OPTIONS = {"resultTypes": ["violations", "incomplete"], "preload": False}

_seen: dict[Appearance, list[str]] = {}


def have_axe_ready(tab: Page) -> None:
    """Let each page that a tab opens have axe at hand, unread: that costs half of bringing it there."""
    tab.add_init_script(f"window.readAxe = function () {{ {AXE_SCRIPT} }}")


def appearances(tab: Page, looks: Sequence[Appearance] = EVERY_APPEARANCE) -> Iterator[Appearance]:
    """Show the page in each appearance, without transitions: they would be caught half-way."""
    for look in looks:
        tab.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")
        show_width(tab, look.width)
        yield look


def violations(tab: Page, look: Appearance) -> list[str]:
    """Run axe on the page as it is now, and return what it holds against it, or doubts about its colours.

    Args:
        tab: the page.
        look: the appearance that it is in.
    """
    tab.evaluate(FLAT)
    if not tab.evaluate("'axe' in window || ('readAxe' in window && (readAxe(), true))"):
        tab.evaluate(AXE_SCRIPT)
    seen = None if SOAK else _seen.setdefault(look, [])
    found: dict[str, Any] = tab.evaluate(CHECK, [OPTIONS, seen])
    assert found["passes"], "axe checked nothing"
    if seen is not None:
        seen[:] = found["kinds"]
    doubts = [one for one in found["incomplete"] if one["id"] == "color-contrast"]
    return [
        f"{one['id']}: {node['target']}: {' '.join(node['failureSummary'].split())[:300]}"
        for one in (*found["violations"], *doubts)
        for node in one["nodes"]
        if not _cannot_be_judged(node)
    ]


# What axe cannot judge, and need not. In a letter, which is spans of several lines in one box, it takes some
# lines for covered by others: each kind of span is there more than once, and is judged where axe sees it. The
# words of a drawing, figures of one digit and silent stars have the colour of the text around them.
NOT_JUDGED = {"bgOverlap", "imgNode", "shortTextContent", "nonBmp"}


def _cannot_be_judged(node: dict[str, Any]) -> bool:
    return any((check.get("data") or {}).get("messageKey") in NOT_JUDGED for check in node["any"])


def look_at(tab: Page, stop: Stop, where: str = "") -> list[str]:
    """Return what axe holds against a stop of a tour, in the appearance whose turn it is (or in all).

    A page that is another one's with other data is looked at in a soak only: it has the address of one that
    was looked at, but for what names a row, and no kind of element that is not on one of those.
    """
    if not (SOAK or _is_new(tab, stop)):
        return []
    return [
        f"{where}{stop.name}, {look.scheme}, {look.width} px: {problem}"
        for look in appearances(tab, EVERY_APPEARANCE if SOAK else [next(IN_TURN)])
        for problem in violations(tab, look)
    ]


KINDS = """() => [...new Set([...document.body.querySelectorAll("*")].map(element =>
    [element.tagName, element.className, element.type, element.getAttribute("role")].join()))]"""
A_NAME = re.compile(r"/(?=[^/]*\d)[^/]{16,}|/[^/]{32,}")
"""Of a row, in an address: a key or a token."""

_met: set[str] = set()


def _is_new(tab: Page, stop: Stop) -> bool:
    place = f"{stop.status} {A_NAME.sub('/…', urlsplit(tab.url).path)}"
    kinds = {place, *tab.evaluate(KINDS)}
    new = kinds - _met
    _met.update(new)
    return bool(new)


def complaints(watch: Watch, stops: list[Stop]) -> list[str]:
    """Return what the browser complained about on a tour, but for the answers that the tour asks for."""
    wanted = {str(stop.status) for stop in stops if stop.status >= 400}
    return [
        complaint
        for complaint in watch.complaints
        if complaint.split(" ")[0] not in wanted and "Failed to load resource" not in complaint
    ]
