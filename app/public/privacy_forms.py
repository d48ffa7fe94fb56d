"""The form with which somebody asks what is stored about them."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, Field, StringField
from wtforms.validators import ValidationError

from app.errors import Refused
from app.supporters.addresses import checked_address


class AskForm(FlaskForm):
    """One address, to which the link goes."""

    email = EmailField(_l("E-mail"))
    website = StringField(_l("Website"))

    class Meta(FlaskForm.Meta):
        """The page has a token, which is checked before any view: another one in the form adds nothing."""

        csrf = False

    def validate_email(self, field: Field) -> None:
        """By email-validator, with its reason in plain words."""
        if not (field.data or "").strip():
            raise ValidationError(_("Please give your e-mail address: we send the link there."))
        try:
            field.data = checked_address(field.data)
        except Refused as error:
            raise ValidationError(error.sentence) from None

    def complain(self, sentence: str) -> None:
        """Show a refusal at the field."""
        self.email.errors = [*self.email.errors, sentence]
