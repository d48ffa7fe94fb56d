"""Campaigns as one file: handed to another group, or taken over from one."""

from __future__ import annotations

import uuid
from io import BytesIO

from flask import make_response, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField

from app import clock
from app.admin.acting import me
from app.admin.campaigns import EDIT, bp
from app.admin.fields import Needed
from app.database import db
from app.errors import RedressError
from app.i18n import page_language
from app.letters import campaign_desk
from app.letters.handing_on import LARGEST, Report, export_files, import_campaign, packed, unpacked
from app.security.guard import audience, takes_uploads

PREVIEW = "preview"


class FolderForm(FlaskForm):
    """The archive of a campaign."""

    file = FileField(_l("File"), [Needed(_l("Choose a file."))])


@bp.get("/<uuid:campaign_id>/export")
@audience(EDIT)
def export(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Send a campaign as one archive."""
    whole = campaign_desk.campaign_whole(campaign_id, page_language(), now=clock.now())
    files = export_files(db.session, whole.campaign.slug, now=clock.now())
    return send_file(
        BytesIO(packed(files)),
        mimetype="application/zip",
        as_attachment=True,
        download_name=f"{whole.campaign.slug}.zip",
    )


@bp.get("/import")
@audience(EDIT)
def ask_import() -> str:
    """Ask for the archive of a campaign."""
    return _page(FolderForm(), None, imported=False)


@bp.post("/import")
@audience(EDIT)
@takes_uploads(LARGEST)
def take_over() -> ResponseReturnValue:
    """Show what an archive holds, or import it as a draft."""
    form = FolderForm()
    dry_run = request.form.get("intent") == PREVIEW
    if not form.validate_on_submit():
        return make_response(_page(form, None, imported=False), 422)
    try:
        with unpacked(form.file.data.read()) as folder:
            report = import_campaign(folder, dry_run=dry_run, actor=me(), now=clock.now())
    except RedressError as error:
        form.file.errors = [*form.file.errors, error.sentence]
        return make_response(_page(form, None, imported=False), 422)
    return make_response(_page(form, report, imported=not dry_run))


def _page(form: FolderForm, report: Report | None, *, imported: bool) -> str:
    return render_template("admin/campaigns/import.html", form=form, report=report, imported=imported)
