"""What people type, made safe to print, to store and to mail, and otherwise left as it is.

Unicode is composed (NFC), line ends become LF, invisible fillers vanish. What could hide or
rearrange text, or break a message, is refused with its name and place instead of being repaired:
nobody's words are changed behind their back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from app.rendering.sentences import N_, RenderingError

# Unicode's names leave out controls, and these words are clearer than "<control>".
_CONTROL_NAMES = {
    0x00: "NULL",
    0x08: "BACKSPACE",
    0x09: "TAB",
    0x0A: "LINE FEED",
    0x0B: "LINE TABULATION",
    0x0C: "FORM FEED",
    0x0D: "CARRIAGE RETURN",
    0x1B: "ESCAPE",
    0x7F: "DELETE",
    0x85: "NEXT LINE",
}

# Bidi embeddings, overrides and isolates (UAX #9), deprecated formats, interlinear marks, tags (UAX #44), and
# what can never be text: C0, C1, surrogates, noncharacters. Tab and line feed are judged by each caller.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u202a-\u202e\u2066-\u206f\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e007f"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
)
# Emoji of England, Scotland and Wales: the only ones that are spelled with tags (UTS #51, annex C).
_TAGGED_FLAGS = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
# Soft hyphen, zero width space, word joiner, invisible operators, byte order mark, Hangul's empty fillers.
_FILLERS = re.compile("[\u00ad\u200b\u2060-\u2064\u3164\ufeff\uffa0]")
# A letter, perhaps a variation selector, a run of joiners, and what follows.
_JOINED = re.compile("([^\u200c\u200d\ufe0e\ufe0f]?)([\ufe0e\ufe0f]?)([\u200c\u200d]+)(?=(.?))")
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
# Scripts that never spell with a joiner; elsewhere (Arabic, the scripts of India, …) it is part of a letter.
_UNJOINED = re.compile(
    "LATIN|GREEK|CYRILLIC|ARMENIAN|GEORGIAN|HEBREW|HANGUL|CJK|HIRAGANA|KATAKANA|ETHIOPIC|CHEROKEE|COMBINING"
    "|FULLWIDTH|HALFWIDTH"
)


class UnsafeText(RenderingError):
    """Text that holds something which cannot be let through.

    Attributes:
        character: the Unicode name of what was found, or the two letters themselves.
        position: where it stands, counted from 1.
    """

    def __init__(self, message: str, *, character: str = "", position: int = 0, **values: object) -> None:
        super().__init__(message, character=character, position=position, **values)
        self.character = character
        self.position = position


class TooLong(UnsafeText):
    """Text that is longer than its place allows."""


def clean_line(text: str, *, limit: int | None = None) -> str:
    """Return one line (a name, a city, a subject) composed, trimmed and with single blanks.

    Args:
        text: what was typed.
        limit: most characters that may remain.

    Raises:
        UnsafeText: on controls, line ends and tabs, bidi formatting, surrogates, tags, noncharacters, and on
            `=?`, which a mail program would read as the start of an encoded word (RFC 2047).
        TooLong: if more than `limit` characters remain.
    """
    _refuse_line_ends(text)
    line = _compose(text)
    # A no-break space of French typography stays; any other odd blank is a blank.
    line = re.sub(r"[^\S\u00a0\u202f]|\s{2,}", " ", line)
    line = re.sub(" {2,}", " ", line).strip()
    if (at := line.find("=?")) >= 0:
        message = N_("“=?” at position %(position)s cannot be used here.")
        raise UnsafeText(message, character="=?", position=at + 1)
    return _within(line, limit)


def clean_text(text: str, *, limit: int | None = None) -> str:
    """Return a text of several lines composed, without blanks at line ends, with one blank line at most.

    Args:
        text: what was typed. Lines that begin with dots and very long words stay as they are.
        limit: most characters that may remain.

    Raises:
        UnsafeText: on controls other than tab and line end, bidi formatting, surrogates, tags, noncharacters.
        TooLong: if more than `limit` characters remain.
    """
    lines = _compose(_LINE_ENDS.sub("\n", text)).split("\n")
    joined = "\n".join(line.rstrip() for line in lines)
    return _within(re.sub("\n{3,}", "\n\n", joined).strip(), limit)


def unsafe_characters(text: str) -> Iterator[tuple[int, str]]:
    """Yield (index from 0, name) of every character that no text may hold, tab and line feed aside."""
    for found in _UNSAFE.finditer(_TAGGED_FLAGS.sub(_blank_out, text)):
        yield found.start(), character_name(found.group())


def visible(typed: str) -> str:
    """Return what was typed with a mark (U+FFFD) for every character that no page may hold."""
    marked = list(typed)
    for index, _name in unsafe_characters(typed):
        marked[index] = "\ufffd"
    return "".join(marked)


def character_name(character: str) -> str:
    """Return the Unicode name of a character, or its code where it has none."""
    code = ord(character)
    return unicodedata.name(character, _CONTROL_NAMES.get(code, f"U+{code:04X}"))


def _blank_out(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _refuse_line_ends(text: str) -> None:
    if found := re.search("[\t\n\r\x0b\x0c\x85\u2028\u2029]", text):
        raise UnsafeText(
            N_("This must be one line: there is a %(character)s at position %(position)s."),
            character=character_name(found.group()),
            position=found.start() + 1,
        )


def _compose(text: str) -> str:
    for index, name in unsafe_characters(text):
        raise UnsafeText(
            N_("The character at position %(position)s (%(character)s) cannot be used here."),
            character=name,
            position=index + 1,
        )
    visible = _FILLERS.sub("", text)
    return unicodedata.normalize("NFC", _JOINED.sub(_needed_joiner, visible))


def _needed_joiner(found: re.Match[str]) -> str:
    """Keep one joiner in emoji and in the scripts that spell with it, drop it elsewhere (UAX #31, 2.3)."""
    before, selector, joiners, after = found.groups()
    return before + selector + (joiners[0] if _takes_joiner(before) and after.strip() else "")


def _takes_joiner(character: str) -> bool:
    if not character or character.isspace() or character.isascii():
        return False
    spelled_without = _UNJOINED.match(unicodedata.name(character, ""))
    return unicodedata.category(character)[0] in "LMSC" and not spelled_without


def _within(text: str, limit: int | None) -> str:
    if limit is not None and len(text) > limit:
        raise TooLong(
            N_("This is %(length)s characters long; %(limit)s is the most."), length=len(text), limit=limit
        )
    return text
