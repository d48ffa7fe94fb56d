"""What must hold within one file: ids that occur once, offices that are there, terms that do not overlap."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date

from flask_babel import gettext as _

from app.recipients.importer.records import ContactRecord, HolderRecord, Place, Records, grouped, said_twice
from app.recipients.importer.values import shown


def check(records: Records) -> None:
    """Add to the problems of `records` what does not fit together in it."""
    _refuse_doubles(records, records.holders)
    _refuse_doubles(records, records.contacts)
    rows: list[HolderRecord | ContactRecord] = [*records.holders, *records.contacts]
    for record in rows:
        if record.office not in records.offices:
            sentence = _("There is no office “%(id)s” in this file.", id=shown(record.office))
            records.error(record.place, sentence)
    for holder in records.holders:
        _check_term(records, holder)
    for terms in grouped(records.holders).values():
        _refuse_overlaps(records, terms)
    _refuse_same_slugs(records)


def _refuse_doubles(records: Records, rows: Iterable[HolderRecord | ContactRecord]) -> None:
    seen: dict[str, Place] = {}
    for row in rows:
        if row.external_id in seen:
            records.error(row.place, said_twice(row.external_id, seen[row.external_id]))
        seen.setdefault(row.external_id, row.place)


def _check_term(records: Records, holder: HolderRecord) -> None:
    first, last, values = holder.starts_on, holder.ends_on, holder.values
    if first and last and last < first:
        records.error(holder.place, _("The last day lies before the first."))
    if values.get("vacant") and (values.get("name") or values.get("acting")):
        records.error(holder.place, _("A vacancy has no name, and nobody is acting in it."))
    if "name" in values and not values["name"] and not values.get("vacant"):
        records.error(holder.place, _("Who is it? If nobody holds the office, say that it is vacant."))


def _refuse_overlaps(records: Records, terms: list[HolderRecord]) -> None:
    for acting in (False, True):
        lane = [term for term in terms if bool(term.values.get("acting")) is acting]
        lane.sort(key=lambda term: (term.starts_on or date.min, term.ends_on or date.max))
        for before, after in itertools.pairwise(lane):
            if (after.starts_on or date.min) <= (before.ends_on or date.max):
                sentence = _("This term shares days with the one at %(place)s.", place=str(before.place))
                # Two who stand in may be known with the same days; two who hold it may not.
                (records.warn if acting else records.error)(after.place, sentence)


def _refuse_same_slugs(records: Records) -> None:
    seen: dict[str, Place] = {}
    for office in records.offices.values():
        slug = office.values.get("slug")
        if slug and slug in seen:
            records.error(office.place, said_twice(slug, seen[slug]))
        elif slug:
            seen[slug] = office.place
