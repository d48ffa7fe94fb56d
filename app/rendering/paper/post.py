"""The sheet before the letters to one office, for whoever puts them into envelopes or hands them in."""

from __future__ import annotations

from collections.abc import Sequence

from app.rendering.letter import Segment
from app.rendering.paper.sheet import Sheet


def cover(
    *,
    language: str,
    country: str,
    address: Sequence[str],
    title: str,
    lines: Sequence[str],
    references: Sequence[str],
    receipt: Sequence[str],
) -> Sheet:
    """Return a sheet that parts the letters to one office from those to the next.

    Args:
        language: of its words.
        country: of the office: the sheet is as large as the letters.
        address: of the office, for the window of one large envelope.
        title: what is below.
        lines: what is to be said about it, a paragraph each.
        references: what the letters are called, in their order.
        receipt: where whoever takes them in by hand signs, a line each.
    """
    paragraphs = [*lines, " · ".join(references), *receipt]
    return Sheet(
        language=language,
        country=country,
        segments=(
            Segment("address", "\n".join(address) + "\n\n"),
            Segment("subject", f"{title}\n\n"),
            *(Segment("paragraph", f"{text}\n\n") for text in paragraphs if text),
        ),
    )
