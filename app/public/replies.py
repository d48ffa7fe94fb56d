"""What came back to a letter: GET shows and changes nothing, POST records; it can be changed later."""

from __future__ import annotations

import uuid

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import clock
from app.errors import Refused
from app.i18n import page_language
from app.letters.replies.telling import ask_no_more, look_at_replies, tell_replies
from app.public.blueprint import public
from app.security.guard import TOKEN, audience

PREFIX = "copy-"


@public.get("/replies/<token>", endpoint="replies")
@audience(TOKEN)
def show(token: str) -> ResponseReturnValue:
    """Ask what came back, for each office."""
    return _page(token)


@public.post("/replies/<token>", endpoint="tell_replies")
@audience(TOKEN)
def tell(token: str) -> ResponseReturnValue:
    """Record what came back."""
    try:
        tell_replies(token, _told(), now=clock.now())
    except Refused as refusal:
        return make_response(_page(token, refusal.sentence), 422)
    flash(_("Thank you. It is noted; you can change it here at any time."), "good")
    return redirect(url_for("public.replies", token=token), 303)


@public.get("/replies/<token>/stop", endpoint="stop_asking")
@audience(TOKEN)
def ask_stop(token: str) -> ResponseReturnValue:
    """Ask before nobody is asked any more."""
    page = look_at_replies(token, page_language())
    return render_template("public/replies/stop.html", page=page, token=token)


@public.post("/replies/<token>/stop", endpoint="stop_asking_now")
@audience(TOKEN)
def stop(token: str) -> ResponseReturnValue:
    """Ask this mailbox no more."""
    ask_no_more(token, now=clock.now())
    return redirect(url_for("public.stop_asking", token=token), 303)


def _told() -> dict[uuid.UUID, str]:
    try:
        return {
            uuid.UUID(name.removeprefix(PREFIX)): kind
            for name, kind in request.form.items()
            if name.startswith(PREFIX)
        }
    except ValueError:
        raise Refused(_("Please choose one of the answers.")) from None


def _page(token: str, complaint: str = "") -> str:
    page = look_at_replies(token, page_language())
    return render_template("public/replies/show.html", page=page, token=token, complaint=complaint)
