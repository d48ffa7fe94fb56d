"""A campaign's page."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app import clock
from app.campaigns.reading import audience_of, find_campaign, page_of, stated_facts
from app.database import db
from app.i18n import page_language
from app.letters.counting import tally
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
    today = clock.now().date()
    campaign = find_campaign(db.session, slug)
    page = page_of(campaign, language, today=today)
    return render_template(
        "public/campaigns/show.html",
        campaign=page,
        tally=tally(campaign.id),
        audience=audience_of(db.session, campaign, language, day=today),
        facts=stated_facts(campaign, language),
    )
