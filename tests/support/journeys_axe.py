"""What axe finds on a page, in every appearance that the page has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.support.browser import Watch
from tests.support.journeys_tour import Stop

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Appearance(NamedTuple):
    """How somebody looks at a page."""

    scheme: Literal["light", "dark"]
    width: int


APPEARANCES = tuple(Appearance(scheme, width) for width in (1280, 360) for scheme in SCHEMES)

# Before a picture axe cannot tell what a text stands on, and says so. Our pictures are shades of the colour
# below them: a fold in the paper, a shadow.
FLAT = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`*, ::before, ::after { background-image: none !important }
        * { box-shadow: none !important }`);
    document.adoptedStyleSheets = [sheet];
}"""
AS_IT_IS = "() => { document.adoptedStyleSheets = [] }"


def appearances(tab: Page) -> Iterator[Appearance]:
    """Show the page in each appearance, without transitions: they would be caught half-way."""
    for look in APPEARANCES:
        tab.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")
        tab.set_viewport_size({"width": look.width, "height": 800})
        yield look


def violations(tab: Page, look: Appearance) -> list[str]:
    """Run axe on the page as it is now, and return what it holds against it.

    Colours are looked at in both schemes, everything else in one of them.
    """
    found = _contrasts(tab)
    if look.scheme == SCHEMES[0]:
        found += _run(tab, "{rules: {'color-contrast': {enabled: false}}}", ["violations"])
    return found


def _contrasts(tab: Page) -> list[str]:
    tab.evaluate(FLAT)
    found = _run(tab, "{runOnly: ['color-contrast']}", ["violations", "incomplete"])
    tab.evaluate(AS_IT_IS)
    return found


def _run(tab: Page, options: str, kinds: list[str]) -> list[str]:
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE_SCRIPT)
    found: dict[str, Any] = tab.evaluate(f"axe.run({options})")
    assert found["passes"], "axe checked nothing"
    return [
        f"{one['id']}: {node['target']}: {' '.join(node['failureSummary'].split())[:300]}"
        for kind in kinds
        for one in found[kind]
        for node in one["nodes"]
        if not _cannot_be_judged(node)
    ]


# What axe cannot judge, and need not: in a letter, which is spans of several lines in one box, it takes some
# lines for covered by others (each kind of span is there more than once, and is judged where axe sees it); and
# the words of a drawing have the colour of the text around it.
NOT_JUDGED = {"bgOverlap", "imgNode"}


def _cannot_be_judged(node: dict[str, Any]) -> bool:
    return any((check.get("data") or {}).get("messageKey") in NOT_JUDGED for check in node["any"])


def look_at(tab: Page, stop: Stop, where: str = "") -> list[str]:
    """Return what axe holds against a stop of a tour, in any appearance."""
    return [
        f"{where}{stop.name}, {look.scheme}, {look.width} px: {problem}"
        for look in appearances(tab)
        for problem in violations(tab, look)
    ]


def complaints(watch: Watch, stops: list[Stop]) -> list[str]:
    """Return what the browser complained about on a tour, but for the answers that the tour asks for."""
    wanted = {str(stop.status) for stop in stops if stop.status >= 400}
    return [
        complaint
        for complaint in watch.complaints
        if complaint.split(" ")[0] not in wanted and "Failed to load resource" not in complaint
    ]
