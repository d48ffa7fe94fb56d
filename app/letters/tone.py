"""What the rules about wording find in a supporter's own words: told openly, and nothing is changed."""

from __future__ import annotations

from flask_babel import gettext as _

from app.database import db
from app.evidence.content_rules import tone_rules
from app.evidence.reading import content_rules
from app.i18n import page_language
from app.rendering.tone import Finding, Rule, findings, must_be_read

THREATS = (
    "i will kill",
    "we will kill",
    "kill you",
    "kill them all",
    "you will all die",
    "you will pay for",
    "we know where you live",
    "i know where you live",
    "watch your back",
    "burn in hell",
    "hope you die",
    "deserve to die",
    "you must die",
    "vais te tuer",
    "vais vous tuer",
    "allez le payer",
    "je sais où vous habitez",
    "crevez",
    "mérite* de mourir",
)
ABUSE = (
    "fuck*",
    "bastard*",
    "scum",
    "vermin",
    "subhuman*",
    "asshole*",
    "son of a bitch",
    "connard*",
    "salaud*",
    "ordure*",
    "sous-homme*",
    "enculé*",
)


def rules() -> tuple[Rule, ...]:
    """Return the rules that a supporter's own words are held against, in the reader's language.

    Threats and insults are held for a moderator; the register's rules are told, and hold nothing.
    """
    read_first = _("A letter with this is read by a moderator before it leaves. You can still change it.")
    return (
        Rule("hold", THREATS, read_first, _("what you hope for")),
        Rule("hold", ABUSE, read_first, _("what happened, and what you ask")),
        *tone_rules(content_rules(db.session), said_in=page_language()),
    )


def look_at_words(own: str) -> tuple[Finding, ...]:
    """Return what the rules find in a supporter's own words."""
    return findings(own, rules())


def must_be_held(own: str) -> bool:
    """Whether somebody has to read these words before they leave."""
    return must_be_read(own, (Rule("hold", THREATS, ""), Rule("hold", ABUSE, "")))
