"""Sentences that a person will read, kept apart from their values until somebody translates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Mark `message` for the catalogues of translations and return it as it is."""
    return message


@dataclass(frozen=True)
class Sentence:
    """A message with named places (`%(name)s`) and what stands in them."""

    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class RenderingError(ValueError):
    """Base of all errors of this package.

    Attributes:
        message: the sentence with its named places, as the catalogues know it.
        values: what stands in the places.
        sentence: the two together, in English.
    """

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values
        self.sentence = str(Sentence(message, values))
        super().__init__(self.sentence)
