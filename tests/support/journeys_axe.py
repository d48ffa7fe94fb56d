"""What axe finds on a page, in every appearance that the page has."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.support.browser import Watch
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

IN_TURN = itertools.cycle(EVERY_APPEARANCE[::3])
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


def appearances(tab: Page, looks: Sequence[Appearance] = EVERY_APPEARANCE) -> Iterator[Appearance]:
    """Show the page in each appearance, without transitions: they would be caught half-way."""
    for look in looks:
        tab.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")
        tab.set_viewport_size({"width": look.width, "height": 800})
        yield look


def violations(tab: Page, rules: Sequence[str] = ()) -> list[str]:
    """Run axe on the page as it is now, and return what it holds against it, or doubts about its colours.

    Args:
        tab: the page.
        rules: their names; all, if there are none.
    """
    tab.evaluate(FLAT)
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations", "incomplete"]}
    options |= {"runOnly": list(rules)} if rules else {}
    found: dict[str, Any] = tab.evaluate("options => axe.run(options)", options)
    assert found["passes"] or rules, "axe checked nothing"
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
    """Return what axe holds against a stop of a tour, in the appearance whose turn it is (or in all)."""
    return [
        f"{where}{stop.name}, {look.scheme}, {look.width} px: {problem}"
        for look in appearances(tab, EVERY_APPEARANCE if SOAK else [next(IN_TURN)])
        for problem in violations(tab)
    ]


def complaints(watch: Watch, stops: list[Stop]) -> list[str]:
    """Return what the browser complained about on a tour, but for the answers that the tour asks for."""
    wanted = {str(stop.status) for stop in stops if stop.status >= 400}
    return [
        complaint
        for complaint in watch.complaints
        if complaint.split(" ")[0] not in wanted and "Failed to load resource" not in complaint
    ]
