"""The hands in which letters are set, and how wide their characters are: typst is asked, once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import typst

Fonts = tuple[str, ...]

_SERIF: Final = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
_MODERN: Final = ("New Computer Modern", "Libertinus Serif", "DejaVu Sans Mono")
# What most letters are written with: Latin, Greek and Cyrillic, Armenian, Georgian, signs.
_MEASURED = ((0x20, 0x7F), (0xA0, 0x250), (0x370, 0x590), (0x10A0, 0x1100), (0x2010, 0x2040))
_CHARACTERS: Final = tuple(chr(code) for begin, end in _MEASURED for code in range(begin, end))
_OTHERS = 0.6


class _Widths(dict[str, float]):
    def __missing__(self, character: str) -> float:
        return 0.0 if character in "\u200b\u2060" else _OTHERS


@dataclass(frozen=True, slots=True)
class Hand:
    """Measures of a hand in parts of its size.

    Attributes:
        height: of a line.
        widths: of each character; one that was not measured is as wide as some.
    """

    height: float
    widths: Mapping[str, float]


def fonts_for(language: str) -> Fonts:
    """Return the fonts for a letter, all from typst's own package.

    The first has no Armenian and no Georgian: a letter in them is set in one hand.
    """
    return _MODERN if language in ("hy", "ka") else _SERIF


@cache
def hand(fonts: Fonts) -> Hand:
    """Return the measures of what is set in these fonts."""
    compiler = typst.Compiler(
        str(room() / "hands.typ"),
        root=str(room()),
        font_paths=own_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"fonts": json.dumps(fonts), "characters": json.dumps(_CHARACTERS)},
    )
    measured = json.loads(compiler.query("<hand>", field="value", one=True))
    widths = (points / 1000 for points in measured["widths"])
    return Hand(measured["height"] / 1000, _Widths(zip(_CHARACTERS, widths, strict=True)))


@cache
def own_fonts() -> typst.Fonts:
    """Return the fonts of typst's own wheel: what is installed on the machine must not change a letter."""
    return typst.Fonts(include_system_fonts=False)


def room() -> Traversable:
    """Return the folder beyond which typst reads nothing."""
    return resources.files("app.rendering.paper")
