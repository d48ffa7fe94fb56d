"""The fields of an office's form, as organizers type them: one on each line."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import StopValidation

from app.rendering.form_fields import HOLDS, LARGEST_LIMIT, MOST_FIELDS
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_line, visible

_LINE = re.compile(r"(?P<holds>\w+)(?:\s+(?P<limit>[0-9]{1,6}))?\s*:\s*(?P<label>.+)")


class FormLines(TextAreaField):
    """Lines such as “body 2000: Your message”: what goes there, its limit, and what it is called."""

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0]))
        return "\n".join(_line(one) for one in self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Divide each line."""
        typed = [part.strip() for part in (valuelist[0] if valuelist else "").splitlines() if part.strip()]
        self.data = [_read(part) for part in typed]

    def pre_validate(self, form: FlaskForm) -> None:
        """Each line must be one of a field that can be filled in."""
        fields = self.data or []
        if len(fields) > MOST_FIELDS:
            raise StopValidation(_("At most %(most)s fields, please.", most=MOST_FIELDS))
        for number, one in enumerate(fields, 1):
            if one["holds"] not in HOLDS or not 0 < one.get("limit", 1) <= LARGEST_LIMIT:
                sentence = _(
                    "Line %(number)s is none. Write it like “body 2000: Your message”.", number=number
                )
                raise StopValidation(f"{sentence} {_('What goes there:')} {', '.join(HOLDS)}")
            try:
                one["label"] = clean_line(one["label"], limit=120)
            except RenderingError as error:
                raise StopValidation(_(error.message, **error.values)) from None


def _line(one: dict[str, Any]) -> str:
    limit = f" {one['limit']}" if one.get("limit") else ""
    return f"{one.get('holds', '')}{limit}: {one.get('label', '')}"


def _read(typed: str) -> dict[str, Any]:
    found = _LINE.fullmatch(typed)
    if found is None:
        return {"label": typed, "holds": ""}
    limit = {"limit": int(found["limit"])} if found["limit"] else {}
    return {"label": found["label"], "holds": found["holds"].lower(), **limit}
