"""Names of what is chosen from lists at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.i18n import country_name, page_language
from app.recipients import words as recipients

LEVELS = recipients.LEVELS
STATUSES = {"open": _l("Open"), "closed": _l("Closed")}
ACCEPTS = {
    "public": _l("Letters from anybody"),
    "constituents": _l("Letters of its own constituents only"),
    "cases": _l("Submissions in a case only (families, counsel, organizations)"),
}
CONFIDENCES = {
    "high": _l("High: the office's own page, or two independent sources"),
    "medium": _l("Medium: one source"),
    "unverified": _l("Not verified: from memory"),
}
CONFIDENCE_SHORT = {"high": _l("high"), "medium": _l("medium"), "unverified": _l("not verified")}
CHANNELS = {"email": _l("E-mail"), "post": _l("Post"), "web_form": _l("Form on the office's site")}
CONTACT_STATUSES = {"active": _l("In use"), "suspended": _l("Suspended"), "withdrawn": _l("Withdrawn")}
STYLES = {
    "official": _l("An official, by name and title"),
    "ambassador": _l("Ambassador"),
    "assembly_member": _l("Member of an assembly"),
    "assistant_secretary": _l("Assistant secretary"),
    "body": _l("A body without a head of its own"),
    "commissioner": _l("Commissioner"),
    "committee_chair": _l("Chair of a committee"),
    "council_member": _l("Member of a council"),
    "director": _l("Director"),
    "head_of_state": _l("Head of state"),
    "high_commissioner": _l("High Commissioner"),
    "minister": _l("Minister"),
    "organization": _l("Organization"),
    "president": _l("President"),
    "representative": _l("Representative"),
    "secretary_general": _l("Secretary-General"),
    "secretary_of_state": _l("Secretary of State"),
    "senator": _l("Senator"),
}
CHECKS = {
    "any": _l("Anything"),
    "terms": _l("Terms that end or have ended"),
    "contacts": _l("Contacts to verify"),
    "checked": _l("Not checked for long"),
}
RHYTHMS = {"single": _l("Each letter by itself"), "digest": _l("One digest a day")}
IMPORT_FORMATS = {
    "csv": _l("Table (CSV), as in an export"),
    "yaml": _l("YAML, as in an export"),
    "popolo": _l("Popolo (JSON)"),
    "congress-legislators": _l("United States Congress: congress-legislators"),
    "openstates": _l("States of the United States: Open States people"),
    "zip-districts": _l("Postal codes and districts of the United States"),
}
COLUMNS = {
    "institution": _l("Institution"),
    "title": _l("Title of the office"),
    "short_name": _l("Short name"),
    "level": _l("Level"),
    "country": _l("Country"),
    "jurisdiction": _l("Jurisdiction"),
    "accepts": _l("Who may write"),
    "how_to_submit": _l("How to submit"),
    "mandate": _l("What the office can do"),
    "languages": _l("Languages"),
    "address_style": _l("Form of address"),
    "variants": _l("Other names"),
    "note": _l("Note for organizers"),
    "confidence": _l("How sure we are"),
    "checked_on": _l("Last checked on"),
    "sources": _l("Sources"),
    "name": _l("Name"),
    "family_name": _l("Family name"),
    "honorific": _l("Honorific"),
    "rank": _l("Rank"),
    "starts_on": _l("First day"),
    "ends_on": _l("Last day"),
    "acting": _l("Acting"),
    "vacant": _l("Vacant"),
    "term_note": _l("Note on the term"),
    "channel": _l("Way"),
    "value": _l("Address"),
    "postal": _l("Postal address"),
    "form_fields": _l("Fields of the form, in its order"),
    "street": _l("Street, post-office box or building"),
    "city": _l("Town"),
    "region": _l("State or region"),
    "postal_code": _l("Postal code"),
    "language": _l("Language"),
    "slug": _l("In addresses"),
    "status": _l("Status"),
    "closed_on": _l("Closed on"),
    "closed_reason": _l("What happened"),
    "successor": _l("Who is written to instead"),
    "area": _l("What it represents"),
    "forms": _l("Forms of address of its own"),
    "daily_limit": _l("Most letters a day"),
    "opens_at": _l("Letters leave from this hour on"),
    "closes_at": _l("And no more from this hour on"),
    "time_zone": _l("Its time zone"),
    "rhythm": _l("How it likes to get its letters"),
    "origin": _l("Data set"),
    "kind": _l("Kind"),
    "code": _l("Code"),
    "parent": _l("Part of"),
    "edition": _l("Edition"),
    "added": _l("Added postal codes"),
    "removed": _l("Removed postal codes"),
}


def place_rows(place: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return where a contact leads as (name of a line, what stands there), lines of a postal address apart.

    Args:
        place: as of `app.recipients.second_look.place_of`.
    """
    postal = place["postal"] or {}
    lines = {"channel": str(CHANNELS[place["channel"]]), "value": place["value"] or ""}
    lines |= {name: postal.get(name, "") for name in ("street", "postal_code", "city", "region")}
    lines |= {"country": place["country"] or ""}
    return [(str(COLUMNS[name]), text) for name, text in lines.items()]


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name of a line, what stands there, what is to stand there) for each line that changes."""
    rows = zip(place_rows(old), place_rows(new), strict=True)
    return [
        (name, before or _("empty"), after or _("empty"))
        for (name, before), (_n, after) in rows
        if before != after
    ]


def group_words(group: Mapping[str, str]) -> str:
    """Return what the offices of a group have in common, in words."""
    said = dict(group)
    for name, words in (("kind", STYLES), ("level", LEVELS)):
        if name in said:
            said[name] = str(words.get(said[name], said[name]))
    if "country" in said:
        said["country"] = country_name(said["country"], page_language())
    return " · ".join(said.values())
