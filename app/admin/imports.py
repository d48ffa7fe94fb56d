"""Importing offices: a file comes in, its plan is shown, somebody says yes."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import HiddenField, SelectField

from app import clock
from app.admin import import_report as report
from app.admin.acting import me
from app.admin.fields import Needed, Tick, accepted, offered
from app.admin.recipients import EDIT, bp
from app.admin.words import IMPORT_FORMATS
from app.recipients.importer import uploads
from app.security.guard import audience, takes_uploads

ONE = "/imports/<uuid:upload_id>"
MOST_PROBLEMS = 100
ROOM_FOR_THE_REST = 64 * 1024
"""Bytes of a form beside its file."""


class UploadForm(FlaskForm):
    """A file to import."""

    row_id = HiddenField()
    file = FileField(_l("File"), [Needed(_l("Choose a file."))])
    format = SelectField(_l("What sort of file it is"), default="")
    overwrite = Tick(_l("Let the file win over what organizers edited here"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.format.choices = offered({"": _l("As its name says")} | IMPORT_FORMATS)
        try:
            self.new_id = uuid.UUID(self.row_id.data or "")
        except ValueError:
            self.new_id = uuid.uuid4()
        self.row_id.data = str(self.new_id)

    def receive(self) -> None:
        """Hand the file over."""
        uploads.receive(
            self.file.data.read(),
            file_name=self.file.data.filename or "",
            format_name=self.format.data or None,
            overwrite=self.overwrite.data,
            row_id=self.new_id,
            actor=me(),
            now=clock.now(),
        )


class ConfirmForm(FlaskForm):
    """Saying yes to a plan: `seen` is the version of content that it was made of."""

    seen = HiddenField()

    @property
    def version(self) -> int:
        """What was seen; nothing that there is, if somebody meddled with it."""
        typed = str(self.seen.data or "")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


@bp.get("/imports/new")
@audience(EDIT)
def ask_import() -> str:
    """Ask for a file."""
    return _upload_page(UploadForm())


@bp.post("/imports/new")
@audience(EDIT)
@takes_uploads(uploads.LARGEST + ROOM_FOR_THE_REST)
def upload() -> ResponseReturnValue:
    """Take a file in, and lead to what it would change."""
    form = UploadForm()
    if form.validate_on_submit() and accepted(form, form.receive):
        return _to(form.new_id)
    return make_response(_upload_page(form), 422)


@bp.get(ONE)
@audience(EDIT)
def show_import(upload_id: uuid.UUID) -> str:
    """Show what an import would change, or what it changed."""
    return _page(uploads.find(upload_id), ConfirmForm())


@bp.post(ONE)
@audience(EDIT)
def confirm_import(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Import the file, if nothing was changed since its plan was looked at."""
    found, form = uploads.find(upload_id), ConfirmForm()
    if form.validate_on_submit() and accepted(
        form, lambda: uploads.confirm(upload_id, seen=form.version, actor=me(), now=clock.now())
    ):
        flash(_("The file is imported."), "success")
        return _to(upload_id)
    return make_response(_page(found, form), 422)


@bp.post(f"{ONE}/discard")
@audience(EDIT)
def discard_import(upload_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a file that waits."""
    uploads.find(upload_id)
    uploads.discard(upload_id)
    flash(_("The file is deleted. Nothing was imported."), "success")
    return redirect(url_for("admin_recipients.index"), 303)


def _upload_page(form: UploadForm) -> str:
    return render_template("admin/recipients/import.html", form=form, megabytes=uploads.LARGEST // 1024**2)


def _page(upload: uploads.Upload, form: ConfirmForm) -> str:
    if upload.done_at is not None:
        return render_template(
            "admin/recipients/import_done.html", upload=upload, done=report.done(upload.counts)
        )
    plan = uploads.plan_of(upload, day=clock.now().date())
    form.seen.data = str(plan.version)
    return render_template(
        "admin/recipients/import_plan.html",
        upload=upload,
        form=form,
        plan=plan,
        sections=report.sections(plan),
        untouched=report.untouched(plan),
        most=MOST_PROBLEMS,
    )


def _to(upload_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("admin_recipients.show_import", upload_id=upload_id), 303)
