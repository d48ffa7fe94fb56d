"""Letters by post: what waits, batches on paper, and what became of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from io import BytesIO

from flask import (
    Blueprint,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me
from app.admin.fields import Day, Needed, accepted, line
from app.errors import Refused
from app.letters import posting
from app.letters.batch_paper import paper_of_batch
from app.organizers.accounts import names_of_actors
from app.security.guard import audience, permission

bp = Blueprint("admin_post", __name__, url_prefix="/admin/post")
VIEW, PERSONAL, MANAGE = (permission(f"letters.{what}") for what in ("view", "personal", "manage"))

STEPS: dict[str, Callable[..., int]] = {
    "printed": posting.mark_printed,
    "back": posting.back_to_print,
    "give-up": posting.give_up,
}


class PostedForm(FlaskForm):
    """When a batch was posted, and how it can be followed."""

    posted_on = Day(_l("Posted on"), [Needed(_l("Say on which day."))])
    tracking = line(_l("Tracking number, or how it went"), posting.LONGEST_TRACKING)


@bp.get("")
@audience(VIEW)
def index() -> str:
    """Show for which offices letters wait, and the batches."""
    return render_template(
        "admin/post/index.html",
        waiting=posting.waiting(),
        batches=posting.batches(),
        most=posting.BATCH,
        row_id=uuid.uuid4(),
    )


@bp.post("")
@audience(MANAGE)
def gather() -> ResponseReturnValue:
    """Put what waits into a batch: of one office (`office`), or of all."""
    key, office = _id("row_id") or uuid.uuid4(), _id("office")
    try:
        batch = posting.gather(only=office, row_id=key, actor=me(), now=clock.now())
    except Refused as refusal:
        flash(refusal.sentence, "warn")
        return redirect(url_for("admin_post.index"), 303)
    return redirect(url_for("admin_post.show", batch_id=batch.id), 303)


@bp.get("/<uuid:batch_id>")
@audience(VIEW)
def show(batch_id: uuid.UUID) -> str:
    """Show a batch: its letters by reference, and the next step."""
    form = PostedForm()
    form.posted_on.data = clock.now().date()
    return _page(batch_id, form)


@bp.get("/<uuid:batch_id>/letters.pdf")
@audience(PERSONAL)
def paper(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Answer with the letters of a batch as PDF. It tells names and texts: each look is in the audit log."""
    try:
        content = paper_of_batch(batch_id, actor=me(), now=clock.now())
    except Refused as refusal:
        flash(refusal.sentence, "warn")
        return redirect(url_for("admin_post.show", batch_id=batch_id), 303)
    name = f"letters-{posting.batch_line(batch_id).name}.pdf"
    return send_file(BytesIO(content), mimetype="application/pdf", download_name=name)


@bp.post("/<uuid:batch_id>/posted")
@audience(MANAGE)
def posted(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Record that a batch was posted."""
    posting.batch_line(batch_id)
    form = PostedForm()
    told: list[int] = []

    def act() -> None:
        told.append(
            posting.mark_posted(
                batch_id,
                posted_on=form.posted_on.data or clock.now().date(),
                tracking=form.tracking.data,
                actor=me(),
                now=clock.now(),
            )
        )

    if form.validate_on_submit() and accepted(form, act):
        flash(ngettext("One letter is posted.", "%(num)s letters are posted.", told[0]), "success")
        return redirect(url_for("admin_post.show", batch_id=batch_id), 303)
    return make_response(_page(batch_id, form), 422)


@bp.post("/<uuid:batch_id>/<move>")
@audience(MANAGE)
def go(batch_id: uuid.UUID, move: str) -> ResponseReturnValue:
    """Take a step with a batch, or one back."""
    if move not in STEPS:
        abort(404)
    try:
        count = STEPS[move](batch_id, actor=me(), now=clock.now())
        flash(_told(move, count), "success")
    except Refused as refusal:
        flash(refusal.sentence, "warn")
    if move == "give-up":
        return redirect(url_for("admin_post.index"), 303)
    return redirect(url_for("admin_post.show", batch_id=batch_id), 303)


def _told(move: str, count: int) -> str:
    if move == "printed":
        return ngettext("One letter is on paper.", "%(num)s letters are on paper.", count)
    return ngettext("One letter waits to be printed.", "%(num)s letters wait to be printed.", count)


def _page(batch_id: uuid.UUID, form: PostedForm) -> str:
    return render_template(
        "admin/post/show.html",
        line=posting.batch_line(batch_id),
        copies=posting.batch_copies(batch_id),
        form=form,
        names=names_of_actors(),
    )


def _id(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        return None
