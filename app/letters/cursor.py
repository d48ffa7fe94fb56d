"""A place in a long list that links can hold and that stays where it is while the list grows."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

_CURSOR = re.compile(r"([0-9]{1,20})-([0-9a-f]{32})\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cursor:
    """A place in the list, newest first: what comes after it is older. Its text goes into a link."""

    created_at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        span = self.created_at - _EPOCH
        microseconds = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
        return f"{microseconds}-{self.id.hex}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """Read what stood in a link; None (the beginning) for what never was a place."""
        found = _CURSOR.match(text)
        if found is None:
            return None
        try:
            created_at = datetime.fromtimestamp(int(found[1]) // 1_000_000, UTC)
        except (OverflowError, ValueError, OSError):
            return None
        return cls(created_at.replace(microsecond=int(found[1]) % 1_000_000), uuid.UUID(found[2]))
