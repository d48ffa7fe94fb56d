"""Terms of data sets that share days, made to follow each other.

Data sets let the old term end on the day on which the new one begins, leave first days out, or know
years only. Ours include both days and never overlap. What is changed for that is told as a warning
whenever it is more than the one shared day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from flask_babel import gettext as _

from app.recipients.importer.records import HolderRecord, Records, with_values

_DAY = timedelta(days=1)
START_UNKNOWN = "The data set does not tell the first day; the term is shown from the end of the one before."


def joined(holders: Iterable[HolderRecord]) -> list[HolderRecord]:
    """Return one term for each unbroken service: terms of one person that follow within three days.

    Args:
        holders: of one office and one person, each with both days.
    """
    found: list[HolderRecord] = []
    for holder in sorted(holders, key=lambda term: (term.starts_on or date.min, term.ends_on or date.max)):
        before = found[-1] if found else None
        if before and before.ends_on and holder.starts_on and holder.starts_on <= before.ends_on + 3 * _DAY:
            found[-1] = with_values(before, ends_on=_later(before.ends_on, holder.ends_on))
        else:
            found.append(holder)
    return found


def _later(one: date, other: date | None) -> date | None:
    return None if other is None else max(one, other)


def settle(records: Records, holders: list[HolderRecord]) -> list[HolderRecord]:
    """Return the terms of one office, in order and without a shared day.

    Args:
        records: takes the warnings.
        holders: of one office.
    """
    settled: list[HolderRecord] = []
    for holder in sorted(holders, key=_order):
        fitted = _fitted(records, settled, holder)
        if fitted is not None:
            settled.append(fitted)
    return settled


def _order(holder: HolderRecord) -> tuple[date, date, str]:
    # A term without a first day is placed by its last one: it followed whatever had ended before.
    last = holder.ends_on or date.max
    return (holder.starts_on or last, last, holder.external_id)


def _fitted(records: Records, settled: list[HolderRecord], holder: HolderRecord) -> HolderRecord | None:
    if not settled:
        return holder
    before = settled[-1]
    if holder.starts_on is None:
        return _after(holder, before, records)
    if before.ends_on is not None and before.ends_on < holder.starts_on:
        return holder
    end = holder.starts_on - _DAY
    if before.starts_on is None or before.starts_on <= end:
        if before.ends_on is None or before.ends_on > holder.starts_on:
            _warn_shortened(records, before, end)
        settled[-1] = with_values(before, ends_on=end)
        return holder
    return _after(holder, before, records)


def _after(holder: HolderRecord, before: HolderRecord, records: Records) -> HolderRecord | None:
    """Return the term from the day after the one before; None where nothing of it is left."""
    first = before.ends_on + _DAY if before.ends_on else None
    if first is None or (holder.ends_on is not None and holder.ends_on < first):
        sentence = _("The term of %(name)s lies within that of %(other)s; it is left out.",
                     name=_name(holder), other=_name(before))  # fmt: skip
        records.warn(holder.place, sentence)
        return None
    if holder.starts_on is not None:
        sentence = _("The terms of %(name)s and %(other)s overlap; the later one is taken from %(day)s.",
                     name=_name(holder), other=_name(before), day=str(first))  # fmt: skip
        records.warn(holder.place, sentence)
    moved = with_values(holder, starts_on=first, term_note=START_UNKNOWN)
    moved.loose = True
    return moved


def _warn_shortened(records: Records, before: HolderRecord, end: date) -> None:
    sentence = _("The term of %(name)s overlaps the next one; it is ended on %(day)s.",
                 name=_name(before), day=str(end))  # fmt: skip
    records.warn(before.place, sentence)


def _name(holder: HolderRecord) -> str:
    return str(holder.values.get("name") or _("vacant"))
