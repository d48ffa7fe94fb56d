"""Forms of the evidence desk."""

from __future__ import annotations

from datetime import date
from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField
from wtforms.validators import Regexp

from app.admin.fields import Day, Needed, SourceLines, line, offered, text
from app.admin.words import CONFIDENCES
from app.evidence.editing import TEXTS, FactDraft, MeasureDraft
from app.evidence.models import Fact, Measure
from app.i18n import page_language
from app.i18n.texts import text as in_words

PERSON_STATUSES = {
    "detained": _l("Detained"),
    "sentenced": _l("Sentenced"),
    "transferred": _l("Transferred"),
    "released": _l("Released"),
    "died": _l("Died"),
    "unknown": _l("Not known"),
}
MEASURE_STATUSES = {
    "introduced": _l("Introduced, pending"),
    "adopted": _l("Adopted"),
    "lapsed": _l("Lapsed"),
    "unverified": _l("Not looked up"),
}
FACT_STATUSES = {
    "current": _l("Current"),
    "superseded": _l("Superseded"),
    "withdrawn": _l("Withdrawn"),
}


class FactForm(FlaskForm):
    """A fact in the desk's language."""

    seen = HiddenField()
    statement = text(_l("What is stated, in your own words"), 1000, _l("Write the sentence."))
    value = line(_l("The figure itself"), 200)
    value_text = line(_l("The figure in words, as a letter says it"), 200)
    counted_by = line(_l("Who counted"), 300, _l("Say who counted, or who said it."))
    as_of = Day(_l("For which day it was true"), [Needed(_l("Say for which day it was true."))])
    confidence = SelectField(_l("How sure"), choices=offered(CONFIDENCES))
    note = text(_l("Note for colleagues: what speaks against it, what must not be concluded"), 2000)
    sources = SourceLines(
        _l("Sources, one on each line: a name, then an address"),
        [Needed(_l("Say where this stands: a fact without a source is none."))],
    )

    @classmethod
    def of(cls, fact: Fact) -> FactForm:
        """Return the form filled with a fact."""
        texts = {name: in_words(getattr(fact, name), page_language()) for name in sorted(TEXTS)}
        plain = {name: getattr(fact, name) for name in ("value", "as_of", "confidence", "note", "sources")}
        seen = fact.edited_at.isoformat() if fact.edited_at else ""
        return cls(data={**texts, **plain, "seen": seen})

    def draft(self) -> FactDraft:
        """Return what was filled in."""
        return FactDraft(
            statement=self.statement.data,
            value=self.value.data,
            value_text=self.value_text.data,
            counted_by=self.counted_by.data,
            as_of=self.as_of.data,
            confidence=self.confidence.data,
            note=self.note.data,
            sources=self.sources.data,
        )


class NewFactForm(FactForm):
    """A fact that there is not yet."""

    key = line(
        _l("Key, by which letters name it"),
        60,
        _l("Give it a key."),
    )
    topic = line(_l("Topic: campaigns show what is about the same as their facts"), 60)

    def validate_key(self, field: object) -> None:
        """Small letters, digits and underscores."""
        Regexp(
            r"[a-z][a-z0-9_]{1,59}\Z", message=_("Small letters, digits and underscores, such as wells_2026.")
        )(self, field)


class WithdrawForm(FlaskForm):
    """Why a fact is withdrawn."""

    reason = line(_l("Why, for your colleagues"), 500, _l("Say why, for your colleagues."))


class SupersedeForm(WithdrawForm):
    """What takes a fact's place, and why."""

    by = SelectField(_l("The fact that takes its place"), validate_choice=False)

    def offer(self, others: dict[str, str]) -> None:
        """Offer the other current facts."""
        self.by.choices = offered(others)


class StatusForm(FlaskForm):
    """What became of somebody."""

    status = SelectField(_l("Status"), choices=offered(PERSON_STATUSES))
    day = Day(_l("Since when"), [Needed(_l("Say since when."))])
    said = line(
        _l("In words, as letters and pages say it"),
        300,
        _l("Say it in words, such as: released on 14 January 2026."),
    )
    source = line(_l("Where this stands"), 300, _l("Say where this stands."))
    url = line(_l("Its address"), 500)
    confidence = SelectField(_l("How sure"), choices=offered(CONFIDENCES))

    @property
    def since(self) -> date:
        """The day that was given."""
        return cast(date, self.day.data)


class MeasureForm(FlaskForm):
    """What somebody found out about a measure today."""

    number = line(_l("Number, as its parliament writes it"), 60)
    sponsor = line(_l("Sponsor"), 200)
    status = SelectField(_l("Status"), choices=offered(MEASURE_STATUSES))
    lapses_on = Day(_l("First day on which it is gone"))
    note = text(_l("Note for colleagues"), 2000)

    @classmethod
    def of(cls, measure: Measure) -> MeasureForm:
        """Return the form filled with a measure."""
        return cls(obj=measure)

    def draft(self) -> MeasureDraft:
        """Return what was filled in."""
        return MeasureDraft(
            number=self.number.data,
            sponsor=self.sponsor.data,
            status=self.status.data,
            lapses_on=self.lapses_on.data,
            note=self.note.data,
        )
