"""A campaign's page."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app import clock
from app.campaigns.reading import view_campaign
from app.i18n import page_language
from app.letters.counting import tally
from app.letters.joint.pages import teaser
from app.letters.replies.moderating import shown_replies
from app.public.blueprint import public
from app.public.briefly import kept_briefly
from app.security.guard import PUBLIC, audience


@public.get("/campaigns/<slug>", endpoint="campaign")
@audience(PUBLIC)
def show(slug: str) -> ResponseReturnValue:
    """Show what is asked, of whom, why, and on what evidence."""
    language = page_language()
    return kept_briefly(("campaign", slug, language), lambda: _page(slug, language))


def _page(slug: str, language: str) -> str:
    view = view_campaign(slug, language, today=clock.now().date())
    return render_template(
        "public/campaigns/show.html",
        campaign=view.page,
        tally=tally(view.page.row.id),
        audience=view.audience,
        facts=view.facts,
        replies=shown_replies(view.page.row.id),
        joint=teaser(view.page.row, language, today=clock.now().date()),
    )
