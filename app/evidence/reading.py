"""Facts as letters and pages use them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence.models import Fact


def current_facts(session: Session) -> dict[str, Fact]:
    """Return every fact that may be stated today, by key."""
    return {fact.key: fact for fact in session.scalars(select(Fact).where(Fact.status == "current"))}
