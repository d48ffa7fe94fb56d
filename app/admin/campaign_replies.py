"""Answers of offices that supporters shared: read, shown or deleted."""

from __future__ import annotations

import uuid

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me
from app.admin.campaigns import bp
from app.admin.fields import accepted, text
from app.i18n import page_language
from app.letters.campaign_desk import campaign_whole
from app.letters.replies import moderating
from app.security.guard import audience, permission

READ = permission("letters.personal")
REPLIES = "/<uuid:campaign_id>/replies"
ONE = f"{REPLIES}/<uuid:shared_id>"


class ReplyForm(FlaskForm):
    """What is shown of an answer."""

    text = text(
        _l("What is shown"), moderating.LONGEST_SHOWN, _l("Leave something of the answer, or delete it.")
    )


@bp.get(REPLIES)
@audience(READ)
def replies(campaign_id: uuid.UUID) -> str:
    """List what waits to be read."""
    whole = campaign_whole(campaign_id, page_language(), now=clock.now())
    waiting = moderating.waiting_replies(campaign_id)
    return render_template("admin/replies/index.html", whole=whole, waiting=waiting)


@bp.get(ONE)
@audience(READ)
def read_reply(campaign_id: uuid.UUID, shared_id: uuid.UUID) -> str:
    """Show an answer, to be shown or deleted; that somebody looked stands in the audit log."""
    form = ReplyForm()
    form.text.data = moderating.read_reply(campaign_id, shared_id, actor=me(), now=clock.now())
    return _page(campaign_id, form)


@bp.post(ONE)
@audience(READ)
def decide_reply(campaign_id: uuid.UUID, shared_id: uuid.UUID) -> ResponseReturnValue:
    """Show an answer on the campaign's page (`intent` = `show`), or delete it (`delete`)."""
    form, intent = ReplyForm(), request.form.get("intent")
    if intent == "delete" and accepted(
        form, lambda: moderating.reject_reply(campaign_id, shared_id, actor=me(), now=clock.now())
    ):
        flash(_("It is deleted."), "success")
    elif (
        intent == "show"
        and form.validate_on_submit()
        and accepted(
            form,
            lambda: moderating.publish_reply(
                campaign_id, shared_id, form.text.data, actor=me(), now=clock.now()
            ),
        )
    ):
        flash(_("It is on the campaign’s page."), "success")
    else:
        moderating.read_reply(campaign_id, shared_id, actor=me(), now=clock.now())
        return make_response(_page(campaign_id, form), 422)
    return redirect(url_for("admin_campaigns.replies", campaign_id=campaign_id), 303)


def _page(campaign_id: uuid.UUID, form: ReplyForm) -> str:
    whole = campaign_whole(campaign_id, page_language(), now=clock.now())
    return render_template("admin/replies/show.html", whole=whole, form=form)
