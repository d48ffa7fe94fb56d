"""The home page."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app import clock
from app.campaigns.reading import live_campaigns
from app.i18n import page_language
from app.letters.counting import tally
from app.public.blueprint import public
from app.security.guard import PUBLIC, audience


@public.get("/", endpoint="home")
@audience(PUBLIC)
def home() -> ResponseReturnValue:
    """List the campaigns that take letters."""
    campaigns = live_campaigns(page_language(), today=clock.now().date())
    tallies = {campaign.slug: tally(campaign.row.id) for campaign in campaigns}
    return render_template("public/home.html", campaigns=campaigns, tallies=tallies)
