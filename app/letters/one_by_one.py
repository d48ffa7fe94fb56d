"""Many letters in one transaction: what goes wrong with one of them does not undo the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.delivery.models import Delivery
from app.errors import Refused, Unavailable

log = logging.getLogger("redress.letters")


def one_by_one(
    session: Session,
    copies: Iterable[Delivery],
    act: Callable[[Delivery], bool],
    *,
    broken: Callable[[Delivery], None] = lambda _copy: None,
) -> int:
    """Do something with each of these copies; what was begun with one that cannot be done is undone.

    Args:
        session: the caller's transaction.
        copies: which, locked by the caller.
        act: does it, and returns whether anything was done. What it refuses stays as it is.
        broken: called for a copy after an error of our own.

    Returns:
        With how many it was done.

    Raises:
        DBAPIError, Unavailable: the database cannot be used; that is no letter's mistake.
    """
    done = 0
    for copy in copies:
        try:
            with session.begin_nested():
                done += act(copy)
        except Refused:
            continue
        except (DBAPIError, Unavailable):
            raise
        except Exception as error:
            # Neither its text nor a traceback: both could hold an address.
            log.error("a letter stays as it is: unforeseen %s", type(error).__name__)
            broken(copy)
    return done
