"""The tables of forms of address, one file a language under `forms/`.

A row belongs to a style of office. Its parts:

- `envelope`: lines by case, for a known holder (`named`) and for a vacant or unknown one (`office`);
- `salutation`: by case. The first one that applies and can be filled is taken, in the order of `CASES`:
  `excellency` (the honorific says so), `mr` and `ms` (the rank says so: gender is never guessed), `ranked`
  (another rank), `named` (the holder is known), `office` (always);
- `closing`; `honorific` (stands before every holder's name); `american` (a colon ends the salutation);
- `titles` (short forms: the longest that occurs in the office's title is `{short_title}`, else the first);
- `members` (titles that only say membership: `{leading_title}` is then left out);
- `words` (the language's own words for the patterns);
- `sources`: keys of the file's list of sources. A row without one is refused.

What a row leaves out comes from the file's `defaults`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

CASES = ("excellency", "mr", "ms", "ranked", "named", "office")
LANGUAGES = ("en", "fr", "hy", "ru")
STYLES = (
    "ambassador",
    "high_commissioner",
    "minister",
    "secretary_of_state",
    "secretary_general",
    "president",
    "head_of_state",
    "director",
    "commissioner",
    "senator",
    "representative",
    "assembly_member",
    "council_member",
    "committee_chair",
    "assistant_secretary",
    "official",
    "organization",
    "body",
)


@dataclass(frozen=True)
class Source:
    """Where a row comes from. `url` is empty where there is no single page."""

    label: str
    url: str


@dataclass(frozen=True)
class Row:
    """The forms of one style of office in one language."""

    envelope: Mapping[str, tuple[str, ...]]
    salutation: Mapping[str, str]
    closing: str
    honorific: str
    american: bool
    titles: tuple[str, ...]
    members: tuple[str, ...]
    words: Mapping[str, str]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Table:
    """One language: its rows and what it makes of the words before a name."""

    mark: str
    american_mark: str
    honorifics: Mapping[str, str]
    ranks: Mapping[str, str]
    keep_other_words: bool
    rows: Mapping[str, Row]


@cache
def table(language: str) -> Table:
    """Return the table of a language; one without a table is addressed in English."""
    name = language if language in LANGUAGES else LANGUAGES[0]
    text = resources.files("app.rendering").joinpath("forms", f"{name}.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=LOADER)  # noqa: S506 (a safe loader, written in C)
    sources = {key: Source(**source) for key, source in data["sources"].items()}
    return Table(
        mark=data["mark"],
        american_mark=data["american_mark"],
        honorifics=data["honorifics"],
        ranks=data["ranks"],
        keep_other_words=data["keep_other_words"],
        rows={style: _row(data["styles"][style], data["defaults"], sources) for style in STYLES},
    )


def _row(given: Mapping[str, Any], defaults: Mapping[str, Any], sources: Mapping[str, Source]) -> Row:
    envelope = {**defaults["envelope"], **given.get("envelope", {})}
    return Row(
        envelope={case: tuple(lines) for case, lines in envelope.items()},
        salutation={**defaults.get("salutation", {}), **given.get("salutation", {})},
        closing=given.get("closing") or defaults["closing"],
        honorific=given.get("honorific", ""),
        american=given.get("american", False),
        titles=tuple(given.get("titles", ())),
        members=tuple(given.get("members", ())),
        words=given.get("words", {}),
        sources=tuple(sources[key] for key in given["sources"]),
    )
