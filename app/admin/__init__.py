"""The organizers' front door: the desk, and the pages that lead to it."""

from flask import Flask

from app.admin import (
    account,
    asking,
    audit,
    campaign_folders,
    campaign_joint,
    campaign_letters,
    campaigns,
    case_files,
    contacts,
    corrections,
    evidence,
    held,
    holders,
    imports,
    letters,
    organizers,
    post,
    recipients,
    rules,
    second_looks,
    today,
    welcome,
)
from app.organizers.sign_in import init_sign_in

__all__ = [
    "asking",
    "campaign_folders",
    "campaign_joint",
    "campaign_letters",
    "case_files",
    "contacts",
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
    held,
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
