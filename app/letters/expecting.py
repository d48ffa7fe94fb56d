"""When a letter should leave, in words for its writer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from flask import current_app
from flask_babel import format_timedelta, ngettext
from flask_babel import gettext as _

from app.database import db
from app.delivery.line import Place, place_of
from app.delivery.states import DUE
from app.delivery.stops import stopped
from app.letters.confirming import copies_of
from app.letters.following import find_by_token
from app.recipients.models import Recipient

SOON: Final = timedelta(minutes=1)


def expectations(token: str, *, now: datetime) -> dict[str, str]:
    """Return, by office, when a waiting copy should leave; nothing for one that leaves at once.

    Raises:
        NotFound: there is no such letter.
    """
    session = db.session
    waiting = [copy for copy in copies_of(session, find_by_token(session, token)) if copy.state in DUE]
    if not waiting:
        return {}
    rate, what = current_app.config["REDRESS_SETTINGS"].pace_domain, stopped(session)
    found = {}
    for copy in waiting:
        office = session.get_one(Recipient, copy.recipient_id)
        place = place_of(session, copy, rate=rate, stopped=what, now=now)
        said = in_words(place, now, together=office.rhythm == "digest")
        if said:
            found[office.slug] = said
    return found


def in_words(place: Place, now: datetime, *, together: bool = False) -> str:
    """Return a place in the line as a sentence or two; "" where there is nothing to wait for.

    Args:
        place: the place.
        now: the instant.
        together: whether the office gets its letters once a day, in one mail.
    """
    if place.is_stopped:
        return _(
            "The organizers have paused sending. Your letter is kept and keeps its place; it leaves when"
            " sending goes on."
        )
    wait = place.expected - now
    daily = _("This office gets its letters once a day, together.") if together else ""
    if wait < SOON:
        return daily
    when = _("It should leave in about %(span)s.", span=format_timedelta(wait, threshold=1.2))
    if together:
        return f"{daily} {when}"
    if not place.ahead:
        return when
    before = ngettext(
        "One letter to this office's mail server is before yours.",
        "%(num)s letters to this office's mail server are before yours.",
        place.ahead,
    )
    return f"{when} {before}"
