"""What a delivery's state means, in the words that its writer reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask_babel import gettext as _

from app.delivery import causes
from app.letters.deciding import GIVEN_UP, TOLD, UNSUBMITTED
from app.letters.dispatch import ADDRESS_GONE
from app.letters.freezing import BY_FORM
from app.letters.stating import ACTED, CLOSED_MEASURE, CORRECTED, RELEASED_PERSON, UNDONE, WITHDRAWN

Mood = Literal["good", "wait", "bad", "over"]


@dataclass(frozen=True)
class Standing:
    """A state in words.

    Attributes:
        label: two or three words.
        what: what happened.
        next: what comes next, or what the writer can do.
        mood: how it should look; never the only sign.
    """

    label: str
    what: str
    next: str
    mood: Mood


def standing_of(state: str, reason: str = "") -> Standing:
    """Return a delivery state in words.

    Args:
        state: one of the states of `app.delivery.models.STATES`.
        reason: why it is held.
    """
    if state == "held":
        following = _("An organizer looks at it. You need not do anything.")
        if reason.startswith(CORRECTED):
            following = _("Where the corrected letter stands below, you can send it like that.")
        return Standing(_("Held"), _held(reason), following, "wait")
    if state == "awaiting_confirmation" and reason == BY_FORM:
        return Standing(
            _("Waits for you"),
            _("This office takes letters only through the form on its own site."),
            _("Copy your letter there, then tell us below that you did."),
            "wait",
        )
    if state == "cancelled" and (reason == UNSUBMITTED or reason.startswith(TOLD)):
        return Standing(_("Not sent"), _why_not(reason), _("Nothing was sent."), "over")
    if state == "failed" and reason == GIVEN_UP:
        return Standing(
            _("Not known"),
            _("The connection broke as it was handed over, and nobody could find out whether it was taken."),
            _("We do not send it twice on a guess. You can print it and post it."),
            "bad",
        )
    if state == "bounced":
        return Standing(_("Came back"), _came_back(reason), _after(reason), "bad")
    return _standings()[state]


def _came_back(reason: str) -> str:
    known = {
        causes.CAME_BACK_NO_ADDRESS: _("The office's mail server sent it back: the address does not exist."),
        causes.CAME_BACK_FULL: _("The office's mail server sent it back: the mailbox is full."),
        causes.CAME_BACK_REFUSED: _("The office's mail server sent it back: its rules are against it."),
    }
    return known.get(reason, _("The mail server returned it."))


def _after(reason: str) -> str:
    if reason == causes.CAME_BACK_FULL:
        return _(
            "The office got no room for it. You can write again on another day, or print it and post it."
        )
    if reason == causes.CAME_BACK_REFUSED:
        return _("An organizer looks into it. You can print the letter and post it.")
    return _("An organizer checks the address of the office.")


def _why_not(reason: str) -> str:
    if reason == UNSUBMITTED:
        return _("It was not put into the office's form.")
    return _("The organizers did not send it: %(what)s", what=reason.removeprefix(TOLD))


def _held(reason: str) -> str:
    known = {
        "no verified contact": _(
            "This office has no checked address yet; the letter waits until it has one."
        ),
        "office closed": _("The office closed before the letter left."),
        "holder changed": _(
            "Somebody else holds the office since you wrote: the letter must not go to the wrong name."
        ),
        "words to be read first": _(
            "Some of your own words sound like a threat or an insult: a moderator reads them first."
        ),
        "contact changed": _("The office's address changed before the letter left."),
        ADDRESS_GONE: _(
            "Mail to this office came back: its address does not exist any more."
            " The letter waits for a new one."
        ),
    }
    stated = {
        WITHDRAWN: _("It states a fact that turned out not to hold; it must not go out like this."),
        CORRECTED: _("It states a fact that was corrected since you wrote."),
        RELEASED_PERSON: _("Somebody whom it asks for is not in custody any more, by what is known now."),
        CLOSED_MEASURE: _("The measure that it asks for cannot be supported any more."),
        ACTED: _("The office has acted since you wrote: it should not be asked for what it has done."),
        UNDONE: _("It gives thanks for something that the office has not done, by what is known now."),
    }
    about = next((said for begins, said in stated.items() if reason.startswith(begins)), "")
    return about or known.get(reason, _("The letter waits for a decision."))


def _standings() -> dict[str, Standing]:
    return {
        "awaiting_confirmation": Standing(
            _("Not confirmed"),
            _("You have not confirmed this letter yet."),
            _("Open the link in our mail."),
            "wait",
        ),
        "queued": Standing(
            _("In the queue"),
            _("It is ready and waits for its turn."),
            _("It leaves by itself, mostly within minutes."),
            "wait",
        ),
        "sending": Standing(
            _("Leaving now"), _("It is being handed over."), _("Look again in a minute."), "wait"
        ),
        "accepted": Standing(
            _("Accepted"),
            _("The office's mail server took it. Whether somebody reads it, no one can promise."),
            _("An answer would come to your own mailbox."),
            "good",
        ),
        "deferred": Standing(
            _("Trying again"),
            _("The office's mail server could not take it yet."),
            _("We keep trying, at growing intervals, for four days."),
            "wait",
        ),
        "unclear": Standing(
            _("Unclear"),
            _("The connection broke at the one moment where nobody can know whether it was taken."),
            _("We do not send it twice on a guess: an organizer finds out."),
            "wait",
        ),
        "failed": Standing(
            _("Refused"),
            _("The office's mail server refused it."),
            _("An organizer checks the address of the office."),
            "bad",
        ),
        "cancelled": Standing(
            _("Taken back"), _("It was taken back before it left."), _("Nothing was sent."), "over"
        ),
        "to_print": Standing(
            _("To be printed"), _("It goes by post."), _("An organizer prints and posts it."), "wait"
        ),
        "printed": Standing(_("Printed"), _("It is on paper."), _("It will be posted."), "wait"),
        "posted": Standing(_("Posted"), _("It is in the post."), _("An answer would come to you."), "good"),
        "self_sent": Standing(
            _("Sent by you"), _("You sent it yourself."), _("An answer would come to you."), "good"
        ),
    }
