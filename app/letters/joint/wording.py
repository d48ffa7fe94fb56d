"""A joint letter to one office, with the names of all who sign it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import TemplateVersion
from app.campaigns.reading import AudienceOffice
from app.errors import NotFound, Refused, Unavailable
from app.i18n.dates import long_date
from app.letters.joint.models import JointLetter
from app.letters.joint.reading import carried_by, line_of
from app.letters.models import Letter
from app.letters.snapshot import Snapshot
from app.letters.wording import Frame, Worded
from app.rendering import letter as rendering
from app.rendering.letter import LetterContent, Paragraph
from app.rendering.sentences import RenderingError

REFERENCE_TRIED = "XXXX-XXXX-XX"


@dataclass(frozen=True)
class JointWords:
    """What a joint letter says beside its template.

    Attributes:
        key: of the joint letter: which wordings are drawn follows from it.
        names: a line for each signatory, in order.
        reference: its short name.
        campaign_slug: for the address of the public list.
        first_sent_on: set for an update: when the letter was sent whose later signatories these are.
    """

    key: bytes
    names: tuple[str, ...]
    reference: str
    campaign_slug: str
    first_sent_on: date | None = None


def word_joint(frame: Frame, words: JointWords, *, written_on: date) -> Worded:
    """Return a joint letter to one office.

    Raises:
        Unavailable: it cannot be worded until an organizer has looked at it.
    """
    try:
        wording, values = frame.wording, frame.values
        subject = wording.subject.render(values)
        body = wording.compose(wording.settle((), words.key), words.key)
        said = rendering.paragraphs(body, values)
    except RenderingError as error:
        current_app.logger.error(
            "joint letter %s cannot be worded: %s", frame.version.template.key, error.sentence
        )
        sentence = _("This letter cannot be made at the moment: an organizer has to look at it first.")
        raise Unavailable(sentence, 3600) from None
    with force_locale(frame.language):
        content = LetterContent(
            language=frame.language,
            address_lines=frame.address_lines,
            place_and_date=rendering.place_and_date("", written_on, frame.locale),
            subject=subject,
            salutation=frame.form.salutation,
            paragraphs=(*_introduction(frame, words), *said),
            closing=frame.form.closing,
            signature_lines=signature_lines(words.names),
            footer_lines=(_footer(words),),
        )
    return Worded(
        slug=frame.slug,
        short_name=frame.short_name,
        to_line=frame.form.envelope[0],
        subject=subject,
        segments=rendering.segments(content),
        version=frame.version,
        language=frame.language,
        country=frame.country,
    )


def word_joint_copy(
    session: Session, snapshot: Snapshot, letter: Letter, office: AudienceOffice, version: TemplateVersion
) -> Worded:
    """Return one copy of a letter that carries a joint letter, with the signatures that it carries."""
    joint = session.get_one(JointLetter, letter.joint_letter_id)
    sent = joint.dispatched_at
    with force_locale(letter.language):
        lines = [line_of(row.supporter, row.kind, letter.language) for row in carried_by(session, letter.id)]
    words = JointWords(
        key=joint.id.bytes,
        # Whoever had their data erased stands on no letter any more.
        names=tuple(filter(None, lines)),
        reference=letter.reference,
        campaign_slug=snapshot.campaign.slug,
        first_sent_on=sent.date() if sent is not None and sent < letter.created_at else None,
    )
    return word_joint(snapshot.frame(office, version, letter.written_on), words, written_on=letter.written_on)


def tried(snapshot: Snapshot, joint: JointLetter, *, day: date) -> list[Worded]:
    """Return a joint letter to each of its offices, as it reads before anybody's name stands under it.

    Raises:
        Unavailable: as `word_joint`.
    """
    if joint.version is None:
        return []
    words = JointWords(
        key=joint.id.bytes, names=(), reference=REFERENCE_TRIED, campaign_slug=snapshot.campaign.slug
    )
    return [
        word_joint(snapshot.frame(office, joint.version, day), words, written_on=day)
        for office in offices_of(snapshot, joint)
    ]


def offices_of(snapshot: Snapshot, joint: JointLetter) -> list[AudienceOffice]:
    """Return the offices of a joint letter that its campaign still writes to, in its order."""
    by_id = {str(office.addressee.recipient.id): office for office in snapshot.offices}
    return [by_id[one] for one in joint.offices if one in by_id]


def check_wording(snapshot: Snapshot, joint: JointLetter, *, day: date) -> None:
    """Find out whether a joint letter can be worded for all of its offices.

    Raises:
        Refused: it speaks of one signatory, or it cannot be worded.
    """
    offices = offices_of(snapshot, joint)
    if joint.version is None or not offices:
        raise Refused(_("Choose at least one office."), "offices")
    for office in offices:
        try:
            frame = snapshot.frame(office, joint.version, day)
            if any(name == "personal" or name.startswith("supporter.") for name in frame.wording.names):
                raise Refused(
                    _(
                        "Many sign a joint letter: its text can neither name the supporter nor hold words "
                        "of their own."
                    ),
                    "letter",
                )
            words = JointWords(joint.id.bytes, (), REFERENCE_TRIED, snapshot.campaign.slug)
            word_joint(frame, words, written_on=day)
        except (Unavailable, NotFound) as error:
            raise Refused(error.sentence, "letter") from None


def _introduction(frame: Frame, words: JointWords) -> tuple[Paragraph, ...]:
    if words.first_sent_on is None:
        return ()
    return (Paragraph(later_names(len(words.names), words.first_sent_on, frame.language), "fixed"),)


def later_names(count: int, first_sent_on: date, language: str) -> str:
    """Return what an update begins with, in the language that is forced."""
    return ngettext(
        "On %(day)s we sent you the letter below. Since then one more name has been put under it.",
        "On %(day)s we sent you the letter below. Since then %(num)s more names have been put under it.",
        count,
        day=long_date(first_sent_on, language),
    )


def signature_lines(names: Sequence[str]) -> tuple[str, ...]:
    """Return how names stand under a joint letter, in the language that is forced."""
    if not names:
        return ()
    heading = ngettext("Signed by one signatory:", "Signed by %(num)s signatories:", len(names))
    return (heading, *(f"{number}. {name}" for number, name in enumerate(names, 1)))


def _footer(words: JointWords) -> str:
    settings = current_app.config["REDRESS_SETTINGS"]
    return _(
        "Joint letter %(reference)s. Each signatory confirmed it by e-mail through %(site)s; those who "
        "agreed to it are named on %(list)s. A reply to this message reaches the organizers.",
        reference=words.reference,
        site=settings.site_name,
        list=f"{settings.base_url}/campaigns/{words.campaign_slug}/signatures",
    )
