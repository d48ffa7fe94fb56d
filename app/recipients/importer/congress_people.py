"""Names of congress-legislators as holders' names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.recipients.importer.data_sets import HONORABLE, located, text
from app.recipients.importer.located_yaml import Located
from app.recipients.importer.records import Place, Records, Values

SOURCE = [
    {
        "label": "unitedstates/congress-legislators",
        "url": "https://github.com/unitedstates/congress-legislators",
    }
]


@dataclass
class Member:
    """A person of the file, with the term that began last."""

    key: str
    values: Values
    place: Place
    latest: Located | None = None
    latest_start: date | None = None
    latest_end: date | None = None
    seat: str = ""


def name_values(records: Records, item: Located) -> Values:
    """Return what is taken over of a person: names and nothing else. Without a name, `name` is empty."""
    name = located(item.get("name")) or Located("", (0, 0))
    parts = {
        part: text(records, name, part, 100) for part in ("first", "middle", "last", "suffix", "nickname")
    }
    usual = f"{parts['first']} {parts['last']}".strip()
    full = text(records, name, "official_full", 200) or _whole(parts)
    nick = f"{parts['nickname']} {parts['last']}" if parts["nickname"] else ""
    return {
        "name": full if parts["last"] else "",
        "family_name": parts["last"],
        "honorific": HONORABLE,
        "country": "US",
        "confidence": "medium",
        "sources": SOURCE,
        "variants": sorted({usual, nick, _whole(parts)} - {"", full}),
    }


def _whole(parts: dict[str, str]) -> str:
    return " ".join(filter(None, (parts[name] for name in ("first", "middle", "last", "suffix"))))
