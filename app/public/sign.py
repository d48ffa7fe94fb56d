"""Co-signing a joint letter: the form, and the list of those who have signed."""

from __future__ import annotations

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.errors import Refused
from app.i18n import page_language
from app.letters.joint.pages import JointPage, open_page, public_pages
from app.letters.joint.signing import SignedAlready, consent_texts, sign
from app.public.blueprint import public
from app.public.briefly import kept_briefly
from app.public.forms import SignForm
from app.security.guard import PUBLIC, audience
from app.security.networks import network_of


@public.get("/campaigns/<slug>/sign", endpoint="sign")
@audience(PUBLIC)
def show(slug: str) -> ResponseReturnValue:
    """Show the letter, who gets it, how many have signed, and the form."""
    page = open_page(slug, page_language(), now=clock.now())
    return _render(page, _form(page))


@public.post("/campaigns/<slug>/sign", endpoint="sign_now")
@audience(PUBLIC)
def act(slug: str) -> ResponseReturnValue:
    """Store a signature, and ask for its confirmation by mail."""
    page = open_page(slug, page_language(), now=clock.now())
    form = _form(page)
    if form.website.data:
        # Only a machine fills in what nobody sees. It is told nothing, and nothing is stored.
        return redirect(url_for("public.signed", slug=slug), 303)
    if form.validate():
        try:
            sign(
                page.joint,
                page.campaign,
                form.signing(page_language()),
                network=network_of(request.remote_addr),
                now=clock.now(),
            )
        except SignedAlready as error:
            form.complain(error)
            form.renew()
        except Refused as error:
            form.complain(error)
        else:
            return redirect(url_for("public.signed", slug=slug), 303)
    return _render(page, form, status=422)


@public.get("/campaigns/<slug>/signed", endpoint="signed")
@audience(PUBLIC)
def signed(slug: str) -> ResponseReturnValue:
    """Say that a mail is on its way. The same page for everybody: it tells nothing about an address."""
    page = open_page(slug, page_language(), now=clock.now())
    settings = current_app.config["REDRESS_SETTINGS"]
    shown_here = settings.env == "development" and settings.smtp_url is None
    mailbox_url = url_for("public.mailbox") if shown_here else ""
    return render_template("public/joint/signed.html", campaign=page.campaign, mailbox_url=mailbox_url)


@public.get("/campaigns/<slug>/signatures", endpoint="signatures")
@audience(PUBLIC)
def listed(slug: str) -> ResponseReturnValue:
    """Show who signed the joint letters of a campaign and agreed to be named; older letters as history."""
    language, skip = page_language(), max(request.args.get("after", 0, type=int), 0)
    return kept_briefly(("signatures", slug, language, skip), lambda: _list(slug, language, skip))


def _list(slug: str, language: str, skip: int) -> str:
    pages = public_pages(slug, language, skip=skip, now=clock.now())
    return render_template("public/joint/signatures.html", campaign=pages.campaign, pages=pages)


def _form(page: JointPage) -> SignForm:
    return SignForm(languages=(page.language,), page_language=page_language())


def _render(page: JointPage, form: SignForm, status: int = 200) -> ResponseReturnValue:
    html = render_template(
        "public/joint/sign.html",
        campaign=page.campaign,
        joint=page,
        form=form,
        previews=page.letters,
        consents=consent_texts(page.campaign),
    )
    return html, status
