"""What a PDF says and looks like, by Debian's poppler-utils: not by the library that made it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from dataclasses import dataclass
from pathlib import Path

REQUIRE = "REDRESS_REQUIRE_POPPLER"
TOOLS = ("pdftotext", "pdfinfo", "pdftoppm")
MISSING = "no poppler-utils on this machine (Debian: apt install poppler-utils)"

# Marks of direction that pdftotext adds around what runs from right to left.
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PAGE_NUMBER = re.compile(r"^(\d+) ?/ ?(\d+)$", re.MULTILINE)


def installed() -> bool:
    """Return whether all of its programs that we use are there."""
    return all(shutil.which(tool) for tool in TOOLS)


def required() -> bool:
    """Whether missing programs are a failure (.ci/run) and not a reason to skip."""
    return os.environ.get(REQUIRE) == "1"


@dataclass(frozen=True)
class Word:
    """A word where it stands on its page, in millimetres from the upper left corner."""

    text: str
    page: int
    left: float
    top: float
    right: float
    bottom: float


class Poppler:
    """Reads PDFs."""

    def text(self, pdf: bytes) -> str:
        """Return the text in reading order, a form feed after each page."""
        return self._run("pdftotext", "-enc", "UTF-8", "-", "-", given=pdf)

    def letter(self, pdf: bytes) -> str:
        """Return the text of one letter without page numbers, as `words_of` tells it."""
        return words_of(_PAGE_NUMBER.sub("", self.text(pdf)))

    def page_numbers(self, pdf: bytes) -> list[tuple[int, int]]:
        """Return (number, of how many) for each page that tells it."""
        return [(int(page), int(pages)) for page, pages in _PAGE_NUMBER.findall(self.text(pdf))]

    def info(self, pdf: bytes) -> dict[str, str]:
        """Return what pdfinfo tells: Title, Tagged, Pages, Page size, ..."""
        lines = self._run("pdfinfo", "-", given=pdf).splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def words(self, pdf: bytes) -> list[Word]:
        """Return every word with its place."""
        html = self._run("pdftotext", "-bbox", "-enc", "UTF-8", "-", "-", given=pdf)
        found, page = [], 0
        place = re.compile(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>')
        for line in html.splitlines():
            page += "<page " in line
            if word := place.search(line):
                box = [float(points) * 25.4 / 72 for points in word.groups()[:4]]
                found.append(Word(word[5], page, *box))
        return found

    def pictures(self, pdf: bytes, stem: Path, *, dpi: int = 80) -> None:
        """Write a PNG for each page, named after `stem`."""
        subprocess.run(["pdftoppm", "-png", "-r", str(dpi), "-", str(stem)], input=pdf, check=True)

    @staticmethod
    def _run(*command: str, given: bytes) -> str:
        run = subprocess.run(command, input=given, capture_output=True, check=True, timeout=60)
        return run.stdout.decode()


def words_of(text: str) -> str:
    """Return a text as its words with single blanks: what is the same however its lines are broken."""
    return " ".join(unicodedata.normalize("NFC", _DIRECTION.sub("", text)).split())
