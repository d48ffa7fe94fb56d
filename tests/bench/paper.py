"""`make bench-pdf`: many letters as one bundle, by typst and by WeasyPrint, the same text in one run.

Each prints in a process of its own, in turns; the median of the turns counts, and the highest peak of
memory. WeasyPrint is there for this comparison only: make puts it beside the tools, and it needs Pango
(Debian's libpango-1.0-0 and libpangoft2-1.0-0).
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from itertools import cycle, islice
from pathlib import Path

LETTERS = int(os.environ.get("BENCH_LETTERS", "1000"))
TURNS = int(os.environ.get("BENCH_TURNS", "3"))
LEAST_RATIO, MOST_MEGABYTES = 10, 300

# The same letter: window, fold mark, page numbers where there are several, footer at the very end.
STYLE = """
@page { size: A4; margin: 25mm 28mm 24mm 25mm;
  @bottom-center { content: counter(page) " / " counter(pages) } }
body { font: 11.5pt/1.27 serif; margin: 0 }
article { break-after: page; min-height: 247mm; position: relative }
article::before {
  content: ""; position: absolute; left: -21mm; top: 80mm; width: 4mm; border-top: .3pt solid
}
p { margin: 0 0 .53em; white-space: pre-wrap } .address { margin: 27mm 0 7mm; height: 38mm; width: 85mm }
.date { text-align: right; margin-bottom: 2.2em } .subject { font-weight: bold; margin-bottom: 1.5em }
.closing { break-after: avoid; margin: 1em 0 13mm } .signature { break-inside: avoid }
.footer { font-size: 8.5pt; color: #444; position: absolute; bottom: 0; border-top: .4pt solid }
"""


@dataclass(frozen=True)
class Figure:
    """What one turn took: seconds, megabytes at the peak of memory, bytes of the PDF."""

    seconds: float
    peak: float
    size: int


def with_typst(letters: list[dict[str, str]]) -> bytes:
    """Print with what the site prints with."""
    from app.rendering.letter import cut
    from app.rendering.paper.press import bundle
    from app.rendering.paper.sheet import Sheet

    return bundle(
        Sheet(letter["language"], letter["country"], cut(letter["text"], letter["subject"]))
        for letter in letters
    )


def with_weasyprint(letters: list[dict[str, str]]) -> bytes:
    """Print the same letters with WeasyPrint, in chunks of the same length, put together the same way."""
    import io

    import pikepdf
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    from app.rendering.letter import cut
    from app.rendering.paper.press import CHUNK

    fonts = FontConfiguration()
    style = CSS(string=STYLE, font_config=fonts)
    with pikepdf.new() as bound:
        for begin in range(0, len(letters), CHUNK):
            pages = "".join(
                "<article>" + "".join(
                    f'<p class="{part.kind}">{escape(part.text.strip())}</p>'
                    for part in cut(letter["text"], letter["subject"])
                ) + "</article>"
                for letter in letters[begin : begin + CHUNK]
            )  # fmt: skip
            made = HTML(string=f"<!doctype html><html lang=en><body>{pages}").write_pdf(
                stylesheets=[style], font_config=fonts
            )
            with pikepdf.open(io.BytesIO(made)) as part:
                bound.pages.extend(part.pages)
        whole = io.BytesIO()
        bound.save(whole)
    return whole.getvalue()


MAKERS = {"typst": with_typst, "weasyprint": with_weasyprint}


def one_turn(name: str, source: Path) -> Figure:
    """Print everything once, in this process."""
    letters = json.loads(source.read_text(encoding="utf-8"))
    MAKERS[name](letters[:1])  # imports, fonts
    begin = time.perf_counter()
    made = MAKERS[name](letters)
    seconds = time.perf_counter() - begin
    return Figure(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(made))


def texts() -> Iterator[dict[str, str]]:
    """Yield seeded letters without end, each with a name, a reference and words that no other one has."""
    from tests.support.contact_sheet import seeded_letters
    from tests.support.seeded_letters import WRITER

    with seeded_letters(datetime.now(UTC).date()) as letters:
        written = [letter for letter in letters if not letter.name.startswith("office-")]
    for number, letter in enumerate(cycle(written)):
        text = "".join(
            in_another_order(segment.text, number) if segment.kind == "own" else segment.text
            for segment in letter.segments
        )
        text = text.replace("R-4F7K-2M", f"R-{number:04}").replace(WRITER.name, f"{WRITER.name} {number}")
        yield {
            "language": letter.language, "country": letter.country, "subject": letter.subject, "text": text
        }  # fmt: skip


def in_another_order(text: str, number: int) -> str:
    """Return a paragraph with its words turned round, so that it is its letter's own."""
    words = text.rstrip("\n").split(" ")
    first = number % len(words)
    return " ".join([str(number), *words[first:], *words[:first]]) + text[len(text.rstrip("\n")) :]


def in_turns(source: Path) -> dict[str, list[Figure]]:
    """Let both print, one after the other."""
    figures: dict[str, list[Figure]] = {name: [] for name in MAKERS}
    for _turn in range(TURNS):
        for name, found in figures.items():
            command = [sys.executable, "-m", "tests.bench.paper", name, str(source)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode:
                raise SystemExit(f"{name} did not print:\n{run.stderr[-600:]}\n{__doc__}")
            found.append(Figure(**json.loads(run.stdout.splitlines()[-1])))
    return figures


def report(figures: dict[str, list[Figure]]) -> int:
    """Print a table and the ratio; return 0 if both goals were reached."""
    seconds = {name: statistics.median(one.seconds for one in found) for name, found in figures.items()}
    peaks = {name: max(one.peak for one in found) for name, found in figures.items()}
    print(f"{LETTERS} letters as one bundle, median of {TURNS}")
    for name, found in figures.items():
        each = seconds[name] / LETTERS * 1000
        megabytes = found[0].size / 1e6
        print(f"{name:11} {seconds[name]:7.2f} s {each:6.1f} ms a letter {peaks[name]:6.0f} MB peak "
              f"{megabytes:5.1f} MB of PDF")  # fmt: skip
    ratio = seconds["weasyprint"] / seconds["typst"]
    print(f"typst is {ratio:.1f} times as fast (goal {LEAST_RATIO}), peak below {MOST_MEGABYTES} MB: "
          f"{'yes' if peaks['typst'] < MOST_MEGABYTES else 'no'}")  # fmt: skip
    return 0 if ratio >= LEAST_RATIO and peaks["typst"] < MOST_MEGABYTES else 1


def main() -> int:
    """Measure, print a table, and return 0 if both goals were reached."""
    if len(sys.argv) == 3:
        print(json.dumps(asdict(one_turn(sys.argv[1], Path(sys.argv[2])))))
        return 0
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as folder:
        source = Path(folder) / "letters.json"
        source.write_text(json.dumps(list(islice(texts(), LETTERS))), encoding="utf-8")
        return report(in_turns(source))


if __name__ == "__main__":
    sys.exit(main())
