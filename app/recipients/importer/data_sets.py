"""What the readers of published data sets share: careful looks at other people's YAML, and names."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask_babel import gettext as _

from app.recipients.importer.located_yaml import Located
from app.recipients.importer.records import ContactRecord, OfficeRecord, Place, Records, Values
from app.recipients.importer.values import Unfit, day_of, email, form_address, plain

HONORABLE = "The Honorable"
"""Before the name of whoever holds an elected office of the United States (see the table of forms)."""

_ANYBODYS = re.compile(
    r"(?:aol|gmail|hotmail|icloud|live|mac|me|msn|outlook|protonmail|yahoo)\.com|proton\.me"
    r"|(?:att|comcast|pacbell|sbcglobal|verizon)\.net",
    re.IGNORECASE,
)


def text(records: Records, item: Located, name: str, longest: int = 300) -> str:
    """Return a text of an item on one line, or nothing; what is no text becomes a warning."""
    raw = item.get(name)
    if raw is None:
        return ""
    try:
        return " ".join(plain(raw, longest).split())
    except Unfit as unfit:
        records.warn(item.where(name), f"{name}: {unfit.sentence}")
        return ""


def day(records: Records, item: Located, name: str) -> date | None:
    """Return a day of an item, or None; what is no day becomes a warning."""
    raw = item.get(name)
    if raw is None or raw == "":
        return None
    try:
        return day_of(raw)
    except Unfit as unfit:
        records.warn(item.where(name), f"{name}: {unfit.sentence}")
        return None


def located(value: Any) -> Located | None:
    """Return a mapping, or None where the data has something else."""
    return value if isinstance(value, Located) else None


def all_located(records: Records, item: Located, name: str) -> list[Located]:
    """Return the mappings of a list; whatever else is in it becomes a warning."""
    raw = item.get(name)
    parts = raw if isinstance(raw, list) else [] if raw is None else [raw]
    found = [part for part in parts if isinstance(part, Located)]
    if len(found) < len(parts):
        records.warn(item.where(name), _("Something in “%(name)s” is not what it should be.", name=name))
    return found


def slug(name: str) -> str:
    """Return a name as part of an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold().replace("'", "")).strip("-")


def add_office(records: Records, external_id: str, place: Place, values: Values) -> None:
    """Add an office of the United States, once."""
    if external_id not in records.offices:
        common = {"slug": external_id, "country": "US", "languages": ["en"], "confidence": "medium"}
        values = {**common, **values, "short_name": values["short_name"][:80], "origin": records.origin}
        records.offices[external_id] = OfficeRecord(external_id, place, values)


def add_contact(records: Records, office: str, name: str, place: Place, **values: Any) -> None:
    """Add a contact of an office, not verified by anybody. `name` tells it from its other ones."""
    key = f"{records.origin}:{office}:{name}"
    source = [{"label": records.origin, "url": ""}]
    full = {"confidence": "unverified", "sources": source, **values}
    records.contacts.append(ContactRecord(key, office, place, full))


def add_email(records: Records, office: str, raw: str, place: Place) -> None:
    """Add an e-mail address; one of a public mail service is somebody's own and is left out."""
    try:
        address = email(raw)
    except Unfit as unfit:
        records.warn(place, unfit.sentence)
        return
    if _ANYBODYS.fullmatch(address.rpartition("@")[2]):
        records.warn(place, _("An address of a public mail service is not taken over: it may be personal."))
        return
    add_contact(records, office, "email", place, channel="email", value=address)


def add_form(records: Records, office: str, raw: str, place: Place) -> None:
    """Add a web form; an address from before encryption was usual is taken with https."""
    address = re.sub(r"\Ahttp://", "https://", raw)
    try:
        add_contact(records, office, "web_form", place, channel="web_form", value=form_address(address))
    except Unfit as unfit:
        records.warn(place, unfit.sentence)


def add_post(
    records: Records, office: str, name: str, postal: dict[str, str], place: Place, *, note: str = ""
) -> None:
    """Add a postal address in the United States; one that could not be divided becomes a warning."""
    if not (postal.get("street") and postal.get("city")):
        records.warn(
            place, _("This address has no street and town that could be told apart; it is left out.")
        )
        return
    add_contact(records, office, name, place, channel="post", postal=postal, country="US", note=note)
