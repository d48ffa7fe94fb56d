"""Sheets to PDF, by typst: its own fonts, no network, no file but ours, and data that is never markup."""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from itertools import groupby, islice, pairwise, repeat
from typing import Any, Final, Literal, cast

import pikepdf
import typst

from app.rendering.paper.fitting import ON_SEVERAL, SIZES, probable_size
from app.rendering.paper.hands import own_fonts, room
from app.rendering.paper.sheet import Sheet, laid_out

Making = Literal["accessible", "tagged", "plain"]
"""PDF/UA-1 (ISO 14289-1); the same structure without its promise; for the printer alone."""
ACCESSIBLE: Final[list[typst.PDFStandard]] = ["ua-1"]
CHUNK = 50
"""Letters of a bundle that are set as one document: typst's memory grows with its length."""
EMPTY = 3
"""Empty documents after each chunk, so that what chunks have in common is kept, and all else soon let go."""
AT_ONCE = 2
"""Chunks that are under way."""


def pdf(*sheets: Sheet) -> bytes:
    """Return a letter, or a few, as PDF: tagged, and PDF/UA wherever the characters allow that.

    The same sheets always give the same bytes.
    """
    compiler = _compiler()
    try:
        return _fitted(compiler, _guessed(sheets), "accessible", sheets[0].title)
    except typst.TypstError:
        # What none of the fonts has, such as an emoji, has no place in a PDF/UA: a box is printed.
        return _fitted(compiler, _guessed(sheets), "tagged", sheets[0].title)


def bundle(sheets: Iterable[Sheet]) -> bytes:
    """Return many letters as one PDF for the printer, each on sheets of its own; not tagged.

    Args:
        sheets: the letters in their order, taken one by one: they need not all be in memory.
    """
    given = iter(sheets)
    setting: deque[Future[bytes]] = deque()
    # While typst works it lets other threads run: a chunk is set while the one before it is put in.
    with pikepdf.new() as whole, ThreadPoolExecutor(AT_ONCE) as pool:
        while chunk := list(islice(given, CHUNK)):
            setting.append(pool.submit(_for_the_printer, chunk))
            if len(setting) > AT_ONCE:
                _put_in(whole, setting.popleft().result())
        for rest in setting:
            _put_in(whole, rest.result())
        made = io.BytesIO()
        whole.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return made.getvalue()


def _for_the_printer(sheets: Sequence[Sheet]) -> bytes:
    compiler = _compiler()
    made = _fitted(compiler, _guessed(sheets), "plain")
    # typst keeps what it has set until ten documents did not need it: empty ones count, too.
    for _each in range(EMPTY):
        compiler.compile(b"", format="svg")
    return made


def _put_in(whole: pikepdf.Pdf, part: bytes) -> None:
    with pikepdf.open(io.BytesIO(part)) as source:
        whole.pages.extend(source.pages)


def _guessed(sheets: Sequence[Sheet]) -> list[dict[str, Any]]:
    letters = [laid_out(sheet) for sheet in sheets]
    for letter in letters:
        size, pages = probable_size(letter)
        letter.update(size=size, pages=pages)
    return letters


def _fitted(
    compiler: typst.Compiler, letters: list[dict[str, Any]], making: Making, title: str = ""
) -> bytes:
    """Set letters, each in about the largest size in which it goes onto one page, if it does in any."""
    while True:
        made = _set(compiler, letters, making, title)
        taken = zip(letters, _pages_of_each(made, len(letters)), strict=True)
        others = [(letter, took) for letter, took in taken if took != letter["pages"]]
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
    with pikepdf.open(io.BytesIO(made)) as document:
        pages = len(document.pages)
        if pages == letters:
            return [1] * letters
        return [len(list(alike)) for _mark, alike in groupby(_marks(document))]


def _marks(document: pikepdf.Pdf) -> Iterator[bool]:
    """Yield whether each page's label has the mark; labels stand in ranges (ISO 32000-2 §12.4.2)."""
    if "/PageLabels" not in document.Root:  # one letter, labelled as pages are without any
        yield from repeat(False, len(document.pages))
        return
    numbers = list(document.Root.PageLabels.Nums)
    begins = [*(int(first) for first in numbers[::2]), len(document.pages)]
    for (begin, end), label in zip(pairwise(begins), numbers[1::2], strict=True):
        yield from repeat(str(label.get("/P", "")).startswith("-"), end - begin)


def _set(compiler: typst.Compiler, letters: list[dict[str, Any]], making: Making, title: str = "") -> bytes:
    tagged = making != "plain"
    data = json.dumps({"title": title, "tagged": tagged, "letters": letters})
    files: Any = {
        "main": _template(),
        "letters.json": b"//" + data.encode(),
        "pages.json": json.dumps(list(_page_numbers(letters))).encode(),
    }
    made = compiler.compile(
        files,
        format="pdf",
        pdf_standards=ACCESSIBLE if making == "accessible" else [],
        pdf_tags=tagged,
    )
    return cast("bytes", made)


def _page_numbers(letters: list[dict[str, Any]]) -> Iterator[str | None]:
    """Yield what stands at the foot of each page, if every letter takes as many as was guessed."""
    for letter in letters:
        pages = letter["pages"]
        yield from (f"{page} / {pages}" if pages > 1 else None for page in range(1, pages + 1))


def _compiler() -> typst.Compiler:
    """Return a typst that reads nothing beyond our folder, and does not know what was set before."""
    return typst.Compiler(root=str(room()), font_paths=own_fonts(), ignore_system_fonts=True)


@cache
def _template() -> bytes:
    return (room() / "letter.typ").read_bytes()
