"""The organizers' front door: the desk, and the pages that lead to it."""

from flask import Flask

from app.admin import (
    account,
    asking,
    audit,
    campaign_folders,
    campaign_joint,
    campaign_letters,
    campaign_replies,
    campaign_updates,
    campaigns,
    case_files,
    contacts,
    corrections,
    deeds,
    evidence,
    groups,
    held,
    holders,
    imports,
    letters,
    organizers,
    post,
    recipients,
    rules,
    second_looks,
    stops,
    today,
    unclear,
    welcome,
)
from app.i18n import page_language
from app.letters.stopping import stops_on
from app.organizers.sign_in import init_sign_in

__all__ = [
    "asking",
    "campaign_folders",
    "campaign_joint",
    "campaign_letters",
    "campaign_replies",
    "campaign_updates",
    "case_files",
    "contacts",
    "deeds",
    "groups",
    "holders",
    "imports",
    "init_admin",
    "second_looks",
]

ROOMS = (
    today,
    campaigns,
    recipients,
    corrections,
    letters,
    stops,
    held,
    unclear,
    post,
    evidence,
    organizers,
    audit,
    rules,
    account,
    welcome,
)


def init_admin(app: Flask) -> None:
    """Register the organizers' pages."""
    init_sign_in(app)
    for room in ROOMS:
        app.register_blueprint(room.bp)
    # Asked by the desk's layout only: no page of supporters looks it up.
    app.context_processor(lambda: {"stops_on": lambda: stops_on(page_language())})
