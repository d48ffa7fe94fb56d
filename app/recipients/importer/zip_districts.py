"""Tables of ZIP code areas and congressional districts, as CSV.

The columns `state_abbr`, `zcta` and `cd` are those of github.com/OpenSourceActivismTech/us-zipcodes-congress.
A code that stands in several rows lies in several districts. A newer table replaces the codes of every
district that it names.
"""

from __future__ import annotations

import re
from pathlib import Path

from flask_babel import gettext as _

from app.recipients.importer.csv_format import Row, rows
from app.recipients.importer.reading import Unreadable
from app.recipients.importer.records import Place, Records
from app.recipients.importer.us_places import STATES, add_congressional_district
from app.recipients.importer.values import shown

ORIGIN = "zip-districts"
_ZIP = re.compile(r"\d{5}\Z")
_MOST_DISTRICTS = 99


def read_zip_districts(path: Path) -> Records:
    """Read a table. Whatever is wrong is in the problems of what it returns."""
    records = Records(origin=ORIGIN)
    try:
        for row in rows(path, records, required=("state_abbr", "zcta", "cd")):
            _row(records, row)
    except Unreadable as trouble:
        records.error(trouble.place, trouble.sentence)
    # A state that is in the table is in it with all of its districts.
    records.whole_areas = tuple(sorted({f"{key.rpartition('/')[0]}/cd:" for key in records.postal_codes}))
    if not records.postal_codes and not records.problems:
        records.warn(Place(path.name), _("There is no row in this table."))
    return records


def _row(records: Records, row: Row) -> None:
    state, code, district = (row.cells[name].strip() for name in ("state_abbr", "zcta", "cd"))
    if state.upper() not in STATES:
        records.error(row.where("state_abbr"), _("“%(value)s” is no state.", value=shown(state)))
    elif not _ZIP.match(code):
        records.error(row.where("zcta"), _("“%(value)s” is no ZIP code of five digits.", value=shown(code)))
    elif not (district.isascii() and district.isdigit() and int(district[:4]) <= _MOST_DISTRICTS):
        records.error(row.where("cd"), _("“%(value)s” is no number of a district.", value=shown(district)))
    else:
        # 0 is a state with one district, 98 (in tables of the Census) a delegate's.
        number = 0 if int(district) == 98 else int(district)
        key = add_congressional_district(records, state.upper(), number, row.where())
        records.postal_codes.setdefault(key, set()).add(code)
