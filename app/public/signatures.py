"""The pages of somebody who signed a joint letter: confirming, and taking oneself off."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import clock
from app.i18n import page_language
from app.letters.joint.confirming import SignatureConfirmed, confirm, decline, look_at
from app.letters.joint.following import follow, hide, take_off
from app.public.blueprint import public
from app.security.guard import TOKEN, audience


@public.get("/signatures/confirm/<token>", endpoint="confirm_signature")
@audience(TOKEN)
def show(token: str) -> ResponseReturnValue:
    """Show the letter and how the name will stand under it; changes nothing."""
    try:
        pending = look_at(token, page_language(), now=clock.now())
    except SignatureConfirmed as used:
        return render_template("public/joint/used.html", page_token=used.page_token), 410
    return render_template("public/joint/confirm.html", pending=pending, token=token)


@public.post("/signatures/confirm/<token>", endpoint="confirm_signature_now")
@audience(TOKEN)
def act(token: str) -> ResponseReturnValue:
    """Confirm; a second time changes nothing and leads to the same page."""
    try:
        page_token = confirm(token, now=clock.now())
    except SignatureConfirmed as used:
        page_token = used.page_token
    return redirect(url_for("public.signature", token=page_token), 303)


@public.post("/signatures/decline/<token>", endpoint="decline_signature")
@audience(TOKEN)
def act_decline(token: str) -> ResponseReturnValue:
    """Delete a signature that was not given by the owner of the mailbox, or is not wanted any more."""
    try:
        decline(token, never_again="never_again" in request.form, now=clock.now())
    except SignatureConfirmed as used:
        return redirect(url_for("public.signature", token=used.page_token), 303)
    return render_template("public/joint/declined.html")


@public.get("/signatures/<token>", endpoint="signature")
@audience(TOKEN)
def own(token: str) -> ResponseReturnValue:
    """Show where the letter is that somebody signed."""
    return render_template("public/joint/own.html", page=follow(token, page_language()), token=token)


@public.post("/signatures/<token>/off", endpoint="take_off")
@audience(TOKEN)
def off(token: str) -> ResponseReturnValue:
    """Take oneself off the letter, as long as it has not left."""
    if take_off(token, now=clock.now()):
        flash(_("Your name is off the letter."), "good")
    else:
        flash(
            _("The letter has left with your name: it cannot be recalled. Your name is off the public list."),
            "warn",
        )
    return redirect(url_for("public.signature", token=token), 303)


@public.post("/signatures/<token>/hide", endpoint="hide_signature")
@audience(TOKEN)
def off_the_list(token: str) -> ResponseReturnValue:
    """Take oneself off the public list; on the letter the name stays."""
    hide(token)
    flash(_("Your name is off the public list."), "good")
    return redirect(url_for("public.signature", token=token), 303)
