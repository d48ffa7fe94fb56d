"""The base of every error that a person may read."""

from __future__ import annotations


class RedressError(Exception):
    """An error that carries the sentence to show.

    Args:
        sentence: one plain sentence, already in the reader's language, with no personal datum in it.

    Forms and views translate such an error into a page; they never write their own words for it.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotFound(RedressError):
    """What was asked for does not exist, or the asker may not know that it does (404)."""


class Gone(RedressError):
    """It existed and is over: a closed campaign, an expired link (410)."""


class Refused(RedressError):
    """The input was understood and cannot be accepted (422).

    Args:
        sentence: what is wrong, in plain words.
        field: name of the form field that it is about, if there is one.
    """

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


class TooMany(RedressError):
    """A limit was reached (429). `retry_after` is in seconds."""

    def __init__(self, sentence: str, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(RedressError):
    """The site cannot do it now and will be able to later (503). `retry_after` is in seconds."""

    def __init__(self, sentence: str, retry_after: int = 30) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
