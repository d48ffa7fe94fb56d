"""Mails that nobody can say were taken: shown by office, and settled one by one or all of a kind."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app import clock
from app.admin.acting import me
from app.errors import NotFound
from app.letters import settling
from app.letters.readdressing import Outcome
from app.letters.unclear import Settlement
from app.security.guard import audience, permission

bp = Blueprint("admin_unclear", __name__, url_prefix="/admin/unclear")
VIEW, MANAGE = permission("letters.view"), permission("letters.manage")

WAYS: dict[str, Settlement] = {way: way for way in get_args(Settlement)}


@bp.get("")
@audience(VIEW)
def index() -> str:
    """Show what is unclear, by office."""
    return render_template("admin/unclear/index.html", groups=settling.unclear_groups())


@bp.get("/<group>/<way>")
@audience(MANAGE)
def ask(group: str, way: str) -> ResponseReturnValue:
    """Ask before all of a kind are settled."""
    if way not in WAYS:
        abort(404)
    try:
        found = settling.unclear_group(group)
    except NotFound as gone:  # somebody else was faster
        flash(gone.sentence, "info")
        return redirect(url_for("admin_unclear.index"))
    return render_template("admin/unclear/decide.html", group=found, way=way)


@bp.post("/<group>/<way>")
@audience(MANAGE)
def decide(group: str, way: str) -> ResponseReturnValue:
    """Settle all of a kind that were shown, and lead back to what is still unclear."""
    if way not in WAYS:
        abort(404)
    until = _instant(request.form.get("until", ""))
    if until is None:  # not from our page: show it, and ask again
        return redirect(url_for("admin_unclear.ask", group=group, way=way), 303)
    try:
        outcome = settling.settle_all(group, WAYS[way], until=until, actor=me(), now=clock.now())
    except NotFound as gone:
        flash(gone.sentence, "info")
    else:
        _tell(way, outcome)
    return redirect(url_for("admin_unclear.index"), 303)


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _tell(way: str, outcome: Outcome) -> None:
    if outcome.done:
        flash(_said(way, outcome.done), "success")
    if outcome.failed:
        told = ngettext(
            "%(num)s mail cannot be sent again: its text is not kept any more.",
            "%(num)s mails cannot be sent again: their texts are not kept any more.",
            outcome.failed,
        )
        flash(told, "error")
    if outcome.left > outcome.failed:
        flash(_("So many were unclear that some are left: press again to go on."), "info")
    if not outcome.done and not outcome.failed:
        flash(_("None of these mails is unclear any more."), "info")


def _said(way: str, count: int) -> str:
    if way == "arrived":
        return ngettext("%(num)s mail counts as accepted.", "%(num)s mails count as accepted.", count)
    if way == "again":
        return ngettext("%(num)s mail is sent again.", "%(num)s mails are sent again.", count)
    return ngettext("%(num)s mail was given up.", "%(num)s mails were given up.", count)
