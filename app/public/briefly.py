"""Public pages that look the same to everybody, kept for a second.

When a campaign is shared, thousands open the same page in the same minute. A second is short enough
that nobody sees old news, and long enough that the database is asked once a second instead of a
thousand times.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

from flask import current_app

SECONDS = 1.0
MOST_PAGES = 256


class BriefMemory:
    """Pages by key, with the moment until which they are good. For one process; threads may share it."""

    def __init__(self) -> None:
        self._pages: dict[Hashable, tuple[float, str]] = {}
        self._making = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], str]) -> str:
        """Return the kept page, or make it and keep it.

        While one thread makes a page anew, the others give out the last one: a page that is opened
        by thousands is made once a second, not by everybody at once.
        """
        kept = self._pages.get(key)
        if kept is not None and (kept[0] > time.monotonic() or not self._making.acquire(blocking=False)):
            return kept[1]
        try:
            page = make()
        finally:
            if kept is not None:
                self._making.release()
        self._keep(key, page)
        return page

    def _keep(self, key: Hashable, page: str) -> None:
        if len(self._pages) >= MOST_PAGES:
            self._pages = {}
        self._pages[key] = (time.monotonic() + SECONDS, page)


def kept_briefly(key: Hashable, make: Callable[[], str]) -> str:
    """Return a page that holds nothing of the person who asks: no form, no token, no nonce.

    Args:
        key: all that the page depends on (its address and language).
        make: renders it.
    """
    memory: BriefMemory = current_app.extensions["redress_pages"]
    return memory.get(key, make)
