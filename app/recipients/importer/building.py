"""From what a format holds in one place to checked records: common to CSV, YAML and Popolo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.recipients.importer.fields import FIELDS, INFORMATIVE, RecordKind
from app.recipients.importer.records import (
    AreaRecord,
    ContactRecord,
    HolderRecord,
    OfficeRecord,
    Place,
    Records,
    Values,
)
from app.recipients.importer.values import Unfit, checked, email, form_address, plain_line, shown

Where = Callable[[str], Place]
"""Tells where the value of a field was read."""


def add(
    records: Records,
    kind: RecordKind,
    raw: Mapping[str, Any],
    *,
    external_id: Any,
    where: Where,
    office: str = "",
) -> str:
    """Check what was read and add it; whatever is wrong becomes a problem of `records`.

    Args:
        records: to add to.
        kind: of record.
        raw: by field, as read; keys that are no field are errors.
        external_id: as read.
        where: the place of a field, and of the whole with an empty name.
        office: id of the office, for holders and contacts.

    Returns:
        The external id, or an empty text where it is none.
    """
    key = _external_id(records, external_id, where("external_id"))
    values = values_of(records, kind, raw, where)
    if not key:
        return ""
    if kind == "area":
        records.add_area(AreaRecord(key, where(""), values))
    elif kind == "office":
        records.add_office(OfficeRecord(key, where(""), values))
    elif kind == "holder":
        records.holders.append(HolderRecord(key, office, where(""), values))
    else:
        reach(records, values, where)
        records.contacts.append(ContactRecord(key, office, where(""), values))
    return key


def _external_id(records: Records, raw: Any, place: Place) -> str:
    try:
        key = plain_line(raw, 200) if raw is not None else ""
    except Unfit as unfit:
        records.error(place, f"external_id: {unfit.sentence}")
        return ""
    if not key:
        records.error(place, _("Every row needs its external_id, which stays the same over all imports."))
    return key


def values_of(records: Records, kind: RecordKind, raw: Mapping[str, Any], where: Where) -> Values:
    """Return the checked values of a record."""
    values: Values = {}
    for name, value in raw.items():
        field = FIELDS[kind].get(name)
        if field is None:
            if name not in INFORMATIVE:
                records.error(where(name), _("“%(name)s” is no field of this kind of row.", name=shown(name)))
            continue
        try:
            values[name] = checked(field, value)
        except Unfit as unfit:
            records.error(where(name), f"{name}: {unfit.sentence}")
    return values


def reach(records: Records, values: Values, where: Where) -> None:
    """Check that a contact leads somewhere; give an e-mail address its usual spelling."""
    channel, value = values.get("channel"), values.get("value")
    try:
        if channel == "email" and value is not None:
            values["value"] = email(value)
        elif channel == "web_form" and value is not None:
            form_address(value)
    except Unfit as unfit:
        records.error(where("value"), f"value: {unfit.sentence}")
    if channel == "post" and "postal" in values and not values["postal"].get("city"):
        records.error(where("postal"), _("A postal address needs a street and a town."))
