"""What offices have done, as a campaign's folder tells it: `acted` in `campaign.yaml`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.campaigns.letter_file import with_all
from app.campaigns.models import Campaign, Deed
from app.errors import RedressError
from app.recipients.models import Holder, Recipient

_NEEDED = ("recipient", "day", "said", "source")


def put_deeds(
    session: Session,
    campaign: Campaign,
    told: Iterable[Mapping[str, Any]],
    offices: Mapping[str, uuid.UUID],
    *,
    now: datetime,
) -> None:
    """Record what a folder tells, in the caller's transaction; what it does not tell any more is undone.

    Args:
        session: that may write.
        campaign: whose folder it is.
        told: recipient, day, said by language, source, and perhaps the holder who did it.
        offices: ids by external id.
        now: the instant of recording.

    Raises:
        RedressError: something is missing, or it names somebody who never held the office.
    """
    standing = [deed for deed in campaign.deeds if deed.undone_at is None]
    wanted = []
    for one in told:
        deed = _deed(session, one, offices)
        same = next((known for known in standing if _content(known) == _content(deed)), None)
        if same is None:
            deed.recorded_at = now
            campaign.deeds.append(deed)
        wanted.append(same or deed)
    for known in standing:
        if known not in wanted:
            known.undone_at = now


def written_deed(session: Session, deed: Deed, external_id: str) -> dict[str, Any]:
    """Return a deed as `put_deeds` reads it."""
    told: dict[str, Any] = {"recipient": external_id, "day": deed.done_on, "said": deed.said}
    told["source"] = {name: value for name, value in deed.source.items() if value}
    if deed.holder_id is not None:
        holder = session.get_one(Holder, deed.holder_id)
        told["holder"] = holder.external_id or holder.name
    return told


def is_known_holder(session: Session, one: Mapping[str, Any]) -> bool:
    """Whether a deed that a folder tells names nobody, or somebody who is known to have held the office."""
    return not one.get("holder") or _holder(session, one) is not None


def _deed(session: Session, one: Mapping[str, Any], offices: Mapping[str, uuid.UUID]) -> Deed:
    with_all(_NEEDED, one, "acted")
    said, source = one["said"], one["source"]
    if not isinstance(said, Mapping) or not isinstance(one["day"], date):
        raise RedressError("acted: day is a date, and said is a sentence by language.")
    if not is_known_holder(session, one):
        raise RedressError(f"acted: {one['holder']} is not known as a holder of {one['recipient']}.")
    holder = _holder(session, one)
    return Deed(
        recipient_id=offices[one["recipient"]],
        holder_id=holder.id if holder is not None else None,
        done_on=one["day"],
        said={str(language): str(sentence) for language, sentence in said.items()},
        source=_source(source),
    )


def _source(told: Any) -> dict[str, str]:
    if isinstance(told, Mapping):
        told = f"{told.get('label') or ''} {told.get('url') or ''}"
    source = source_of(str(told))
    if not source["label"]:
        raise RedressError("acted: source is a name, an address, or label and url.")
    return source


def source_of(said: str) -> dict[str, str]:
    """Return a source from its name and its address, as somebody types them one after the other."""
    label, _blank, url = said.strip().rpartition(" ")
    if not url.startswith(("https://", "http://")):
        return {"label": said.strip(), "url": ""}
    return {"label": label.strip() or url, "url": url}


def _holder(session: Session, one: Mapping[str, Any]) -> Holder | None:
    if not one.get("holder"):
        return None
    named = (Holder.external_id == one["holder"]) | (Holder.name == one["holder"])
    query = (
        select(Holder)
        .join(Recipient, Holder.recipient_id == Recipient.id)
        .where(Recipient.external_id == one["recipient"], named)
        .order_by(Holder.starts_on.desc())
        .limit(1)
    )
    return session.scalar(query)


def _content(deed: Deed) -> tuple[object, ...]:
    source = {name: value for name, value in deed.source.items() if value}
    return deed.recipient_id, deed.holder_id, deed.done_on, deed.said, source
