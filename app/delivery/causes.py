"""Why a delivery changed its state: short English phrases in the journal, sentences on a page."""

from __future__ import annotations

from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

WRITTEN: Final = "written"
QUEUED: Final = "ready to leave"
BEGUN: Final = "an attempt began"
TAKEN: Final = "the mail server took it"
FOUND_IN_LOG: Final = "the mail server's log shows that it was taken"
NOT_NOW: Final = "the mail server cannot take it now"
CONNECTION_LOST: Final = "the connection broke before the message was complete"
SERVER_AWAY: Final = "the mail server cannot be used"
REFUSED: Final = "the mail server refused it"
GAVE_UP: Final = "no mail server took it for four days"
BROKE_OFF: Final = "the connection broke at the last moment"
WITHHELD: Final = "stopped before it was complete"
WORKER_LOST: Final = "the worker was lost during the attempt"
WORKER_LOST_AT_THE_DOT: Final = "the worker was lost at the last moment"
FAILED_INSIDE: Final = "an error of our own during the attempt"
QUARANTINED: Final = "three attempts ended in an error of our own"
NEEDS_SMTPUTF8: Final = "the mail server does not take addresses beyond ASCII"
NEEDS_8BIT: Final = "the mail server does not take 8-bit text"
RESTORED: Final = "it may have left after the backup was made"
"""Of what waited in a backup from which the database was restored."""
CAME_BACK_NO_ADDRESS: Final = "it came back: the address does not exist"
CAME_BACK_FULL: Final = "it came back: the mailbox is full"
CAME_BACK_REFUSED: Final = "it came back: the mail server's rules are against it"
CAME_BACK: Final = "it came back"

SENTENCES: Final[dict[str, LazyString]] = {
    WRITTEN: _l("It was written."),
    QUEUED: _l("It is ready to leave."),
    BEGUN: _l("It is being handed to the mail server."),
    TAKEN: _l("The mail server took it."),
    FOUND_IN_LOG: _l("The mail server's log shows that it was taken."),
    NOT_NOW: _l("The mail server cannot take it now; it is tried again."),
    CONNECTION_LOST: _l("The connection broke before the message was complete; it is tried again."),
    SERVER_AWAY: _l("Our mail server cannot be used at the moment; it is tried again."),
    REFUSED: _l("The mail server refused it for good."),
    GAVE_UP: _l("No mail server took it for four days."),
    BROKE_OFF: _l(
        "The connection broke between the last byte and the answer: nobody can know whether it was taken."
    ),
    WITHHELD: _l("It was stopped before it was complete; nothing left."),
    WORKER_LOST: _l("The program that sent it was lost before the message was complete; it is tried again."),
    WORKER_LOST_AT_THE_DOT: _l(
        "The program that sent it was lost at the last moment: nobody can know whether it was taken."
    ),
    FAILED_INSIDE: _l("An error of our own stopped the attempt; it is tried again."),
    QUARANTINED: _l("Three attempts ended in an error of our own; an organizer must look at it."),
    NEEDS_SMTPUTF8: _l("The mail server does not take addresses beyond plain Latin letters (SMTPUTF8)."),
    NEEDS_8BIT: _l("The mail server does not take this message's encoding (8BITMIME)."),
    RESTORED: _l(
        "It waited in the backup from which the database was restored; nobody can know whether it left since."
    ),
    CAME_BACK_NO_ADDRESS: _l("It came back: the address does not exist."),
    CAME_BACK_FULL: _l("It came back: the mailbox is full."),
    CAME_BACK_REFUSED: _l("It came back: the rules of the office's mail server are against it."),
    CAME_BACK: _l("It came back."),
}


def sentence(cause: str) -> str:
    """Return a journalled cause as a sentence in the reader's language; one of another room as it is."""
    return str(SENTENCES.get(cause, cause))
