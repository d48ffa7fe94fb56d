"""`/dev/mailbox`: in development, every mail as its reader would see it. Loopback only."""

from __future__ import annotations

from flask import current_app, render_template
from flask.typing import ResponseReturnValue

from app.delivery.senders.mailbox_reader import read_mail, read_mails
from app.errors import NotFound
from app.public.blueprint import public
from app.security.guard import LOOPBACK, audience


@public.get("/dev/mailbox", endpoint="mailbox")
@audience(LOOPBACK)
def index() -> ResponseReturnValue:
    """List the mails, newest first."""
    mails = read_mails(current_app.config["REDRESS_SETTINGS"].maildir)
    return render_template("public/mailbox/index.html", mails=mails)


@public.get("/dev/mailbox/<key>", endpoint="mail")
@audience(LOOPBACK)
def show(key: str) -> ResponseReturnValue:
    """Show one mail."""
    mail = read_mail(current_app.config["REDRESS_SETTINGS"].maildir, key)
    if mail is None:
        raise NotFound("")
    return render_template("public/mailbox/show.html", mail=mail)
