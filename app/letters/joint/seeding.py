"""Joint letters of the past, from `seeds/campaigns/<slug>/joint/<key>.yaml`: shown as history, never sent."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.campaigns.letter_file import with_all
from app.campaigns.models import Campaign
from app.database import transaction
from app.letters.joint.models import JointLetter
from app.yaml_files import read_yaml

NEEDED = ("day", "title", "text", "offices", "signatories")


def load_past_letters(folder: Path, slug: str, *, now: datetime) -> int:
    """Load the joint letters of the past in a campaign's folder: an upsert on each file's name.

    Args:
        folder: of the campaign; it need not have any.
        slug: the campaign, which is loaded already.
        now: when new rows are made.

    Returns:
        How many there are.

    Raises:
        RedressError: a file lacks something.
    """
    records = {
        path.stem: _record(with_all(NEEDED, read_yaml(path), path.name))
        for path in sorted(folder.glob("joint/*.yaml"))
    }
    with transaction() as session:
        campaign_id = session.scalars(sa.select(Campaign.id).where(Campaign.slug == slug)).one()
        query = sa.select(JointLetter).where(
            JointLetter.campaign_id == campaign_id, JointLetter.status == "history"
        )
        present = {joint.key: joint for joint in session.scalars(query)}
        for key, record in records.items():
            joint = present.get(key)
            if joint is None:
                joint = JointLetter(campaign_id=campaign_id, key=key, status="history", created_at=now)
                session.add(joint)
            joint.record = record
    return len(records)


def _record(read: Any) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in read.items()}
