"""The link that stops a campaign's updates: GET asks, POST stops them, for a person as for a mail program."""

from __future__ import annotations

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from app import clock
from app.extensions import csrf
from app.i18n import page_language
from app.letters.updates.subscribing import look_at_subscription, unsubscribe
from app.public.blueprint import public
from app.security.guard import TOKEN, audience, is_one_click, takes_one_click


@public.get("/updates/<token>", endpoint="updates")
@audience(TOKEN)
def show(token: str) -> ResponseReturnValue:
    """Ask before the updates are stopped, or say that they are."""
    return _page(token)


@public.post("/updates/<token>", endpoint="stop_updates")
@takes_one_click
@audience(TOKEN)
def stop(token: str) -> ResponseReturnValue:
    """Stop the updates (RFC 8058). No redirect: mail programs need not follow one."""
    if not is_one_click():
        csrf.protect()  # as any other form
        look_at_subscription(token, page_language())
        abort(400)
    unsubscribe(token, now=clock.now())
    return _page(token)


csrf.exempt(stop)


def _page(token: str) -> str:
    page = look_at_subscription(token, page_language())
    return render_template("public/updates/show.html", page=page, token=token)
