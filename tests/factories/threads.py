"""Several people at the same instant."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from flask import Flask

Result = TypeVar("Result")


def at_once(people: int, app: Flask, act: Callable[[], Result]) -> list[Result]:
    """Let `people` threads begin `act` together, each in an application context of its own.

    Raises:
        Exception: what the first of them raised, if any did.
    """
    start = Barrier(people)

    def one(_number: int) -> Result:
        with app.app_context():
            start.wait(timeout=30)
            return act()

    with ThreadPoolExecutor(max_workers=people) as pool:
        return list(pool.map(one, range(people)))
