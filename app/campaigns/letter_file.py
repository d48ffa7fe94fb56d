"""One letter of a campaign's folder: YAML front matter between two lines of dashes, then the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import RedressError
from app.yaml_files import parse_yaml

STATUSES = ("draft", "review", "published")


@dataclass(frozen=True)
class LetterFile:
    """A letter in one language, as its file tells: see `LetterTemplate` and `TemplateVersion`."""

    key: str
    language: str
    name: str
    kind: str
    shortest: int | None
    longest: int | None
    own_words: int | None
    subject: str
    body: str
    points: dict[str, Any]
    wordings: dict[str, list[str]]
    status: str
    machine_drafted: bool
    approved_by: str


def read_letter(path: Path) -> LetterFile:
    """Read a letter file.

    Raises:
        RedressError: it is not as such a file must be; the sentence names the file.
    """
    key, language, front, body = _opened(path, ("name", "subject"))
    shortest, longest = _length(front.get("length"), path.name)
    status = str(front.get("status") or "published")
    if status not in STATUSES:
        raise RedressError(f"{path.name}: status is one of {', '.join(STATUSES)}.")
    return LetterFile(
        key=key,
        language=language,
        name=str(front["name"]),
        kind=str(front.get("kind") or ""),
        shortest=shortest,
        longest=longest,
        own_words=front.get("own_words"),
        subject=str(front["subject"]),
        body=body,
        points=_points(front.get("points"), path.name),
        wordings=_wordings(front.get("wordings"), path.name),
        status=status,
        machine_drafted=bool(front.get("machine_drafted")),
        approved_by=str(front.get("approved_by") or ""),
    )


def read_attachments(folder: Path) -> dict[str, Any]:
    """Read the texts to download of a campaign's folder, as `Campaign.attachments` holds them.

    Raises:
        RedressError: a file is not as such a file must be; the sentence names it.
    """
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.txt")):
        name, language, front, body = _opened(path, ("name", "template"))
        attachment = found.setdefault(name, {"template": str(front["template"]), "title": {}, "text": {}})
        attachment["title"][language] = str(front["name"])
        attachment["text"][language] = body
    return found


def _opened(path: Path, needed: Iterable[str]) -> tuple[str, str, Mapping[str, Any], str]:
    """Return the name and the language that a file's own name tells, its front matter and its text."""
    key, language = path.name.removesuffix(".txt").rsplit(".", 1)
    parts = path.read_text(encoding="utf-8").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise RedressError(f"{path.name} must begin with {' and '.join(needed)} between two lines of “---”.")
    front = with_all(needed, parse_yaml(parts[1], path.name), path.name)
    return key, language, front, parts[2].strip() + "\n"


def with_all(names: Iterable[str], loaded: Any, file: str) -> Mapping[str, Any]:
    """Return what was loaded if it says all of these names.

    Raises:
        RedressError: something is missing.
    """
    missing = [name for name in names if not isinstance(loaded, Mapping) or not loaded.get(name)]
    if missing:
        raise RedressError(f"{file} must say: {', '.join(missing)}.")
    found: Mapping[str, Any] = loaded
    return found


def _length(written: Any, file: str) -> tuple[int | None, int | None]:
    match written:
        case None:
            return None, None
        case [int(shortest), int(longest)] if 0 <= shortest <= longest:
            return shortest, longest
    raise RedressError(f"{file}: length is two numbers of words, the smaller one first.")


def _points(written: Any, file: str) -> dict[str, Any]:
    if written is None:
        return {}
    match written:
        case {"least": int(least), "most": int(most), "of": [*described]} if 0 <= least <= most:
            points = [_point(point, file) for point in described]
        case _:
            raise RedressError(f"{file}: points are least, most and of, a list of points.")
    keys = {point["key"] for point in points}
    if len(keys) < len(points) or not 1 <= most <= len(points):
        raise RedressError(f"{file}: points have names of their own, and most is not more than there are.")
    editable = {"editable": True} if written.get("editable") else {}
    return {"least": least, "most": most, **editable, "of": points}


def _point(written: Any, file: str) -> dict[str, Any]:
    point = with_all(("key", "label", "texts"), written, file)
    return {
        "key": str(point["key"]),
        "label": str(point["label"]),
        "texts": _texts(point["texts"], str(point["key"]), file),
    }


def _wordings(written: Any, file: str) -> dict[str, list[str]]:
    if not isinstance(written, Mapping | None):
        raise RedressError(f"{file}: wordings are lists of texts by name.")
    return {str(name): _texts(texts, str(name), file) for name, texts in (written or {}).items()}


def _texts(written: Any, name: str, file: str) -> list[str]:
    if not isinstance(written, list) or not written or not all(isinstance(text, str) for text in written):
        raise RedressError(f"{file}: {name} is a list of texts.")
    return [text.strip() for text in written]
