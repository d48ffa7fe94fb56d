"""Letters that their writers send themselves: made like any other, and stored nowhere.

Their text is that of a letter that we send, without the footer that says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext as _

from app.campaigns.reading import AudienceOffice
from app.campaigns.texts import text
from app.errors import NotFound
from app.letters.draft import Draft, Writer, place_of
from app.letters.form_help import FormHelp, form_help
from app.letters.own_sending import Channel
from app.letters.snapshot import Snapshot
from app.letters.wording import Worded
from app.letters.writing import words_of
from app.recipients.models import Contact
from app.recipients.resolution import envelope_lines
from app.rendering.letter import Segment, with_address, without_footer
from app.rendering.own_mail import MailLink, mailto, web_mails
from app.rendering.paper.press import pdf
from app.rendering.paper.sheet import Sheet


@dataclass(frozen=True)
class OwnMail:
    """A letter for a mail program: `program` opens one, `web` those in the browser."""

    address: str
    program: MailLink
    web: tuple[MailLink, ...]


@dataclass(frozen=True)
class OwnCopy:
    """A letter to one office, with the ways on which its writer can send it; neither: on paper only."""

    slug: str
    title: str
    subject: str
    text: str
    language: str
    recipient_id: uuid.UUID
    mail: OwnMail | None
    form: FormHelp | None

    @property
    def channel(self) -> Channel | None:
        """How it goes, if it goes at all."""
        return "email" if self.mail else "web_form" if self.form else None


def own_copies(snapshot: Snapshot, draft: Draft, *, now: datetime) -> list[OwnCopy]:
    """Return the letters of a draft for their writer to send. Nothing is stored; no address is needed.

    Args:
        snapshot: the campaign as it is now.
        draft: what came from the form.
        now: the instant; the letter's date comes from it.

    Raises:
        Refused: an office cannot be written to, or the letter needs something that was left empty.
        Unavailable: a letter cannot be worded.
    """
    return [_copy(office, worded, draft.writer) for office, worded in _letters(snapshot, draft, now=now)]


def own_paper(snapshot: Snapshot, draft: Draft, *, now: datetime) -> bytes:
    """Return the letters of a draft as one PDF, in the order of the campaign's offices.

    Each is addressed for the window of an envelope where the office has a verified postal address.
    Arguments and errors as of `own_copies`.
    """
    return pdf(
        *(_sheet(office, worded, draft.writer) for office, worded in _letters(snapshot, draft, now=now))
    )


def find_copy(copies: Sequence[OwnCopy], slug: str) -> OwnCopy:
    """Return the letter to one office.

    Raises:
        NotFound: it is not among them.
    """
    for copy in copies:
        if copy.slug == slug:
            return copy
    raise NotFound(_("There is no such copy."))


def _letters(snapshot: Snapshot, draft: Draft, *, now: datetime) -> list[tuple[AudienceOffice, Worded]]:
    # An address that was typed all the same has no business in a letter that we do not send.
    words = words_of(replace(draft, writer=replace(draft.writer, email="")), now=now)
    offices = snapshot.choose(draft.recipients, place_of(draft.writer))
    return [
        (office, _by_themselves(snapshot.word(office, words, version)))
        for office in offices
        for version in [snapshot.version_for(office, draft.language, now=now)]
    ]


def _by_themselves(worded: Worded) -> Worded:
    return replace(worded, segments=without_footer(worded.segments))


def _sheet(office: AudienceOffice, worded: Worded, writer: Writer) -> Sheet:
    names = address_of(worded.segments)
    lines = envelope_lines(office.addressee, names, sender_country=writer.country, language=worded.language)
    return Sheet(worded.language, worded.country, with_address(worded.segments, lines))


def address_of(segments: Sequence[Segment]) -> list[str]:
    """Return the lines to which a letter is addressed."""
    return [line for one in segments if one.kind == "address" for line in one.text.splitlines() if line]


def _copy(office: AudienceOffice, worded: Worded, writer: Writer) -> OwnCopy:
    mail, form = office.addressee.contact, office.addressee.form
    return OwnCopy(
        slug=office.slug,
        title=office.title,
        subject=worded.subject,
        text=worded.text,
        language=worded.language,
        recipient_id=office.addressee.recipient.id,
        mail=_mail(mail.value, worded) if mail else None,
        form=None if mail or not form else _form(form, office, worded, writer),
    )


def _mail(address: str, worded: Worded) -> OwnMail:
    letter = (address, worded.subject, worded.text)
    return OwnMail(address, mailto(*letter), web_mails(*letter))


def _form(contact: Contact, office: AudienceOffice, worded: Worded, writer: Writer) -> FormHelp:
    ask = text(office.member.ask_text, worded.language)
    return form_help(contact, replace(writer, email=""), worded.segments, ask=ask, language=worded.language)
