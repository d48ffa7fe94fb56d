"""Offices that are reached in other ways than by e-mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.journeys import OFFICES, DevelopmentSite

MAIL, FORM, POST, OTHER = OFFICES
FIELDS = [{"label": "Your name", "holds": "name"}, {"label": "Message", "holds": "body", "limit": 700}]
POSTAL = {"street": "Palais 1", "city": "Bern", "postal_code": "3003"}


@contextmanager
def other_ways(site: DevelopmentSite) -> Iterator[None]:
    """Let one office take letters by a form only, and one by post only, for the length of a block."""
    of_office = "WHERE channel = ? AND recipient_id = (SELECT id FROM recipients WHERE slug = ?)"
    of_office += " AND verified_at IS NOT NULL"
    change = (
        f"UPDATE contacts SET channel = ?, value = ?, postal = ?, country = ?, form_fields = ? {of_office}"
    )
    ways = {
        FORM: ("web_form", "https://form.example/", "{}", None, json.dumps(FIELDS)),
        POST: ("post", "", json.dumps(POSTAL), "CH", None),
    }
    for slug, way in ways.items():
        assert site.execute(change, *way, "email", slug) == 1
    try:
        yield
    finally:
        for slug, way in ways.items():
            back = f"UPDATE contacts SET channel = 'email', value = ?, form_fields = NULL {of_office}"
            assert site.execute(back, f"{slug}@offices.example", way[0], slug) == 1
