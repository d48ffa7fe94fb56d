"""Sheets to PDF, by typst: its own fonts, no network, no file but ours, and data that is never markup."""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import accumulate, groupby, islice
from typing import Any, Final, Literal

import typst
from pypdf import PdfReader, PdfWriter

from app.rendering.paper.fitting import ON_SEVERAL, SIZES, probable_size
from app.rendering.paper.sheet import Sheet, laid_out

Making = Literal["accessible", "tagged", "plain"]
"""PDF/UA-1 (ISO 14289-1); the same structure without its promise; for the printer alone."""
ACCESSIBLE: Final[list[typst.PDFStandard]] = ["ua-1"]
CHUNK = 25
"""Letters of a bundle that are set as one document: typst's memory grows with its length."""
AT_ONCE = 2
"""Chunks that are under way."""


def pdf(*sheets: Sheet) -> bytes:
    """Return a letter, or a few, as PDF: tagged, and PDF/UA wherever the characters allow that.

    The same sheets always give the same bytes.
    """
    try:
        return _fitted(sheets, "accessible")
    except typst.TypstError:
        # What none of the fonts has, such as an emoji, has no place in a PDF/UA: a box is printed.
        return _fitted(sheets, "tagged")


def bundle(sheets: Iterable[Sheet]) -> bytes:
    """Return many letters as one PDF for the printer, each on sheets of its own; not tagged.

    Args:
        sheets: the letters in their order, taken one by one: they need not all be in memory.
    """
    given = iter(sheets)
    setting: deque[Future[bytes]] = deque()
    # While typst works it lets other threads run: a chunk is set while the one before it is put in.
    with PdfWriter() as writer, ThreadPoolExecutor(AT_ONCE) as pool:
        while chunk := list(islice(given, CHUNK)):
            setting.append(pool.submit(_fitted, chunk, "plain"))
            if len(setting) > AT_ONCE:
                writer.append(io.BytesIO(setting.popleft().result()), import_outline=False)
        for rest in setting:
            writer.append(io.BytesIO(rest.result()), import_outline=False)
        made = io.BytesIO()
        writer.write(made)
    return made.getvalue()


def _fitted(sheets: Sequence[Sheet], making: Making) -> bytes:
    """Set letters, each in the largest size in which it goes onto one page."""
    letters = [laid_out(sheet) for sheet in sheets]
    for letter in letters:
        letter.update(size=probable_size(letter), pages=1)
    while True:
        made = _set(letters, sheets[0].title, making)
        pages = zip(letters, _pages_of_each(made, len(letters)), strict=True)
        others = [(letter, took) for letter, took in pages if took != letter["pages"]]
        if not others:
            return made
        for letter, took in others:
            letter.update(_next_try(letter, took))


def _next_try(letter: dict[str, Any], took: int) -> dict[str, Any]:
    """Return size and number of pages to try after a letter took `took` pages."""
    smaller = SIZES[SIZES.index(letter["size"]) + 1 :]
    if letter["pages"] == 1 and took == 2 and smaller:
        return {"size": smaller[0]}
    return {"size": ON_SEVERAL, "pages": took}


def _pages_of_each(made: bytes, letters: int) -> list[int]:
    reader = PdfReader(io.BytesIO(made))
    if reader.get_num_pages() == letters:
        return [1] * letters
    marks = groupby(reader.page_labels, key=lambda label: label.startswith("-"))
    return [len(list(pages)) for _mark, pages in marks]


def _set(letters: list[dict[str, Any]], title: str, making: Making) -> bytes:
    before = accumulate((letter["pages"] for letter in letters), initial=0)
    data = [letter | {"before": pages} for letter, pages in zip(letters, before, strict=False)]
    return typst.compile(
        str(_room() / "letter.typ"),
        root=str(_room()),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"letters": json.dumps(data), "title": title},
        pdf_standards=ACCESSIBLE if making == "accessible" else None,
        pdf_tags=making != "plain",
    )


def _room() -> Traversable:
    """Return the folder beyond which typst reads nothing."""
    return resources.files("app.rendering.paper")


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts of typst's own wheel: what is installed on the machine must not change a letter."""
    return typst.Fonts(include_system_fonts=False)
