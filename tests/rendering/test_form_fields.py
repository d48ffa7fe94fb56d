"""An office's form: what goes into its fields, and letters that fit without losing what they ask."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.rendering.form_fields import FormField, characters, fill, fitted, read_fields
from app.rendering.letter import Segment

ASK = "I ask you to have the sluice opened."
LETTER = (
    Segment("address", "The Mayor\nTown Hall\n\n"),
    Segment("date", "Lyon, 22 November 2026\n\n"),
    Segment("subject", "The sluice\n\n"),
    Segment("salutation", "Dear Mayor,\n\n"),
    Segment("paragraph", "The valley has been dry since March. Mr. Weir closed the sluice. Wells fail.\n\n"),
    Segment("own", "I drew water there.\nEvery day.\n\n\nMy children know it from stories.\n\n"),
    Segment("paragraph", f"There is a remedy. {ASK} It costs nothing.\n\n"),
    Segment("closing", "Yours sincerely,\n\n"),
    Segment("signature", "Ani Petrosyan\nLyon, France\n\n"),
    Segment("footer", "Sent through a site.\n"),
)
WHOLE = (
    "Dear Mayor,\n\n"
    "The valley has been dry since March. Mr. Weir closed the sluice. Wells fail.\n\n"
    "I drew water there.\nEvery day.\n\n\nMy children know it from stories.\n\n"
    f"There is a remedy. {ASK} It costs nothing.\n\n"
    "Yours sincerely,\n\nAni Petrosyan\nLyon, France"
)
FRAME = f"Dear Mayor,\n\n{ASK}\n\nYours sincerely,\n\nAni Petrosyan\nLyon, France"


def test_a_letter_that_fits_goes_in_as_it_is() -> None:
    for limit in (None, characters(WHOLE), 5000):
        assert fitted(LETTER, limit, ASK) == (WHOLE, False)


def test_own_words_are_kept_before_the_campaigns_and_nothing_of_the_middle_is_lost() -> None:
    text, shortened = fitted(LETTER, characters(WHOLE) - 1, ASK)
    assert shortened
    assert "It costs nothing." not in text
    assert text == WHOLE.replace(" It costs nothing.", "")
    own = "I drew water there.\nEvery day.\n\n\nMy children know it from stories."
    with_own = FRAME.replace(ASK, f"{own}\n\n{ASK}")
    assert fitted(LETTER, characters(with_own), ASK) == (with_own, True)
    assert fitted(LETTER, characters(FRAME), ASK) == (FRAME, True)


def test_a_name_with_a_dot_is_not_the_end_of_a_sentence() -> None:
    for limit in range(characters(FRAME), characters(WHOLE)):
        lines = fitted(LETTER, limit, ASK)[0].splitlines()
        assert not any(line.endswith("Mr.") for line in lines), limit


@given(limit=st.integers(1, 400))
def test_it_always_fits_and_keeps_its_frame_where_that_fits(limit: int) -> None:
    text, shortened = fitted(LETTER, limit, ASK)
    assert characters(text) <= limit
    assert shortened == (text != WHOLE)
    assert text.strip()
    if limit >= characters(FRAME):
        for part in ("Dear Mayor,", ASK, "Yours sincerely,", "Ani Petrosyan\nLyon, France"):
            assert part in text


WORDS = st.text("abc. !?\nԱ։😀", min_size=1, max_size=120)


@given(own=WORDS, fixed=WORDS, limit=st.integers(1, 200))
def test_whatever_is_written_fits_into_whatever_a_form_takes(own: str, fixed: str, limit: int) -> None:
    letter = [
        Segment("salutation", "Dear all,\n\n"),
        Segment("own", f"{own}\n\n"),
        Segment("paragraph", f"{fixed}\n\n"),
        Segment("closing", "Yours,\n"),
    ]
    text, _shortened = fitted(letter, limit, fixed)
    assert characters(text) <= limit


def test_characters_are_counted_as_a_form_counts_them_at_most() -> None:
    assert characters("a😀\nb") == 6


def test_fields_get_what_they_hold_in_the_offices_order() -> None:
    fields = read_fields(
        [
            {"label": "Subject of your message", "holds": "subject", "limit": 7},
            {"label": "Name", "holds": "name"},
            {"label": "Shoe size", "holds": "shoes"},
            {"label": "Message", "holds": "body", "limit": characters(FRAME)},
        ]
    )
    assert fields[2] == FormField("Shoe size", "other")
    filled = fill(fields, {"name": "Ani Petrosyan"}, LETTER, ASK)
    assert [(one.field.label, one.text, one.shortened) for one in filled] == [
        ("Subject of your message", "The", True),
        ("Name", "Ani Petrosyan", False),
        ("Shoe size", "", False),
        ("Message", FRAME, True),
    ]
    assert [one.used for one in filled][:2] == [3, 13]
    assert read_fields(None) == ()
