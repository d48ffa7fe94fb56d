"""What a delivery's state means, in the words that its writer reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from flask_babel import gettext as _

from app.delivery import causes
from app.letters.deciding import CANCELLED, GIVEN_UP, TIME_OVER, TOLD, TWICE, UNSUBMITTED
from app.letters.dispatch import (
    ADDRESS_GONE,
    CONTACT_CHANGED,
    HOLDER_CHANGED,
    NO_CONTACT,
    OFFICE_CLOSED,
    PAUSED,
    STUCK,
    WORDS,
)
from app.letters.freezing import BY_FORM, LEFT_CAMPAIGN
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
        reason: why it is in it, as the journal says it; `PAUSED` of a copy that its writer must not send now.
    """
    told = _told_by_reason(state, reason)
    return told if told is not None else _standings()[state]


def _told_by_reason(state: str, reason: str) -> Standing | None:
    """Return a state in words where the reason tells more than the state alone."""
    by_state: dict[str, Callable[[str], Standing | None]] = {
        "awaiting_confirmation": _waiting_for_its_writer,
        "held": _kept_back,
        "deferred": _tried_again,
        "bounced": _returned,
        "cancelled": _cancelled,
        "failed": _failed,
        "unclear": _unclear,
    }
    return by_state[state](reason) if state in by_state else None


def _kept_back(reason: str) -> Standing:
    following = _("An organizer looks at it. You need not do anything.")
    if reason.startswith(CORRECTED):
        following = _("Where the corrected letter stands below, you can send it like that.")
    return Standing(_("Held"), _held(reason), following, "wait")


def _tried_again(reason: str) -> Standing | None:
    if reason != causes.SERVER_AWAY:
        return None
    what = _("Our own mail server cannot be used at the moment.")
    return Standing(_("Trying again"), what, _("It leaves as soon as that can be used again."), "wait")


def _unclear(reason: str) -> Standing | None:
    if reason != causes.RESTORED:
        return None
    following = _("We do not send it twice on a guess: an organizer finds out.")
    return Standing(_("Unclear"), _may_have_left(), following, "wait")


def _may_have_left() -> str:
    return _(
        "We had to go back to an earlier copy of our records, in which it had not left yet."
        " Nobody can tell at the moment whether it left after that."
    )


def _returned(reason: str) -> Standing:
    return Standing(_("Came back"), _came_back(reason), _after(reason), "bad")


def _waiting_for_its_writer(reason: str) -> Standing | None:
    if reason == PAUSED:
        return Standing(
            _("Paused"),
            _("The organizers have paused all letters to this office, so please do not send it now."),
            _("It is kept. Look at this page again in a day or two."),
            "wait",
        )
    if reason == BY_FORM:
        return Standing(
            _("Waits for you"),
            _("This office takes letters only through the form on its own site."),
            _("Open it, copy your letter there field by field, then tell us below that you did."),
            "wait",
        )
    return None


def _cancelled(reason: str) -> Standing | None:
    """Return why a copy was not sent; None where its writer took it back."""
    nothing = _("Nothing was sent.")
    if reason == UNSUBMITTED:
        what = _(
            "For four weeks nobody told us that it was put into the office's form, so it is closed here."
        )
        following = _("If you did put it in, the office has it all the same. If not, nothing was sent.")
    elif reason.startswith(TOLD):
        what = _("The organizers did not send it: %(what)s", what=reason.removeprefix(TOLD))
        following = nothing
    elif reason == CANCELLED:
        what = _("An organizer decided not to send it.")
        following = _("Nothing was sent. If you want to know why, ask us and name the reference below.")
    elif reason == LEFT_CAMPAIGN:
        what = _("The campaign stopped writing to this office before your letter left.")
        following = nothing
    elif reason == TWICE:
        what = _("This office closed, and the one that follows it gets your letter already.")
        following = _("This copy was not sent, so that it does not arrive twice.")
    elif reason == TIME_OVER:
        what = _("The campaign ended before your letter could leave.")
        following = nothing
    else:
        return None
    return Standing(_("Not sent"), what, following, "over")


def _failed(reason: str) -> Standing | None:
    """Return why a copy could not be handed over; None where the office's mail server refused it."""
    by_post = _("It did not arrive. You can print it and post it.")
    if reason == GIVEN_UP:
        return Standing(
            _("Not known"),
            _("Something broke off as it was to be handed over. Nobody could find out whether it was taken."),
            _("We do not send it twice on a guess. You can print it and post it."),
            "bad",
        )
    if reason == causes.GAVE_UP:
        what = _("The office's mail server did not take it for four days, so we stopped trying.")
    elif reason == causes.NEEDS_SMTPUTF8:
        what = _("The office's mail server cannot handle an address with letters beyond plain Latin ones.")
    elif reason == causes.NEEDS_8BIT:
        what = _("The office's mail server is too old for the letters in which yours is written.")
    else:
        return None
    return Standing(_("Could not be sent"), what, by_post, "bad")


def _came_back(reason: str) -> str:
    known = {
        causes.CAME_BACK_NO_ADDRESS: _("The office's mail server sent it back: the address does not exist."),
        causes.CAME_BACK_FULL: _("The office's mail server sent it back: the mailbox is full."),
        causes.CAME_BACK_REFUSED: _("The office's mail server sent it back: its rules are against it."),
    }
    return known.get(reason, _("The office's mail server sent it back, and did not say why."))


def _after(reason: str) -> str:
    if reason == causes.CAME_BACK_FULL:
        return _(
            "The office got no room for it. You can write again on another day, or print it and post it."
        )
    if reason == causes.CAME_BACK_REFUSED:
        return _("An organizer looks into it. You can print the letter and post it.")
    return _("An organizer checks the address of the office. You can print the letter and post it.")


def _held(reason: str) -> str:
    known = {
        NO_CONTACT: _("This office has no checked address at the moment; the letter waits until it has one."),
        OFFICE_CLOSED: _("The office closed before the letter left."),
        HOLDER_CHANGED: _(
            "Somebody else holds the office since you wrote: the letter must not go to the wrong name."
        ),
        WORDS: _("Some of your own words sound like a threat or an insult: a moderator reads them first."),
        CONTACT_CHANGED: _("The office's address changed before the letter left."),
        ADDRESS_GONE: _(
            "Mail to this office came back: its address does not exist any more."
            " The letter waits for a new one."
        ),
        causes.QUARANTINED: _("Three attempts to send it broke off here. Nothing of it has left."),
        STUCK: _("An error of our own keeps it back. Nothing of it has left."),
        causes.RESTORED: _may_have_left(),
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
            _("The office's mail server refused it for good."),
            _("An organizer checks the address of the office. You can print the letter and post it."),
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
