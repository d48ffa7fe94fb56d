"""The form with which anybody proposes a correction of an office. No name is asked for, and no address."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.validators import StopValidation

from app.errors import Refused
from app.recipients.corrections import cleaned_source, cleaned_text
from app.rendering.typography import visible


class Checked:
    """Puts a rule of the domain before a field: what it returns is what is kept.

    Args:
        clean: takes what was typed; returns it cleaned, or raises `Refused`.
    """

    field_flags = {"required": True}  # noqa: RUF012 (WTForms reads it from the class)

    def __init__(self, clean: Callable[[str], str]) -> None:
        self.clean = clean

    def __call__(self, form: FlaskForm, field: Field) -> None:
        typed = field.data or ""
        try:
            field.data = self.clean(typed)
        except Refused as refusal:
            field.data = visible(typed)
            raise StopValidation(refusal.sentence) from None


class CorrectionForm(FlaskForm):
    """What is wrong, and where that can be checked. `key` makes the same form sent twice one correction."""

    text = TextAreaField(_l("What is wrong, and how should it be?"), [Checked(cleaned_text)])
    source = TextAreaField(_l("Where can we check that?"), [Checked(cleaned_source)])
    submission_key = HiddenField()
    website = StringField(_l("Website"))

    class Meta(FlaskForm.Meta):
        """The page has a token, which is checked before any view: another one in the form adds nothing."""

        csrf = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            self.key = uuid.UUID(self.submission_key.data or "")
        except ValueError:
            self.renew()
        self.submission_key.data = str(self.key)

    def renew(self) -> None:
        """Make it another form: what is sent with it is another correction."""
        self.key = uuid.uuid4()
        self.submission_key.data = str(self.key)

    def complain(self, sentence: str) -> None:
        """Show a refusal that is not about one field."""
        self.form_errors.append(sentence)
