"""How much of a letter is somebody's own, and how close two letters are. Costs are bounded by the letter.

Closeness is the Jaccard similarity of runs of five words. A letter is remembered by a sketch: the
smallest hashes of its runs under a key, from which closeness can be told but no word can be read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

RUN = 5
SKETCH = 128
"""Hashes that are kept of a letter: closeness from them is right to about 0.04."""
MOST_WORDS = 3_000
"""Words of a letter that are looked at."""
_SIZE = 4
_WORD = re.compile(r"\w+(?:['’-]\w+)*")


def count_words(text: str) -> int:
    """Return how many words a text has: what stands between blanks and is not only signs."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def own_share(own: str, fixed: str) -> float:
    """Return which part of a letter's words is the writer's own, from 0 to 1."""
    mine = count_words(own)
    total = mine + count_words(fixed)
    return mine / total if total else 0.0


def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Return every run of five words in a text, in small letters; a shorter text is one run."""
    words = [found.group().casefold() for found in _words(text)]
    if not words:
        return frozenset()
    return frozenset(tuple(words[at : at + RUN]) for at in range(max(len(words) - RUN + 1, 1)))


def closeness(one: str, other: str) -> float:
    """Return how close two texts are, from 0 (no run in common) to 1 (the same)."""
    return _jaccard(runs(one), runs(other))


def sketch(text: str, key: bytes) -> bytes:
    """Return what is remembered of a text in order to compare it.

    Args:
        text: the letter's own paragraphs.
        key: without it nobody can try out which words a sketch was made from.
    """
    hashes = {
        hashlib.blake2b("\0".join(run).encode(), key=key[:64], digest_size=_SIZE).digest()
        for run in runs(text)
    }
    return b"".join(sorted(hashes)[:SKETCH])


def sketched_closeness(one: bytes, other: bytes) -> float:
    """Return about how close the texts of two sketches are."""
    first, second = _hashes(one), _hashes(other)
    smallest = frozenset(sorted(first | second)[:SKETCH])
    return len(first & second & smallest) / len(smallest) if smallest else 0.0


def usual_closeness(one: bytes, others: Sequence[bytes]) -> float | None:
    """Return how close a letter is to the middle one of others; None where there are none."""
    found = [sketched_closeness(one, other) for other in others]
    return median(found) if found else None


def _jaccard(first: frozenset[tuple[str, ...]], second: frozenset[tuple[str, ...]]) -> float:
    both = first | second
    return len(first & second) / len(both) if both else 0.0


def _words(text: str) -> Iterator[re.Match[str]]:
    return (found for found, _place in zip(_WORD.finditer(text), range(MOST_WORDS), strict=False))


def _hashes(sketched: bytes) -> frozenset[bytes]:
    return frozenset(_cut(sketched))


def _cut(sketched: bytes) -> Iterable[bytes]:
    return (sketched[at : at + _SIZE] for at in range(0, len(sketched) - _SIZE + 1, _SIZE))
