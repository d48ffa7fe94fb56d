"""How sure a share is that was counted from a few."""

from __future__ import annotations

from math import sqrt
from typing import Final

Z_95: Final = 1.959963984540054
"""Between minus and plus this lie 95 % of a standard normal distribution."""


def wilson(hits: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """Return between which shares the true one lies, judged by a sample.

    The score interval of E. B. Wilson, “Probable inference, the law of succession, and statistical
    inference”, Journal of the American Statistical Association 22 (1927), pages 209–212. Unlike the
    usual one it stays within 0 and 1, and holds for small samples and for shares near the ends.

    Args:
        hits: how many of the sample.
        total: the sample.
        z: how sure; 95 % if not told otherwise.

    Raises:
        ValueError: there is no sample, or more hits than it has.
    """
    if total < 1 or not 0 <= hits <= total:
        raise ValueError("a share needs a sample, and at most all of it")
    share, squared = hits / total, z * z
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = z * sqrt(share * (1 - share) / total + squared / (4 * total * total)) / (1 + squared / total)
    return max(0.0, middle - half), min(1.0, middle + half)
