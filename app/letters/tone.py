"""What the rules about wording find in a supporter's own words: told openly, and nothing is changed."""

from __future__ import annotations

from flask_babel import gettext as _

from app.rendering.tone import Finding, Rule, findings, must_be_read

LABELS = ("hostage", "hostages", "otage", "otages")
CONTEMPT = (
    "regime",
    "barbaric",
    "barbarian*",
    "barbarous",
    "terrorist state",
    "jihadist*",
    "dogs",
    "genocidal",
    "régime azerbaïdjanais",
    "régime d'aliyev",
    "barbare*",
    "état terroriste",
    "djihadiste*",
    "génocidaire*",
)
PEOPLES = ("the turks", "azeris are", "azerbaijanis are", "armenians are", "les turcs", "les azéris")
GRAPHIC = ("behead*", "mutilat*", "decapitat*", "décapit*", "mutil*")
MISSPELT = ("minks", "visconte", "shameen", "artaskh")
DISPUTED = (
    "illegal",
    "illegally",
    "ethnic cleansing",
    "genocide",
    "sham",
    "illégal*",
    "nettoyage ethnique",
    "génocide",
    "parodie de procès",
)
PRESSING = ("demand", "demands", "sanctions", "exige", "exigeons")
RELIGION = ("christian prisoner*", "christian hostage*", "prisonniers chrétiens")
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
    """Return the rules that a supporter's own words are held against, in the reader's language."""
    read_first = _("A letter with this is read by a moderator before it leaves. You can still change it.")
    return (
        Rule("hold", THREATS, read_first, _("what you hope for")),
        Rule("hold", ABUSE, read_first, _("what happened, and what you ask")),
        Rule(
            "block",
            LABELS,
            _("It is a legal label that an office cannot take over, and it ends the conversation."),
            _("detainees"),
            unless=("hostages and other detained persons", "otages et autres personnes détenues"),
        ),
        Rule(
            "block",
            CONTEMPT,
            _("Words of contempt close the door that the letter should open."),
            _("the Government of Azerbaijan, and what it did"),
        ),
        Rule("block", PEOPLES, _("States and institutions act; peoples do not."), _("the office that acted")),
        Rule(
            "block", GRAPHIC, _("Families of the prisoners may read this, too; the offices know the reports.")
        ),
        Rule("block", MISSPELT, _("This name is spelled differently.")),
        Rule(
            "warn",
            DISPUTED,
            _("This is disputed before courts. It weighs more when it is said who found so, and when."),
        ),
        Rule("warn", PRESSING, _("A request is granted more easily than a demand."), _("I ask")),
        Rule(
            "warn",
            RELIGION,
            _("The prisoners are held as people, not as a religion."),
            _("Armenian prisoners"),
        ),
    )


def look_at_words(own: str) -> tuple[Finding, ...]:
    """Return what the rules find in a supporter's own words."""
    return findings(own, rules())


def must_be_held(own: str) -> bool:
    """Whether somebody has to read these words before they leave."""
    return must_be_read(own, rules())
