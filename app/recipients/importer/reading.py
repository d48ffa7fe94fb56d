"""Opening files that somebody else wrote: size, encoding, and where exactly it goes wrong."""

from __future__ import annotations

from pathlib import Path

from flask_babel import gettext as _

from app.recipients.importer.records import Place

LARGEST = 200 * 1024 * 1024
_OTHER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class Unreadable(Exception):
    """A file that cannot be read at all, with the place where it stops being readable."""

    def __init__(self, place: Place, sentence: str) -> None:
        super().__init__(sentence)
        self.place = place
        self.sentence = sentence


def text_of(path: Path, name: str = "") -> str:
    """Return the text of a file.

    Args:
        path: of the file: UTF-8, with or without a byte-order mark.
        name: how problems name it; its own name if empty.

    Raises:
        Unreadable: it is too large, not there, or not UTF-8.
    """
    name = name or path.name
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(Place(name), _("This file is larger than 200 MB; divide it."))
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(
            Place(name), _("This file cannot be read: %(why)s.", why=error.strerror or "")
        ) from None
    if encoding := _OTHER_MARKS.get(content[:2]):
        raise Unreadable(Place(name), _("This file is %(encoding)s; save it as UTF-8.", encoding=encoding))
    if (nothing := content.find(b"\0")) >= 0:
        raise Unreadable(_place(name, content, nothing), _("There is a NUL character here; this is no text."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            _place(name, content, error.start), _("This is not UTF-8; save the file as UTF-8.")
        ) from None


def _place(name: str, content: bytes, offset: int) -> Place:
    before = content[:offset]
    line = before.count(b"\n") + 1
    last = before[before.rfind(b"\n") + 1 :]
    return Place(name, line, len(last.decode("utf-8", "replace")) + 1)
