"""A campaign's evidence: what is known, by whom and since when. On paper the page is a fact sheet."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from app import clock
from app.campaigns.evidence import view_evidence
from app.i18n import page_language
from app.public.blueprint import public
from app.public.briefly import kept_briefly
from app.security.guard import PUBLIC, audience


@public.get("/campaigns/<slug>/evidence", endpoint="evidence")
@audience(PUBLIC)
def show(slug: str) -> ResponseReturnValue:
    """Show facts, people and timeline with their sources."""
    language = page_language()
    return kept_briefly(("evidence", slug, language), lambda: _page(slug, language))


def _page(slug: str, language: str) -> str:
    view = view_evidence(slug, language, today=clock.now().date())
    return render_template("public/campaigns/evidence.html", view=view, campaign=view.page)
