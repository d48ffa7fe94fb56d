"""Sharing an office's answer with the campaign: by choice, with consent, and taken back with one button."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, TextAreaField

from app import clock
from app.errors import Refused
from app.i18n import page_language
from app.letters.replies.sharing import cleaned_answer, consent_to_share, look_at_sharing, share, take_back
from app.public.blueprint import public
from app.public.office_forms import Checked
from app.security.guard import TOKEN, audience

ONE = "/replies/<token>/<uuid:delivery_id>"


class ShareForm(FlaskForm):
    """The answer, and that they agree."""

    text = TextAreaField(_l("The office’s answer"), [Checked(cleaned_answer)])
    consent = BooleanField(_l("Consent"))

    class Meta(FlaskForm.Meta):
        """The page has a token, which is checked before any view: another one in the form adds nothing."""

        csrf = False

    def complain(self, refusal: Refused) -> None:
        """Show a refusal at the field that it is about."""
        field: Any = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors.append(refusal.sentence)
        else:
            field.errors = [*field.errors, refusal.sentence]


@public.get(ONE, endpoint="share")
@audience(TOKEN)
def ask(token: str, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for the text of the answer, or show that it was shared."""
    return _page(token, delivery_id, ShareForm())


@public.post(ONE, endpoint="share_now")
@audience(TOKEN)
def act(token: str, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Share the answer."""
    look_at_sharing(token, delivery_id, page_language())
    form = ShareForm()
    if form.validate():
        try:
            share(token, delivery_id, form.text.data, agreed=bool(form.consent.data), now=clock.now())
        except Refused as refusal:
            form.complain(refusal)
        else:
            flash(_("Thank you. An organizer reads it before anybody else does."), "good")
            return redirect(url_for("public.share", token=token, delivery_id=delivery_id), 303)
    return make_response(_page(token, delivery_id, form), 422)


@public.post(f"{ONE}/take-back", endpoint="take_back_reply")
@audience(TOKEN)
def unshare(token: str, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Take a shared answer back."""
    take_back(token, delivery_id, now=clock.now())
    flash(_("It is deleted."), "good")
    return redirect(url_for("public.replies", token=token), 303)


def _page(token: str, delivery_id: uuid.UUID, form: ShareForm) -> str:
    page = look_at_sharing(token, delivery_id, page_language())
    return render_template(
        "public/replies/share.html", page=page, token=token, form=form, agreed=consent_to_share()
    )
