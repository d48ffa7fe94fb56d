"""Whether a wording can be sent as it is: held against every office, point and wording that it can meet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.campaigns.models import THANKS, Campaign, TemplateVersion
from app.campaigns.reading import AudienceOffice
from app.evidence.content_rules import tone_rules
from app.evidence.reading import content_rules, known_on
from app.i18n import page_language
from app.letters.draft import Writer
from app.letters.going_to import offices_of
from app.letters.values import FIELD_OF, names_for, own_values, values_for
from app.letters.wording import source_of, wording_of
from app.rendering import letter
from app.rendering.originality import count_words
from app.rendering.placeholders import LetterTemplate, MissingValue
from app.rendering.points import POINTS, WORDING, Wording, problems_of
from app.rendering.tone import Finding, findings

_TAG = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
SOMEBODY: Final = Writer(name="Mariam Writer", email="", country="FR", city="Lyon")
_ASK: Final = "recipient.ask"
_DEED: Final = "recipient.deed"
_UNTIDY = re.compile(r"[ \t]{2,}|\s[,.)](?:\s|$)|[,;:.]{2,}|\(\s|\s$|^\s", re.MULTILINE)


@dataclass(frozen=True)
class TemplateProblem:
    """One thing that is wrong with a wording.

    Attributes:
        where: which of its texts, as "points.visits.2"; "" is the body.
        line, column: in that text, from 1; 0 where it is about the whole.
        sentence: what, in the reader's language.
    """

    where: str
    line: int
    column: int
    sentence: str

    def __str__(self) -> str:
        place = _("line %(line)s, column %(column)s", line=self.line, column=self.column) if self.line else ""
        return ": ".join(
            part for part in (", ".join(filter(None, (self.where, place))), self.sentence) if part
        )


def problems_of_template(
    session: Session, campaign: Campaign, version: TemplateVersion, *, day: date
) -> list[TemplateProblem]:
    """Return what is wrong with a wording of a campaign: nothing, if supporters can be offered it.

    Told are what cannot be read; names that are empty for any office, in any point or wording; doubled
    blanks and signs; words that the register says no letter may use; and a length outside of the letter's
    range, whatever is chosen.

    Args:
        session: any session.
        campaign: with its audience.
        version: of one of its letters; need not be stored.
        day: on which it would be sent.
    """
    known = known_on(session, day)
    unread = [
        TemplateProblem(where, problem.line, problem.column, _(problem.message, **problem.values))
        for where, problem in problems_of(source_of(version), names_for(*known.keys))
    ]
    blocked = [problem for level, problem in words_to_avoid(session, version) if level == "block"]
    if unread or blocked:
        return [*unread, *blocked]
    wording, language = wording_of(version, known), version.template.language
    problems = [*_unplaced(wording), *_out_of_place(version, wording)]
    for office in offices_of(session, campaign, version, day):
        values = values_for(
            campaign=campaign,
            office=office,
            language=language,
            known=known,
            names=wording.names,
            written_on=day,
        )
        problems += _problems_for(office, version, wording, values | own_values(SOMEBODY, "—", language))
    return list(dict.fromkeys(problems))


def words_to_avoid(session: Session, version: TemplateVersion) -> list[tuple[str, TemplateProblem]]:
    """Return what the register's rules about wording find in a version: level (`block`, `warn`) and place."""
    language = version.template.language
    rules = tone_rules(content_rules(session), said_in=page_language(), written_in=language)
    return [
        (found.level, _avoided(where, text, found))
        for where, text in source_of(version).texts()
        for found in findings(_TAG.sub(lambda tag: " " * len(tag[0]), text), rules)
    ]


def _avoided(where: str, text: str, found: Finding) -> TemplateProblem:
    line = text.count("\n", 0, found.start) + 1
    column = found.start - (text.rfind("\n", 0, found.start) + 1) + 1
    sentence = f"“{found.word}”: {found.reason}"
    if found.replacement:
        sentence += " " + _("Instead: %(words)s.", words=found.replacement)
    return TemplateProblem(where, line, column, sentence)


def sentences_for(session: Session, campaign: Campaign, version: TemplateVersion, *, day: date) -> list[str]:
    """Return the same in sentences, as loading a campaign's folder asks for them."""
    return [str(problem) for problem in problems_of_template(session, campaign, version, day=day)]


def lengths(wording: Wording, values: Mapping[str, str]) -> tuple[int, int]:
    """Return the fewest and the most words that a letter's body can have without the supporter's own."""
    rest = _rest(wording)
    least = most = sum(
        count_words(paragraph.text)
        for paragraph in letter.paragraphs(rest, values)
        if paragraph.kind == "fixed"
    )
    for texts in wording.wordings.values():
        counts = [count_words(text.render(values)) for text in texts]
        least, most = least + min(counts), most + max(counts)
    counts_of = [[count_words(text.render(values)) for text in point.texts] for point in wording.points]
    least += sum(sorted(map(min, counts_of))[: wording.least])
    most += sum(sorted(map(max, counts_of), reverse=True)[: wording.most])
    return least, most


def _out_of_place(version: TemplateVersion, wording: Wording) -> Iterator[TemplateProblem]:
    template = version.template
    if template.kind == THANKS and _ASK in wording.names:
        sentence = _("A letter of thanks asks for nothing: take out %(name)s.", name=_ASK)
        yield TemplateProblem("", 0, 0, sentence)
    if template.kind == THANKS and _DEED not in wording.body.names:
        yield TemplateProblem("", 0, 0, _("The text has no %(name)s.", name="{{ " + _DEED + " }}"))
    if template.kind != THANKS and wording.names & {_DEED, f"{_DEED}_date"}:
        yield TemplateProblem("", 0, 0, _("Only a letter of thanks tells what an office has done."))


def _unplaced(wording: Wording) -> Iterator[TemplateProblem]:
    wanted = {POINTS} if wording.points else set()
    for name in sorted((wanted | {f"{WORDING}{name}" for name in wording.wordings}) - wording.body.names):
        yield TemplateProblem("", 0, 0, _("The text has no %(name)s.", name="{{ " + name + " }}"))


def _problems_for(
    office: AudienceOffice, version: TemplateVersion, wording: Wording, values: Mapping[str, str]
) -> Iterator[TemplateProblem]:
    missing = list(_missing(office, version, wording, values))
    yield from missing
    if missing:
        return
    template = version.template
    least, most = lengths(wording, values)
    if (template.shortest and least < template.shortest) or (template.longest and most > template.longest):
        yield TemplateProblem(
            "",
            0,
            0,
            _(
                "To %(office)s the letter has %(least)s to %(most)s words; it should have %(shortest)s to "
                "%(longest)s.",
                office=office.short_name,
                least=least,
                most=most,
                shortest=template.shortest,
                longest=template.longest,
            ),
        )


def _missing(
    office: AudienceOffice, version: TemplateVersion, wording: Wording, values: Mapping[str, str]
) -> Iterator[TemplateProblem]:
    deed, language = office.deed, version.template.language
    if version.template.kind == THANKS and deed is not None and language not in deed.said:
        sentence = _("What %(office)s has done is not said in this language.", office=office.short_name)
        yield TemplateProblem("", 0, 0, sentence)
    for where, text in _texts(wording):
        try:
            said = text.render(values)
        except MissingValue as error:
            # What the supporter left empty the form asks for.
            if error.name not in FIELD_OF:
                sentence = _(
                    "To %(office)s nothing is known for %(name)s.", office=office.short_name, name=error.name
                )
                yield TemplateProblem(where, error.line, error.column, sentence)
            continue
        if where and (found := _UNTIDY.search(said)):
            sentence = _(
                "To %(office)s this says “%(text)s”.", office=office.short_name, text=_around(said, found)
            )
            yield TemplateProblem(where, said.count("\n", 0, found.start()) + 1, 0, sentence)


def _texts(wording: Wording) -> Iterator[tuple[str, LetterTemplate]]:
    yield "", _rest(wording)
    yield "subject", wording.subject
    for point in wording.points:
        yield from ((f"{POINTS}.{point.key}.{place}", text) for place, text in enumerate(point.texts, 1))
    for name, texts in wording.wordings.items():
        yield from ((f"{WORDING}{name}.{place}", text) for place, text in enumerate(texts, 1))


def _rest(wording: Wording) -> LetterTemplate:
    return wording.body.with_parts({POINTS: (), **{f"{WORDING}{name}": () for name in wording.wordings}})


def _around(text: str, found: re.Match[str]) -> str:
    return " ".join(text[max(found.start() - 20, 0) : found.end() + 20].split("\n"))
