"""The confirmation link: GET shows and changes nothing, POST confirms once."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.i18n import page_language
from app.letters.confirming import LinkUsed, confirm, decline, look_at
from app.public.blueprint import public
from app.security.guard import TOKEN, audience


@public.get("/confirm/<token>", endpoint="confirm")
@audience(TOKEN)
def show(token: str) -> ResponseReturnValue:
    """Show the letters exactly as they will be sent."""
    try:
        pending = look_at(token, page_language(), now=clock.now())
    except LinkUsed as used:
        return render_template("public/letters/used.html", page_token=used.page_token), 410
    return render_template(
        "public/letters/confirm.html",
        campaign_title=pending.campaign_title,
        expires_at=pending.until,
        previews=pending.letters,
        findings=pending.findings,
        other_ways=pending.other_ways,
        token=token,
    )


@public.post("/confirm/<token>", endpoint="confirm_now")
@audience(TOKEN)
def act(token: str) -> ResponseReturnValue:
    """Confirm; a second time changes nothing and leads to the same page."""
    try:
        page_token = confirm(token, now=clock.now())
    except LinkUsed as used:
        page_token = used.page_token
    return redirect(url_for("public.letter", token=page_token), 303)


@public.get("/confirm/<token>/decline", endpoint="decline")
@audience(TOKEN)
def ask_decline(token: str) -> ResponseReturnValue:
    """Ask before a letter is deleted."""
    try:
        pending = look_at(token, page_language(), now=clock.now())
    except LinkUsed as used:
        return render_template("public/letters/used.html", page_token=used.page_token), 410
    return render_template("public/letters/decline.html", pending=pending, token=token)


@public.post("/confirm/<token>/decline", endpoint="decline_now")
@audience(TOKEN)
def act_decline(token: str) -> ResponseReturnValue:
    """Delete a letter that was not written by the owner of the mailbox, or is not wanted any more."""
    try:
        decline(token, never_again="never_again" in request.form, now=clock.now())
    except LinkUsed as used:
        return redirect(url_for("public.letter", token=used.page_token), 303)
    return render_template("public/letters/declined.html")
