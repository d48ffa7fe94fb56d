"""What arrives at our bounce addresses, read. Pure: bytes in, a `Reading` out, and nothing is kept.

Reports of mail servers (RFC 3464), bounces that follow no standard, automatic answers (RFC 3834), and
what a person wrote are told apart. Whatever arrives was written by strangers: nothing here raises, and
the work is bounded by the size of what is looked at.
"""

from app.delivery.bounces.reading import CAME_BACK, Kind, Reading, kind_of_failure, read

__all__ = ["CAME_BACK", "Kind", "Reading", "kind_of_failure", "read"]
