"""The forms of the desk's campaigns."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, Optional, StopValidation, ValidationError

from app.admin.fields import Day, Lines, Needed, Tick, line, offered, text
from app.campaigns.editing import CampaignTexts
from app.campaigns.models import Campaign, LetterTemplate, TemplateVersion
from app.campaigns.texts import in_language
from app.campaigns.texts import text as in_words
from app.campaigns.versions import LetterWords
from app.errors import Refused
from app.letters.campaign_desk import CampaignWhole
from app.rendering.point_lines import (
    Section,
    read_sections,
    sections_of_points,
    sections_of_wordings,
    written,
)
from app.rendering.sentences import RenderingError
from app.settings import MOST_PACE
from app.supporters.addresses import checked_address

LANGUAGES = {"en": _l("English"), "fr": _l("French"), "hy": _l("Armenian"), "ru": _l("Russian")}


def _number(label: Any, most: int, least: int = 0) -> IntegerField:
    within = NumberRange(least, most, _l("A whole number between %(min)s and %(max)s, please."))
    return IntegerField(label, [Optional(), within])


class CampaignForm(FlaskForm):
    """What a campaign says of itself, in the language of the desk."""

    row_id = HiddenField()
    edited_at = HiddenField()
    title = line(_l("Title"), 120, _l("Give the campaign a title."))
    summary = text(_l("Summary"), 600, _l("Say in two or three sentences what it is about."))
    ask = text(_l("What is asked"), 600, _l("Say what the letters ask for."))
    story = text(_l("The story"), 20_000, _l("Tell why: dated, sourced, courteous."))
    opens_on = Day(_l("First day"))
    closes_on = Day(_l("Last day"))
    goal = _number(_l("How many letters it hopes for"), 1_000_000)
    hourly_limit = _number(_l("Most letters that leave in an hour"), MOST_PACE, least=1)
    words_needed = _number(_l("Least words of the supporter’s own"), 200)
    prompts = Lines(_l("Questions that help to begin"))
    consent = text(_l("What supporters agree to"), 3000, _l("Supporters must be told what they agree to."))
    updates = text(_l("What they agree to who want news"), 1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            self.new_id = uuid.UUID(self.row_id.data or "")
        except ValueError:
            self.new_id = uuid.uuid4()
        self.row_id.data = str(self.new_id)

    @classmethod
    def fresh(cls) -> CampaignForm:
        """Return the form of a new campaign, with what every campaign has to say."""
        form = cls()
        if not form.is_submitted():
            form.consent.data = usual_consent()
            form.updates.data = usual_updates()
            form.words_needed.data = 3
        return form

    @classmethod
    def of(cls, campaign: Campaign, language: str) -> CampaignForm:
        """Return the form filled with what a campaign says."""
        form = cls()
        if form.is_submitted():
            return form
        for name in ("title", "summary", "ask", "story"):
            form[name].data = in_words(getattr(campaign, name), language)
        for name in ("opens_on", "closes_on", "goal", "hourly_limit"):
            form[name].data = getattr(campaign, name)
        form.words_needed.data = int(campaign.personal.get("minimum_words", 0))
        form.prompts.data = list(in_language(campaign.personal.get("prompts", {}), language) or ())
        form.consent.data = in_words(campaign.consent.get("letter", {}), language)
        form.updates.data = in_words(campaign.consent.get("updates", {}), language)
        form.edited_at.data = campaign.edited_at.isoformat() if campaign.edited_at else ""
        return form

    @property
    def seen(self) -> datetime | None:
        """When the campaign had been edited last, as the form was made."""
        try:
            return datetime.fromisoformat(self.edited_at.data or "")
        except ValueError:
            return None

    def texts(self) -> CampaignTexts:
        """Return what was filled in."""
        return CampaignTexts(
            title=self.title.data,
            summary=self.summary.data,
            ask=self.ask.data,
            story=self.story.data,
            prompts=tuple(self.prompts.data or ()),
            words_needed=self.words_needed.data or 0,
            consent=self.consent.data,
            updates=self.updates.data,
            opens_on=self.opens_on.data,
            closes_on=self.closes_on.data,
            goal=self.goal.data,
            hourly_limit=self.hourly_limit.data,
        )


def usual_consent() -> str:
    """Return what supporters agree to, unless a campaign says it in other words."""
    return _(
        "Please send my letters, in my name, to the offices I have chosen. I know that a letter like this "
        "can show my political opinion; European law protects such data specially (GDPR, Article 9). I agree "
        "that this site uses them to send my letters and to show me what became of them, and for nothing "
        "else. Each office sees my name, city and country, what I wrote, and my e-mail address as the one to "
        "reply to. An office may keep my letter and may have to publish it. I can take back my consent at "
        "any time; a letter that has left cannot be recalled."
    )


def usual_updates() -> str:
    """Return what they agree to who want news."""
    return _("Also write to me when this campaign has news. I can end that with one click.")


class FactsForm(FlaskForm):
    """Which facts a campaign's page states."""

    facts = SelectMultipleField(_l("Facts"))

    def offer(self, facts: list[tuple[str, str]]) -> None:
        """Offer these facts: keys, and what they say."""
        self.facts.choices = facts


class LetterForm(FlaskForm):
    """A letter of a campaign in one language."""

    name = line(_l("What the letter is called"), 200, _l("Give the letter a name."))
    language = SelectField(_l("Language"))
    subject = line(_l("Subject"), 300, _l("Give the letter a subject."))
    body = text(_l("The letter"), 20_000, _l("Write the letter."))
    points = text(_l("Points to choose from"), 20_000)
    least = _number(_l("Least points"), 12)
    most = _number(_l("Most points"), 12)
    editable = BooleanField(_l("Supporters may put points in their own words"))
    wordings = text(_l("Ways to say a sentence"), 20_000)
    shortest = _number(_l("Least words"), 2000)
    longest = _number(_l("Most words"), 2000)
    own_words = _number(_l("Least words of the supporter’s own, for this letter"), 200)
    thanks = Tick(_l("It thanks an office that has acted, and asks for nothing"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = offered(LANGUAGES)
        self._sections: dict[str, tuple[Section, ...]] = {"points": (), "wordings": ()}

    @classmethod
    def of(cls, template: LetterTemplate, version: TemplateVersion) -> LetterForm:
        """Return the form filled with a version of a letter."""
        form = cls(language=template.language)
        if form.is_submitted():
            form.language.data = template.language
            return form
        for name in ("name", "shortest", "longest", "own_words"):
            form[name].data = getattr(template, name)
        form.subject.data, form.body.data = version.subject, version.body
        points = version.points or {}
        form.points.data = written(sections_of_points(points))
        form.wordings.data = written(sections_of_wordings(version.wordings))
        form.least.data, form.most.data = points.get("least"), points.get("most")
        form.editable.data = bool(points.get("editable"))
        return form

    def validate_points(self, field: Any) -> None:
        """Readable, and as many as can be chosen."""
        self._read("points", field)

    def validate_wordings(self, field: Any) -> None:
        """Readable."""
        self._read("wordings", field)

    def validate_most(self, field: Any) -> None:
        """Not fewer than must be chosen, nor more than there are."""
        there = len(self._sections["points"])
        if there and not (self.least.data or 0) <= (field.data or there) <= there:
            raise ValidationError(_("There are %(count)s points: choose a number that fits.", count=there))

    def validate_longest(self, field: Any) -> None:
        """Not less than the least."""
        if field.data is not None and field.data < (self.shortest.data or 0):
            raise ValidationError(_("The most cannot be less than the least."))

    def _read(self, name: str, field: Any) -> None:
        try:
            self._sections[name] = read_sections(field.data or "")
        except RenderingError as error:
            raise StopValidation(_(error.message, **error.values)) from None

    def words(self) -> LetterWords:
        """Return what was filled in."""
        points = self._sections["points"]
        return LetterWords(
            name=self.name.data,
            subject=self.subject.data,
            body=self.body.data.strip() + "\n",
            points={
                "least": self.least.data or 0,
                "most": self.most.data or len(points),
                **({"editable": True} if self.editable.data else {}),
                "of": [
                    {"key": point.key, "label": point.label, "texts": list(point.texts)} for point in points
                ],
            }
            if points
            else {},
            wordings={one.key: list(one.texts) for one in self._sections["wordings"]},
            shortest=self.shortest.data,
            longest=self.longest.data,
            own_words=self.own_words.data,
            thanks=self.thanks.data,
        )


class JointForm(FlaskForm):
    """Which letter of a campaign is to be signed by many, and to whom it goes."""

    row_id = HiddenField()
    letter = SelectField(_l("Which letter"))
    offices = SelectMultipleField(_l("Offices"), validators=[Needed(_l("Choose at least one office."))])
    reply_to = line(_l("Answers go to"), 254, _l("Say to which address offices can answer."))
    closes_on = Day(_l("Last day of signing"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            self.new_id = uuid.UUID(self.row_id.data or "")
        except ValueError:
            self.new_id = uuid.uuid4()
        self.row_id.data = str(self.new_id)

    def offer(self, whole: CampaignWhole) -> None:
        """Offer the letters of a campaign that are published, and the offices that it writes to."""
        self.letter.choices = offered(
            {
                str(one.template.id): f"{one.template.name} ({LANGUAGES.get(one.template.language, '')})"
                for one in whole.letters
                if one.offered is not None
            }
        )
        self.offices.choices = [
            SelectChoice(str(office.addressee.recipient.id), f"{office.title}, {office.institution}")
            for office in whole.offices
            if office.addressable
        ]

    def validate_reply_to(self, field: Any) -> None:
        """An address that mail can go to."""
        try:
            field.data = checked_address(field.data or "")
        except Refused as error:
            raise ValidationError(error.sentence) from None


class PublishForm(FlaskForm):
    """From when on a version is offered; empty for at once. In UTC, as the page says."""

    publish_at = DateTimeLocalField(_l("Publish from"), [Optional()], format="%Y-%m-%dT%H:%M")
