"""What happens with supporters' data; the link with which they see theirs, take it along, and erase it."""

from __future__ import annotations

from flask import Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.errors import TooMany
from app.i18n import page_language
from app.letters.privacy.erasing import erase_behind
from app.letters.privacy.links import LinkOver, ask_for_link
from app.letters.privacy.showing import look_at_own_data
from app.letters.privacy.stored import purposes
from app.letters.privacy.taking_along import FILENAME, take_along_behind
from app.public.blueprint import public
from app.public.privacy_forms import AskForm
from app.security.guard import PUBLIC, TOKEN, audience
from app.security.networks import network_of


@public.get("/privacy", endpoint="privacy")
@audience(PUBLIC)
def show() -> ResponseReturnValue:
    """Say what happens with supporters' data, and ask who wants to see theirs."""
    return _page(AskForm())


@public.post("/privacy", endpoint="ask_for_link")
@audience(PUBLIC)
def ask() -> ResponseReturnValue:
    """Send the link to a mailbox that may get it; the answer is the same for every address."""
    form = AskForm()
    if form.website.data:
        # Only a machine fills in what nobody sees. It is told nothing, and nobody is written to.
        return redirect(url_for("public.link_asked"), 303)
    if not form.validate():
        return _page(form, 422)
    try:
        ask_for_link(
            form.email.data,
            language=page_language(),
            network=network_of(request.remote_addr),
            now=clock.now(),
        )
    except TooMany as limit:
        form.complain(limit.sentence)
        return _page(form, 429, limit.retry_after)
    return redirect(url_for("public.link_asked"), 303)


@public.get("/privacy/asked", endpoint="link_asked")
@audience(PUBLIC)
def asked() -> ResponseReturnValue:
    """Say what happens now. The same page for everybody: it tells nothing about an address."""
    settings = current_app.config["REDRESS_SETTINGS"]
    shown_here = settings.env == "development" and settings.smtp_url is None
    mailbox_url = url_for("public.mailbox") if shown_here else ""
    return render_template("public/privacy/asked.html", mailbox_url=mailbox_url)


@public.get("/privacy/<token>", endpoint="own_data")
@audience(TOKEN)
def own(token: str) -> ResponseReturnValue:
    """Show what is stored about whoever has the link; changes nothing."""
    return _own("public/privacy/own.html", token)


@public.post("/privacy/<token>/export", endpoint="take_along")
@audience(TOKEN)
def take_along(token: str) -> ResponseReturnValue:
    """Answer with all of it as a file."""
    try:
        content = take_along_behind(token, page_language(), now=clock.now())
    except LinkOver as over:
        return _over(over)
    answer = Response(content, content_type="application/json; charset=utf-8")
    answer.headers["Content-Disposition"] = f"attachment; filename={FILENAME}"
    return answer


@public.get("/privacy/<token>/erase", endpoint="erase")
@audience(TOKEN)
def ask_erase(token: str) -> ResponseReturnValue:
    """Say exactly what would happen, before anything does."""
    return _own("public/privacy/erase.html", token)


@public.post("/privacy/<token>/erase", endpoint="erase_now")
@audience(TOKEN)
def erase(token: str) -> ResponseReturnValue:
    """Erase all of it, once, and say what was done."""
    try:
        erased = erase_behind(token, now=clock.now())
    except LinkOver as over:
        return _over(over)
    return render_template("public/privacy/erased.html", erased=erased)


def _own(template: str, token: str) -> ResponseReturnValue:
    try:
        page = look_at_own_data(token, page_language(), now=clock.now())
    except LinkOver as over:
        return _over(over)
    return render_template(template, page=page, stored=page.stored, token=token, purposes=purposes())


def _over(over: LinkOver) -> ResponseReturnValue:
    return render_template("public/privacy/over.html", used=over.used), 410


def _page(form: AskForm, status: int = 200, retry_after: int | None = None) -> ResponseReturnValue:
    answer = make_response(render_template("public/privacy/show.html", form=form), status)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer
