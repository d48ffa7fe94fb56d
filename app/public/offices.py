"""The pages of offices: the list, one office, and what somebody finds wrong with it."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.campaigns.reading import campaigns_writing_to
from app.errors import TooMany
from app.i18n import page_language
from app.letters.counting import LEAST_TOLD, taken_by
from app.letters.replies.counting import replies_of
from app.public.blueprint import public
from app.public.briefly import kept_briefly
from app.public.office_forms import CorrectionForm
from app.recipients import corrections, listing, portrait
from app.recipients.models import Recipient
from app.recipients.words import LEVELS
from app.rendering.links import pieces
from app.rendering.typography import visible
from app.security.guard import PUBLIC, audience
from app.security.networks import network_of

LONGEST_QUERY = 80


@public.get("/offices", endpoint="offices")
@audience(PUBLIC)
def index() -> str:
    """List offices, searched by whatever spelling, and filtered."""
    query = visible(request.args.get("q", ""))[:LONGEST_QUERY].strip()
    level = request.args.get("level", "")
    level = level if level in LEVELS else ""
    number = request.args.get("page", 1, type=int)
    if query:  # what people look for is their own: it is kept nowhere, not even for a second
        return _list(query, level, number)
    return kept_briefly(("offices", level, number, page_language()), lambda: _list("", level, number))


def _list(query: str, level: str, number: int) -> str:
    page = listing.offices(day=clock.now().date(), query=query, level=level, number=number)
    chosen = {"q": query, "level": level}
    return render_template("public/offices/index.html", page=page, chosen=chosen, levels=LEVELS)


@public.get("/offices/<slug>", endpoint="office")
@audience(PUBLIC)
def show(slug: str) -> str:
    """Show what an office can do, who holds and held it, how it is reached, and what was written to it."""
    language = page_language()
    return kept_briefly(("office", slug, language), lambda: _page(slug, language))


def _page(slug: str, language: str) -> str:
    today = clock.now().date()
    recipient = portrait.find_by_slug(slug)
    return render_template(
        "public/offices/show.html",
        office=portrait.portrait_of(recipient, language, day=today),
        campaigns=campaigns_writing_to(recipient.id, language, today=today),
        taken=taken_by(recipient.id, language),
        least_told=LEAST_TOLD,
        replies=replies_of(recipient.id),
        levels=LEVELS,
        pieces=pieces,
    )


@public.get("/offices/<slug>/correct", endpoint="correct")
@audience(PUBLIC)
def ask_correction(slug: str) -> ResponseReturnValue:
    """Ask what is wrong, and where that can be checked."""
    return _form_page(CorrectionForm(), portrait.find_by_slug(slug))


@public.post("/offices/<slug>/correct", endpoint="propose_correction")
@audience(PUBLIC)
def propose_correction(slug: str) -> ResponseReturnValue:
    """Keep a correction for the organizers."""
    recipient = portrait.find_by_slug(slug)
    form = CorrectionForm()
    if form.website.data:
        # Only a machine fills in what nobody sees. It is told nothing, and nothing is stored.
        return redirect(url_for("public.corrected", slug=slug), 303)
    if not form.validate():
        return _form_page(form, recipient, 422)
    try:
        corrections.propose(
            recipient.id,
            form.text.data,
            form.source.data,
            row_id=form.key,
            network=network_of(request.remote_addr),
            now=clock.now(),
        )
    except corrections.ProposedAlready as changed:
        form.complain(changed.sentence)
        form.renew()
        return _form_page(form, recipient, 422)
    except TooMany as limit:
        form.complain(limit.sentence)
        return _form_page(form, recipient, 429, limit.retry_after)
    return redirect(url_for("public.corrected", slug=slug), 303)


@public.get("/offices/<slug>/corrected", endpoint="corrected")
@audience(PUBLIC)
def corrected(slug: str) -> str:
    """Say thank you. The same page for everybody: it tells nothing about what was sent."""
    return render_template("public/offices/corrected.html", recipient=portrait.find_by_slug(slug))


def _form_page(
    form: CorrectionForm, recipient: Recipient, status: int = 200, retry_after: int | None = None
) -> ResponseReturnValue:
    page = render_template("public/offices/correct.html", form=form, recipient=recipient, limits=corrections)
    answer = make_response(page, status)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer
