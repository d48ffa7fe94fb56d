"""Letters that are held because an office, or what they state, changed: one decision for all of a kind."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app import clock
from app.admin.acting import me
from app.errors import NotFound, Refused
from app.i18n import page_language
from app.letters import deciding, put_aside, readdressing, restored, retracted
from app.letters.readdressing import Outcome
from app.rendering.typography import visible
from app.security.guard import audience, permission

bp = Blueprint("admin_held", __name__, url_prefix="/admin/held")
VIEW, MANAGE = permission("letters.view"), permission("letters.manage")

DECISIONS: dict[str, Callable[..., Outcome]] = {
    "readdress": readdressing.readdress,
    "successor": readdressing.send_to_successor,
    "cancel": readdressing.cancel_held,
}


ABOUT_STATEMENTS: dict[str, Callable[..., Outcome]] = {
    "ask": retracted.ask_writers,
    "release": retracted.release_retracted,
    "cancel": retracted.cancel_retracted,
}


@bp.get("")
@audience(VIEW)
def index() -> str:
    """Show what is held, by office and reason; because of what it states; and our own mails put aside."""
    return render_template(
        "admin/held/index.html",
        groups=readdressing.held_groups(day=clock.now().date()),
        stated=retracted.retracted_groups(page_language()),
        own=put_aside.own_put_aside(),
        restored_at=restored.last_restored_at(),
        cause_sentence=deciding.cause_sentence,
    )


@bp.post("/own")
@audience(MANAGE)
def try_own() -> ResponseReturnValue:
    """Have our own mails that were put aside tried again."""
    outcome = put_aside.try_own_again(actor=me(), now=clock.now())
    if outcome.done:
        flash(
            ngettext("%(num)s mail is tried again.", "%(num)s mails are tried again.", outcome.done),
            "success",
        )
    if outcome.left:
        flash(_("Some are still put aside: press again, or see what the worker's log says."), "info")
    if not outcome.done and not outcome.left:
        flash(_("None of these mails is put aside any more."), "info")
    return redirect(url_for("admin_held.index"), 303)


@bp.get("/stated/<decision>")
@audience(MANAGE)
def ask_stated(decision: str) -> ResponseReturnValue:
    """Ask before all letters that state something are decided about."""
    if decision not in ABOUT_STATEMENTS:
        abort(404)
    return _stated_page(decision, request.args.get("reason", ""), "")


@bp.post("/stated/<decision>")
@audience(MANAGE)
def decide_stated(decision: str) -> ResponseReturnValue:
    """Do what was decided for all letters that state something."""
    if decision not in ABOUT_STATEMENTS:
        abort(404)
    reason, message = request.form.get("reason", ""), request.form.get("message", "")
    told = (message,) if decision == "cancel" else ()
    try:
        outcome = ABOUT_STATEMENTS[decision](reason, *told, actor=me(), now=clock.now())
    except Refused as refusal:
        flash(refusal.sentence, "error")
        return _stated_page(decision, reason, visible(message))
    except NotFound as gone:
        flash(gone.sentence, "info")
    else:
        _tell(f"{decision}_stated", outcome)
    return redirect(url_for("admin_held.index"), 303)


def _stated_page(decision: str, reason: str, message: str) -> ResponseReturnValue:
    try:
        group = retracted.retracted_group(reason, page_language())
    except NotFound as gone:  # somebody else was faster
        flash(gone.sentence, "info")
        return redirect(url_for("admin_held.index"))
    return render_template(
        "admin/held/stated.html",
        group=group,
        decision=decision,
        message=message,
        longest=retracted.LONGEST_MESSAGE,
        cause_sentence=deciding.cause_sentence,
    )


@bp.get("/<uuid:recipient_id>/<decision>")
@audience(MANAGE)
def ask(recipient_id: uuid.UUID, decision: str) -> ResponseReturnValue:
    """Ask before a group is decided about."""
    if decision not in DECISIONS:
        abort(404)
    reason = request.args.get("reason", "")
    try:
        group = readdressing.held_group(recipient_id, reason, day=clock.now().date())
    except NotFound as gone:  # somebody else was faster
        flash(gone.sentence, "info")
        return redirect(url_for("admin_held.index"))
    return render_template(
        "admin/held/decide.html", group=group, decision=decision, cause_sentence=deciding.cause_sentence
    )


@bp.post("/<uuid:recipient_id>/<decision>")
@audience(MANAGE)
def decide(recipient_id: uuid.UUID, decision: str) -> ResponseReturnValue:
    """Do what was decided for the whole group, and lead back to what is still held."""
    if decision not in DECISIONS:
        abort(404)
    try:
        outcome = DECISIONS[decision](
            recipient_id, request.form.get("reason", ""), actor=me(), now=clock.now()
        )
    except (Refused, NotFound) as refusal:
        flash(refusal.sentence, "error")
    else:
        _tell(decision, outcome)
    return redirect(url_for("admin_held.index"), 303)


def _tell(decision: str, outcome: Outcome) -> None:
    if outcome.done:
        flash(_said(decision, outcome.done), "success")
    if outcome.failed and decision.endswith("_stated"):
        flash(
            ngettext(
                "%(num)s letter stays held: something else changed, or its writer’s data are deleted.",
                "%(num)s letters stay held: something else changed, or their writers’ data are deleted.",
                outcome.failed,
            ),
            "error",
        )
    elif outcome.failed:
        flash(
            ngettext(
                "%(num)s letter could not be worded anew; look at it, or cancel it.",
                "%(num)s letters could not be worded anew; look at them, or cancel them.",
                outcome.failed,
            ),
            "error",
        )
    if outcome.left > outcome.failed and decision != "ask_stated":
        flash(_("So many were held that some are left: press again to go on."), "info")
    if not outcome.done and not outcome.failed:
        flash(_("None of these letters is held any more."), "info")


def _said(decision: str, count: int) -> str:
    if decision == "readdress":
        return ngettext("%(num)s letter was addressed anew.", "%(num)s letters were addressed anew.", count)
    if decision == "ask_stated":
        return ngettext(
            "The writer of %(num)s letter is asked.", "The writers of %(num)s letters are asked.", count
        )
    if decision == "release_stated":
        return ngettext("%(num)s letter leaves as it is.", "%(num)s letters leave as they are.", count)
    if decision == "successor":
        return ngettext(
            "%(num)s letter was sent on to the successor.",
            "%(num)s letters were sent on to the successor.",
            count,
        )
    return ngettext("%(num)s letter was cancelled.", "%(num)s letters were cancelled.", count)
