"""Cells: safe in spreadsheets, and what goes out comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recipients.importer.cells import bare, decoded, encoded, safe
from app.recipients.importer.fields import OFFICE_FIELDS
from app.recipients.importer.values import Unfit

STARTS = ("=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "＝", "＋", "－", "＠")
BODIES = ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("https://x.example")', "SUM(A1:A9)", "", "'=1")


@pytest.mark.parametrize("cell", [start + body for start in STARTS for body in BODIES])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert safe(cell).startswith("'")
    assert bare(safe(cell)) == cell


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n ab|\\＝"), max_size=12) | st.text())
def test_every_text_comes_back(text: str) -> None:
    assert bare(safe(text)) == text
    assert not safe(text).lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@given(st.lists(st.text(min_size=1).filter(str.strip)))
def test_every_list_comes_back(words: list[str]) -> None:
    cell = encoded(words)
    assert (decoded(OFFICE_FIELDS["variants"], cell) or []) == words


def test_what_should_be_json_and_is_none_is_refused() -> None:
    for cell in ("[", "{'a': 1}", "[" * 100_000):
        with pytest.raises(Unfit):
            decoded(OFFICE_FIELDS["sources"], cell)
