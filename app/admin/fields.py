"""What the desk's forms are made of: fields that clean what was typed, and errors put where they belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from app.errors import RedressError, Refused
from app.i18n import countries, page_language
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_line, clean_text, visible


class Needed:
    """The field must be filled in; the sentence says with what."""

    field_flags = {"required": True}  # noqa: RUF012 (WTForms reads it from the class)

    def __init__(self, sentence: Any) -> None:
        self.sentence = sentence

    def __call__(self, form: FlaskForm, field: Field) -> None:
        if field.errors:
            raise StopValidation
        if not field.data or (isinstance(field.data, str) and not field.data.strip()):
            raise StopValidation(str(self.sentence))


class _Cleaned:
    def __init__(self, clean: Callable[..., str], limit: int) -> None:
        self.clean = clean
        self.limit = limit

    def __call__(self, form: FlaskForm, field: Field) -> None:
        typed = field.data or ""
        try:
            field.data = self.clean(typed, limit=self.limit)
        except RenderingError as error:
            field.data = visible(typed)
            raise StopValidation(_(error.message, **error.values)) from None


def line(label: Any, limit: int = 200, needed: Any = None, **more: Any) -> StringField:
    """Return a field of one line.

    Args:
        label: what it is called.
        limit: most characters.
        needed: the sentence that asks for it, if it must be filled in.
        more: for the field, such as `render_kw`.
    """
    required = [Needed(needed)] if needed else []
    return StringField(label, [*required, _Cleaned(clean_line, limit)], default="", **more)


def text(label: Any, limit: int = 4000, needed: Any = None, **more: Any) -> TextAreaField:
    """Return a field of several lines (arguments as of `line`)."""
    required = [Needed(needed)] if needed else []
    return TextAreaField(label, [*required, _Cleaned(clean_text, limit)], default="", **more)


def offered(names: Mapping[str, Any]) -> list[SelectChoice]:
    """Return what a list offers, from names by value."""
    return [SelectChoice(value, label) for value, label in names.items()]


class Day(DateField):
    """A date, or None where it is left empty; what cannot be read is kept as it was typed."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read an ISO date."""
        typed = (valuelist[0] if valuelist else "").strip()
        self.data = None
        if not typed:
            return
        try:
            self.data = date.fromisoformat(typed)
        except ValueError:
            self.raw_data = [visible(typed)]
            raise ValueError(_("This is not a date. Write it like 2026-11-21.")) from None


class Number(IntegerField):
    """A whole number, or None where it is left empty; what cannot be read is kept as it was typed.

    Args:
        label: what it is called.
        least: the smallest that is taken.
        most: the largest.
    """

    def __init__(self, label: Any, least: int, most: int, **more: Any) -> None:
        super().__init__(label, **more)
        self.least = least
        self.most = most

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read digits."""
        typed = (valuelist[0] if valuelist else "").strip()
        self.data = None
        if not typed:
            return
        if not (typed.isascii() and typed.isdecimal() and len(typed) < 10) or not (
            self.least <= int(typed) <= self.most
        ):
            self.raw_data = [visible(typed)]
            sentence = _("Write a whole number from %(least)s to %(most)s.", least=self.least, most=self.most)
            raise ValueError(sentence) from None
        self.data = int(typed)


class Tick(BooleanField):
    """A box to tick, whose value is never what somebody sent in its place."""

    def _value(self) -> str:
        return "y"


class Lines(TextAreaField):
    """A list of short texts, one on each line."""

    def _value(self) -> str:
        return "\n".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Split into lines; empty ones are left out."""
        self.data = [
            part.strip() for part in (valuelist[0] if valuelist else "").splitlines() if part.strip()
        ]

    def pre_validate(self, form: FlaskForm) -> None:
        """Clean each line."""
        try:
            self.data = [clean_line(part, limit=200) for part in self.data or []]
        except RenderingError as error:
            self.data = [visible(part) for part in self.data or []]
            raise StopValidation(_(error.message, **error.values)) from None


class Codes(StringField):
    """A list of language codes, with commas between them."""

    def _value(self) -> str:
        return visible(str(self.raw_data[0])) if self.raw_data else ", ".join(self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Divide at commas and blanks."""
        if valuelist:
            self.data = [code for code in re.split(r"[,;\s]+", valuelist[0]) if code]

    def pre_validate(self, form: FlaskForm) -> None:
        """Two or three letters each, and perhaps a script or a country."""
        if not all(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", code) for code in self.data or []):
            raise StopValidation(_("Write language codes with commas between them, such as: en, fr"))


class SourceLines(TextAreaField):
    """Sources, one on each line: a name, then an address. What else a source knows is kept."""

    def process_data(self, value: Any) -> None:
        """Keep what the row has, to find it again."""
        self.data = list(value or [])
        self.known = self.data

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0]))
        return "\n".join(f"{item.get('label', '')} {item.get('url', '')}".strip() for item in self.data or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        """Divide each line into name and address."""
        typed = [part.strip() for part in (valuelist[0] if valuelist else "").splitlines() if part.strip()]
        self.data = [self._source(part) for part in typed]

    def _source(self, typed: str) -> dict[str, str]:
        label, _blank, url = typed.rpartition(" ")
        if not url.startswith(("http://", "https://")):
            label, url = typed, ""
        source = {"label": label.strip(), "url": url}
        return next((item for item in self.known if source.items() <= item.items()), source)

    def pre_validate(self, form: FlaskForm) -> None:
        """Clean each line."""
        try:
            for source in self.data or []:
                clean_line(f"{source['label']} {source['url']}", limit=600)
        except RenderingError as error:
            raise StopValidation(_(error.message, **error.values)) from None


class Country(SelectField):
    """A country by its ISO 3166-1 code, or "", which `nothing` names."""

    def __init__(self, label: Any = "", nothing: Any = "", **more: Any) -> None:
        self._nothing = nothing or _l("None")
        super().__init__(label or _l("Country"), coerce=lambda code: code or "", **more)

    def iter_choices(self) -> Any:
        """Offer the countries in the language of the page."""
        self._name_them()
        return super().iter_choices()

    def pre_validate(self, form: FlaskForm) -> None:
        """Only what was offered."""
        self._name_them()
        super().pre_validate(form)

    def _name_them(self) -> None:
        self.choices = offered({"": self._nothing} | dict(countries(page_language())))


def accepted(form: FlaskForm, call: Callable[[], object]) -> bool:
    """Run a service call; put what it refuses beside the field that it is about.

    Returns:
        Whether it went through. If not, the form has the sentence, and all that was typed.
    """
    try:
        call()
    except Refused as refusal:
        _place(form, refusal)
        return False
    return True


def _place(form: FlaskForm, refusal: RedressError) -> None:
    field = form._fields.get(getattr(refusal, "field", None) or "")
    if field is None:
        form.form_errors = [*form.form_errors, refusal.sentence]
    else:
        field.errors = [*field.errors, refusal.sentence]
