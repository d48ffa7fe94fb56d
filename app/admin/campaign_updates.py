"""Updates of a campaign: drafted, looked at, tried, sent."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import HiddenField

from app import clock
from app.admin.acting import me, my_email
from app.admin.campaigns import EDIT, bp
from app.admin.fields import accepted, line, text
from app.errors import Refused
from app.i18n import page_language
from app.letters.updates import desk
from app.letters.updates.sending import send_update, try_update
from app.security.guard import audience

UPDATES = "/<uuid:campaign_id>/updates"
ONE = f"{UPDATES}/<uuid:update_id>"


class UpdateForm(FlaskForm):
    """What an update says."""

    row_id = HiddenField()
    subject = line(_l("Subject"), 120, _l("Give it a subject: it decides whether the mail is opened."))
    body = text(_l("Text"), 10_000, _l("Write what there is to tell."))

    @property
    def new_id(self) -> uuid.UUID:
        """The id of the row that this form makes: the same form sent twice makes one."""
        try:
            return uuid.UUID(self.row_id.data or "")
        except ValueError:
            self.row_id.data = str(uuid.uuid4())
            return uuid.UUID(self.row_id.data)


@bp.get(UPDATES)
@audience(EDIT)
def updates(campaign_id: uuid.UUID) -> str:
    """List a campaign's updates."""
    return render_template("admin/updates/index.html", page=_all(campaign_id))


@bp.get(f"{UPDATES}/new")
@audience(EDIT)
def ask_new_update(campaign_id: uuid.UUID) -> str:
    """Ask what a new update says."""
    form = UpdateForm()
    form.row_id.data = str(form.new_id)
    return render_template("admin/updates/edit.html", form=form, page=_all(campaign_id), update=None)


@bp.post(f"{UPDATES}/new")
@audience(EDIT)
def draft_update(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Keep a new update as a draft."""
    page, form = _all(campaign_id), UpdateForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: desk.draft_update(
            campaign_id,
            row_id=form.new_id,
            subject=form.subject.data,
            body=form.body.data,
            actor=me(),
            now=clock.now(),
        ),
    ):
        return _to_update(campaign_id, form.new_id)
    return make_response(render_template("admin/updates/edit.html", form=form, page=page, update=None), 422)


@bp.get(ONE)
@audience(EDIT)
def show_update(campaign_id: uuid.UUID, update_id: uuid.UUID) -> str:
    """Show an update as its mail will read."""
    return render_template("admin/updates/show.html", whole=_whole(campaign_id, update_id), form=FlaskForm())


@bp.get(f"{ONE}/edit")
@audience(EDIT)
def ask_edit_update(campaign_id: uuid.UUID, update_id: uuid.UUID) -> str:
    """Show a draft as a form."""
    whole = _whole(campaign_id, update_id)
    form = UpdateForm()
    form.subject.data, form.body.data = whole.update.subject, whole.update.text
    return render_template("admin/updates/edit.html", form=form, page=whole.page, update=whole.update)


@bp.post(f"{ONE}/edit")
@audience(EDIT)
def edit_update(campaign_id: uuid.UUID, update_id: uuid.UUID) -> ResponseReturnValue:
    """Change a draft."""
    whole, form = _whole(campaign_id, update_id), UpdateForm()
    if form.validate_on_submit() and accepted(
        form,
        lambda: desk.edit_update(
            campaign_id,
            update_id,
            subject=form.subject.data,
            body=form.body.data,
            actor=me(),
            now=clock.now(),
        ),
    ):
        return _to_update(campaign_id, update_id)
    page = render_template("admin/updates/edit.html", form=form, page=whole.page, update=whole.update)
    return make_response(page, 422)


@bp.post(f"{ONE}/try")
@audience(EDIT)
def try_update_mail(campaign_id: uuid.UUID, update_id: uuid.UUID) -> ResponseReturnValue:
    """Send an update to oneself."""
    try_update(campaign_id, update_id, to=my_email(), language=page_language(), actor=me(), now=clock.now())
    flash(_("It is on its way to you. The link in it that would stop it leads nowhere."), "success")
    return _to_update(campaign_id, update_id)


@bp.post(f"{ONE}/discard")
@audience(EDIT)
def discard_update(campaign_id: uuid.UUID, update_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a draft."""
    whole, form = _whole(campaign_id, update_id), FlaskForm()
    if accepted(form, lambda: desk.discard_update(campaign_id, update_id, actor=me(), now=clock.now())):
        flash(_("The draft is deleted."), "success")
        return redirect(url_for("admin_campaigns.updates", campaign_id=campaign_id), 303)
    return make_response(render_template("admin/updates/show.html", whole=whole, form=form), 422)


@bp.get(f"{ONE}/send")
@audience(EDIT)
def ask_send_update(campaign_id: uuid.UUID, update_id: uuid.UUID) -> str:
    """Ask before an update leaves."""
    return render_template("admin/updates/send.html", whole=_whole(campaign_id, update_id), form=FlaskForm())


@bp.post(f"{ONE}/send")
@audience(EDIT)
def send_update_now(campaign_id: uuid.UUID, update_id: uuid.UUID) -> ResponseReturnValue:
    """Send an update to everybody who asked for news."""
    whole, form = _whole(campaign_id, update_id), FlaskForm()
    if accepted(form, lambda: _send(campaign_id, update_id)):
        return _to_update(campaign_id, update_id)
    return make_response(render_template("admin/updates/send.html", whole=whole, form=form), 422)


def _send(campaign_id: uuid.UUID, update_id: uuid.UUID) -> None:
    try:
        seen = datetime.fromisoformat(request.form.get("seen", ""))
    except ValueError:
        raise Refused(_("Read the update again before you send it.")) from None
    count = send_update(
        campaign_id, update_id, seen=seen, language=page_language(), actor=me(), now=clock.now()
    )
    flash(ngettext("One mail is on its way.", "%(num)s mails are on their way.", count), "success")


def _all(campaign_id: uuid.UUID) -> desk.UpdatesPage:
    return desk.updates_of(campaign_id, page_language(), now=clock.now())


def _whole(campaign_id: uuid.UUID, update_id: uuid.UUID) -> desk.UpdateWhole:
    return desk.update_whole(campaign_id, update_id, page_language(), now=clock.now())


def _to_update(campaign_id: uuid.UUID, update_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("admin_campaigns.show_update", campaign_id=campaign_id, update_id=update_id), 303)
