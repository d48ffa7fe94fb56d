"""What people type: kept, silently freed of fillers, or refused with the name and place of what is wrong."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rendering.typography import TooLong, UnsafeText, clean_line, clean_text
from tests.support.lengths import length

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
BIDI = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
TAGS = [chr(code) for code in range(0xE0000, 0xE0080)]
NONCHARACTERS = [
    *(chr(code) for code in range(0xFDD0, 0xFDF0)),
    *(chr(plane * 0x10000 + low) for plane in range(17) for low in (0xFFFE, 0xFFFF)),
]
SURROGATES = [chr(code) for code in range(0xD800, 0xE000, 0x80)]
FORMATS = [chr(code) for code in (*range(0x206A, 0x2070), 0xFFF9, 0xFFFA, 0xFFFB)]
NEVER = [*BIDI, *TAGS, *NONCHARACTERS, *SURROGATES, *FORMATS]
FILLERS = ["\u00ad", "\u200b", "\u2060", "\u2061", "\u2062", "\u2063", "\u2064", "\ufeff", "\u3164", "\uffa0"]
# Kept letter for letter: scripts, emoji with joiners, selectors and tags, joiners that spell.
KEPT = [
    "Արարատ Տեր-Պետրոսյան",
    "Наталья Ёлкина",
    "Ελένη Παπαδοπούλου",
    "ნინო ბერიძე",
    "François d’Héricourt",
    "Łukasz Żółć",
    "Đặng Thị Hồng",
    "محمد بن سلمان",
    "דוד לוי",
    "王小明",
    "山田 太郎",
    "김철수",
    "สมชาย ใจดี",
    "ታደሰ",
    "می\u200cخواهم",
    "क्\u200dष",
    "क्\u200cष",
    "ශ්\u200dරී",
    "👩\u200d⚕️",
    "👨\u200d👩\u200d👧\u200d👦",
    "🏳️\u200d🌈",
    "🧑🏽\u200d🚀",
    "❤️",
    "☎︎",
    "1️⃣",
    "🇦🇲",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "葛\U000e0100城",
    "a\u200eb\u200f",
    "«\u00a0Bonjour\u00a0!\u202f»",
    "x" * 5_000,
    "O'Flaherty & Søn <3",
    "100 % = 50 + 50 ?",
    "#hashtag @name $5 ~ ^ ` | \\",
    ".",
    "...",
]
CHANGED = [
    ("  Anna   Petrosyan  ", "Anna Petrosyan"),
    ("e\u0301", "é"),
    ("A\u030a", "Å"),
    ("\u1112\u1161\u11ab", "한"),
    ("Anna\u3000Petrosyan", "Anna Petrosyan"),
    ("Anna\u2003\u2002Petrosyan", "Anna Petrosyan"),
    ("A\u200dnn\u200ca", "Anna"),
    ("Анна\u200d", "Анна"),
    ("👩\u200d", "👩"),
    ("👩\u200d\u200d⚕", "👩\u200d⚕"),
    ("\u200d\u200c", ""),
    ("\u00a0", ""),
    ("\u2126", "Ω"),
]


@pytest.mark.parametrize("character", NEVER)
def test_never_let_through(character: str) -> None:
    for clean in (clean_line, clean_text):
        with pytest.raises(UnsafeText) as caught:
            clean(f"Anna {character} Petrosyan")
        assert caught.value.position == 6
        assert caught.value.character in caught.value.sentence


@pytest.mark.parametrize("character", CONTROLS)
def test_controls(character: str) -> None:
    with pytest.raises(UnsafeText) as caught:
        clean_line(f"Anna {character} Petrosyan")
    assert caught.value.position == 6
    if character in "\t\n":
        assert clean_text(f"Anna{character}Petrosyan") == f"Anna{character}Petrosyan"
    elif character == "\r":
        assert clean_text("Anna\rPetrosyan\r\n") == "Anna\nPetrosyan"
    else:
        with pytest.raises(UnsafeText):
            clean_text(f"Anna{character}Petrosyan")


@pytest.mark.parametrize("filler", FILLERS)
def test_fillers_vanish(filler: str) -> None:
    assert clean_line(f"{filler}An{filler}na{filler} Petrosyan") == "Anna Petrosyan"
    assert clean_text(f"{filler}An{filler}na{filler}\n\nPetrosyan") == "Anna\n\nPetrosyan"


@pytest.mark.parametrize("text", KEPT)
def test_kept_as_it_is(text: str) -> None:
    assert clean_line(text) == text
    assert clean_text(text) == text


@pytest.mark.parametrize(("typed", "expected"), CHANGED)
def test_normalised(typed: str, expected: str) -> None:
    assert clean_line(typed) == expected


@pytest.mark.parametrize(
    "typed", ["=?utf-8?q?a?=", "a =? b", "=\u200b?", "=\u00ad?", "=\u200d?", "=\ufeff?utf-8?b?QmNj?="]
)
def test_encoded_words_are_refused_in_lines_and_kept_in_texts(typed: str) -> None:
    with pytest.raises(UnsafeText, match=r"=\?"):
        clean_line(typed)
    assert "=?" in clean_text(typed)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\u2029", "\v", "\f", "\x85", "\t"])
def test_a_line_is_one_line(end: str) -> None:
    for typed in (f"Anna{end}Petrosyan", f"Anna{end}", f"{end}Anna"):
        with pytest.raises(UnsafeText, match="one line"):
            clean_line(typed)


def test_text_keeps_its_shape() -> None:
    typed = "  First line.  \r\n.\r\n..dots\r\n\r\n\r\n\r\nSecond\u2028third\t\r\n \r\n"

    assert clean_text(typed) == "First line.\n.\n..dots\n\nSecond\nthird"


def test_position_counts_what_was_typed() -> None:
    with pytest.raises(UnsafeText) as caught:
        clean_text("ab\r\ncd\x07")
    assert caught.value.position == 6
    with pytest.raises(UnsafeText) as caught:
        clean_line("👍👍\u202e")
    assert (caught.value.position, caught.value.character) == (3, "RIGHT-TO-LEFT OVERRIDE")


def test_limits_count_what_remains() -> None:
    assert clean_line(" abc\u200b ", limit=3) == "abc"
    assert clean_text("abc\n\n\n\n", limit=3) == "abc"
    for clean in (clean_line, clean_text):
        with pytest.raises(TooLong, match="4 characters long; 3 is the most"):
            clean("abcd", limit=3)


@pytest.mark.parametrize(
    "text",
    [
        "\u200d" * 100_000,
        "a\u200d" * 50_000,
        "\u0301" * 100_000,
        " " * 100_000,
        "\n" * 100_000,
        "=" * 100_000,
    ],
)
def test_time_is_bounded(text: str) -> None:
    started = time.process_time()
    clean_text(text)
    if "\n" not in text:
        clean_line(text)
    assert time.process_time() - started < 3


@settings(max_examples=length(60, 300), deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_whatever_is_typed(typed: str) -> None:
    for clean in (clean_line, clean_text):
        try:
            cleaned = clean(typed)
        except UnsafeText:
            continue
        assert clean(cleaned) == cleaned
        assert unicodedata.is_normalized("NFC", cleaned)
        assert cleaned == cleaned.strip()
        assert cleaned.encode().decode() == cleaned
        assert not any(character in cleaned for character in (*NEVER, *FILLERS, "\r", "\0"))
