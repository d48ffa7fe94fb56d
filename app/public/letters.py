"""The supporter's own page."""

from __future__ import annotations

import uuid
from io import BytesIO

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app import clock
from app.errors import Refused
from app.i18n import page_language
from app.letters.expecting import expectations
from app.letters.following import agree_to, corrections, follow, withdraw
from app.letters.printing import copy_of_writer
from app.letters.replies.telling import question_about
from app.letters.submitting import LONGEST_REFERENCE, forms_to_fill, tell_submitted
from app.public.blueprint import public
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_line
from app.security.guard import TOKEN, audience


@public.get("/letters/<token>", endpoint="letter")
@audience(TOKEN)
def show(token: str) -> ResponseReturnValue:
    """Show where every copy is, and its text."""
    letter = follow(token, page_language())
    return render_template(
        "public/letters/show.html",
        letter=letter,
        deliveries=letter.copies,
        token=token,
        withdraw_url=url_for("public.withdraw", token=token),
        corrections=corrections(token, now=clock.now()),
        agree_url=url_for("public.agree", token=token),
        expected=expectations(token, now=clock.now()),
        forms=forms_to_fill(token),
        question=question_about(token),
    )


@public.get("/letters/<token>/<uuid:delivery_id>.pdf", endpoint="letter_pdf")
@audience(TOKEN)
def on_paper(token: str, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Answer with one copy as PDF, to print."""
    copy = copy_of_writer(token, delivery_id)
    return send_file(BytesIO(copy.content), mimetype="application/pdf", download_name=copy.filename)


@public.post("/letters/<token>/withdraw", endpoint="withdraw")
@audience(TOKEN)
def take_back(token: str) -> ResponseReturnValue:
    """Take back what has not left: all of it, or the copy to one office (`recipient`)."""
    taken = withdraw(token, only=request.form.get("recipient") or None, now=clock.now())
    if taken:
        flash(ngettext("One copy was taken back.", "%(num)s copies were taken back.", taken), "good")
    else:
        flash(_("Nothing could be taken back any more: what has left cannot be recalled."), "warn")
    return redirect(url_for("public.letter", token=token), 303)


@public.post("/letters/<token>/submitted", endpoint="submitted")
@audience(TOKEN)
def submitted(token: str) -> ResponseReturnValue:
    """Record that the copy to one office (`recipient`) was put into its form (`reference`: its number)."""
    try:
        reference = clean_line(request.form.get("reference", ""), limit=LONGEST_REFERENCE)
        tell_submitted(token, only=request.form.get("recipient", ""), reference=reference, now=clock.now())
    except RenderingError as error:
        flash(_(error.message, **error.values), "warn")
    except Refused as refusal:
        flash(refusal.sentence, "warn")
    else:
        flash(_("Thank you. It is noted that you have submitted it."), "good")
    return redirect(url_for("public.letter", token=token), 303)


@public.post("/letters/<token>/agree", endpoint="agree")
@audience(TOKEN)
def agree(token: str) -> ResponseReturnValue:
    """Send the copy to one office (`recipient`) with the corrected fact, as it was read (`seen`)."""
    try:
        goes_by = agree_to(
            token, only=request.form.get("recipient", ""), seen=request.form.get("seen", ""), now=clock.now()
        )
    except Refused as refusal:
        flash(refusal.sentence, "warn")
    else:
        flash(_agreed(goes_by), "good")
    return redirect(url_for("public.letter", token=token), 303)


def _agreed(channel: str) -> str:
    if channel == "web_form":
        return _("Thank you. Now copy your corrected letter into the office's form: it stands below.")
    if channel == "post":
        return _("Thank you. Your corrected letter is printed and posted next.")
    return _("Thank you. Your corrected letter is on its way.")
