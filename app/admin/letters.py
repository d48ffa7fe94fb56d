"""Letters: the copies by state, one letter whole, and what an organizer decides about a copy."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from io import BytesIO

from flask import Blueprint, abort, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import clock
from app.admin.acting import me
from app.delivery.models import STATES
from app.errors import Refused
from app.i18n import language_name, page_language
from app.letters import deciding, desk, unclear
from app.letters.cursor import Cursor
from app.letters.printing import copy_at_desk
from app.organizers.accounts import names_of_actors
from app.recipients import listing
from app.rendering.typography import visible
from app.security.guard import audience, permission

bp = Blueprint("admin_letters", __name__, url_prefix="/admin/letters")
VIEW, PERSONAL, MANAGE = (permission(f"letters.{what}") for what in ("view", "personal", "manage"))

# What a copy can be told to do, and from which states it makes sense to ask.
DECISIONS: dict[str, Callable[..., None]] = {
    "cancel": deciding.cancel_copy,
    "release": deciding.release_copy,
    "mark-accepted": partial(unclear.settle, how="arrived"),
    "send-again": partial(unclear.settle, how="again"),
    "give-up": partial(unclear.settle, how="give-up"),
}


@bp.get("")
@audience(VIEW)
def index() -> str:
    """List copies, newest first."""
    names = ("state", "office", "campaign", "letter")
    chosen = {name: visible(request.args.get(name, "")).strip() for name in names}
    page = desk.copies(
        language=page_language(),
        states=[chosen["state"]] if chosen["state"] in STATES else [],
        recipient_id=_id(chosen["office"]),
        campaign_id=_id(chosen["campaign"]),
        reference=chosen["letter"].upper(),
        after=Cursor.parse(request.args.get("after", "")),
    )
    return render_template(
        "admin/letters/index.html",
        page=page,
        chosen=chosen,
        states=STATES,
        offices=listing.named(desk.addressed_offices()),
        campaigns=desk.campaigns(page_language()),
    )


@bp.get("/<uuid:letter_id>")
@audience(VIEW)
def show(letter_id: uuid.UUID) -> str:
    """Show one letter with all that happened to its copies; no name, no text."""
    return render_template(
        "admin/letters/show.html",
        whole=desk.letter_whole(letter_id, page_language()),
        language_name=language_name,
        names=names_of_actors(),
        cause_sentence=deciding.cause_sentence,
    )


@bp.get("/<uuid:letter_id>/personal")
@audience(PERSONAL)
def personal(letter_id: uuid.UUID) -> str:
    """Show who wrote a letter and what. Each look is in the audit log."""
    part = desk.personal(letter_id, actor=me(), now=clock.now())
    return render_template("admin/letters/personal.html", part=part)


@bp.get("/<uuid:letter_id>/copies/<uuid:delivery_id>.pdf")
@audience(PERSONAL)
def on_paper(letter_id: uuid.UUID, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Answer with one copy as PDF. It tells name and text: each look is in the audit log."""
    copy = copy_at_desk(letter_id, delivery_id, actor=me(), now=clock.now())
    return send_file(BytesIO(copy.content), mimetype="application/pdf", download_name=copy.filename)


@bp.get("/<uuid:letter_id>/copies/<uuid:delivery_id>/<decision>")
@audience(MANAGE)
def ask(letter_id: uuid.UUID, delivery_id: uuid.UUID, decision: str) -> str:
    """Ask before a copy is decided about."""
    if decision not in DECISIONS:
        abort(404)
    whole = desk.letter_whole(letter_id, page_language())
    line = next((copy for copy in whole.copies if copy.delivery.id == delivery_id), None)
    if line is None:
        abort(404)
    return render_template("admin/letters/decide.html", whole=whole, line=line, decision=decision)


@bp.post("/<uuid:letter_id>/copies/<uuid:delivery_id>/<decision>")
@audience(MANAGE)
def decide(letter_id: uuid.UUID, delivery_id: uuid.UUID, decision: str) -> ResponseReturnValue:
    """Do what was decided, and lead back to the letter."""
    if decision not in DECISIONS:
        abort(404)
    try:
        DECISIONS[decision](delivery_id, actor=me(), now=clock.now())
        flash(_("Done. It is in the journal below."), "success")
    except Refused as refusal:
        flash(refusal.sentence, "error")
    return redirect(url_for("admin_letters.show", letter_id=letter_id), 303)


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
