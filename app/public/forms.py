"""The form of the write page, with the field names of contract.md. Rules live below; here they get words."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation, ValidationError

from app.campaigns.offering import PointsOffered
from app.errors import Refused
from app.i18n import countries, country_codes, language_name
from app.letters.draft import Draft, Writer
from app.letters.joint.signing import Signing
from app.letters.passages import LetterPassages
from app.public.quick_fields import QuickMeta
from app.public.said import SaidField
from app.rendering.originality import count_words
from app.rendering.points import USUAL, in_drawn_order
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_line, clean_text
from app.supporters.addresses import checked_address

LONGEST_LINE = 120
LONGEST_MESSAGE = 5_000
NO_POINTS = PointsOffered()


class Required:
    """Like DataRequired, with a sentence of its own for each field, and for the eyes of templates."""

    field_flags = {"required": True}  # noqa: RUF012 (WTForms reads it from the class)

    def __init__(self, sentence: Any) -> None:
        self.sentence = sentence

    def __call__(self, form: FlaskForm, field: Field) -> None:
        if not field.data or (isinstance(field.data, str) and not field.data.strip()):
            raise StopValidation(str(self.sentence))


class Cleaned:
    """Text made safe for letters and mail headers; see `rendering.typography`.

    Args:
        clean: `clean_line` or `clean_text`.
        limit: most characters.
    """

    def __init__(self, clean: Callable[..., str], limit: int) -> None:
        self.clean = clean
        self.limit = limit

    def __call__(self, form: WriteForm, field: Field) -> None:
        if not field.data:
            field.data = ""
            return
        try:
            field.data = self.clean(field.data, limit=self.limit)
        except RenderingError as error:
            form.unsafe.add(field.name)
            raise StopValidation(_(error.message, **error.values)) from None


def line(limit: int = LONGEST_LINE) -> Cleaned:
    """Return the check of a field of one line."""
    return Cleaned(clean_line, limit)


class WriteForm(FlaskForm):
    """What a supporter fills in. All arguments are the campaign's.

    `own_words` is how many words of their own the chosen letters ask for; `brief` frees from it.
    """

    recipients = SelectMultipleField(_l("Offices"), validate_choice=False)
    points = SelectMultipleField(_l("Points"), validate_choice=False)
    personal_message = TextAreaField(_l("In your own words"), [Cleaned(clean_text, LONGEST_MESSAGE)])
    brief = BooleanField(_l("I cannot write more than a sentence"))
    said: Any = SaidField(_l("The letter’s own texts"), limit=LONGEST_MESSAGE)
    name = StringField(
        _l("Name"), [Required(_l("Please give your name: a letter needs a signature.")), line()]
    )
    email = EmailField(
        _l("E-mail"), [Required(_l("Please give your e-mail address: we send the confirmation there."))]
    )
    title = StringField(_l("Title or profession"), [line()])
    affiliation = StringField(_l("Organization"), [line()])
    country = SelectField(_l("Country"), [Required(_l("Please choose your country."))], validate_choice=False)
    region = StringField(_l("State or region"), [line()])
    city = StringField(
        _l("City"), [Required(_l("Please give your city: offices look for where a letter is from.")), line()]
    )
    postal_code = StringField(_l("Postal code"), [line(20)])
    language = SelectField(_l("Language of the letter"), validate_choice=False)
    consent = BooleanField(
        _l("Consent"), [Required(_l("Please agree to the sending of your letter in your name."))]
    )
    updates = BooleanField(_l("Updates"))
    submission_key = HiddenField()
    website = StringField(_l("Website"))

    class Meta(QuickMeta):
        """The page has a token, which is checked before any view: another one in the form adds nothing."""

        csrf = False

    def __init__(
        self,
        *args: Any,
        minimum_words: int = 0,
        personal_required: bool = False,
        languages: Sequence[str] = ("en",),
        offered: PointsOffered = NO_POINTS,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.unsafe: set[str] = set()
        language = str(kwargs.get("page_language") or "en")
        self.languages = languages
        self.language.choices = [(code, language_name(code)) for code in languages]
        if not self.language.data:
            self.language.data = language if language in languages else next(iter(languages), "en")
        self.offered = offered
        self.minimum_words = minimum_words
        self.personal_required = personal_required
        self.own_words = 0
        self.country.choices = [("", _("Choose your country")), *countries(language)]
        if not _is_key(self.submission_key.data):
            self.renew()

    def ask_for(self, own_words: int) -> None:
        """Set how many words of their own the chosen letters ask for."""
        self.own_words = own_words
        self.personal_message.flags.required = self.personal_required or own_words > 0

    def offer_passages(self, offered: Mapping[str, LetterPassages], letters: Collection[str]) -> None:
        """Say what can be said of the letters' own texts, and which letters are chosen."""
        self.said.offer(offered, letters, self._points())

    @property
    def words_wanted(self) -> int:
        """The fewest words of one's own that will do."""
        return self.minimum_words if self.brief.data else max(self.minimum_words, self.own_words)

    def choose_points(self) -> None:
        """Begin with points that follow from the form's key, so that letters differ from the start."""
        start = min(max(self.offered.least, USUAL), self.offered.most)
        key = uuid.UUID(self.submission_key.data).bytes
        self.points.data = in_drawn_order(self.offered.keys, key)[:start]

    def renew(self) -> None:
        """Make it another form: what is sent with it is another letter."""
        self.submission_key.data = str(uuid.uuid4())

    def validate_recipients(self, field: Field) -> None:
        """At least one; which ones exist is known below."""
        if not field.data:
            raise ValidationError(_("Please choose at least one office to write to."))

    def validate_points(self, field: Field) -> None:
        """As many as the letters take. Who sends none at all, not even an empty one, gets some drawn."""
        chosen = self._points()
        if set(chosen) - set(self.offered.keys):
            raise ValidationError(_("One of the points does not belong to this campaign."))
        if len(chosen) > self.offered.most:
            raise ValidationError(_("Please choose at most %(most)s points.", most=self.offered.most))
        if field.raw_data and len(chosen) < self.offered.least:
            raise ValidationError(
                ngettext(
                    "Please choose at least one point.",
                    "Please choose at least %(num)s points.",
                    self.offered.least,
                )
            )

    def _points(self) -> tuple[str, ...]:
        return tuple(key for key in _distinct(self.points.data or ()) if key)

    def validate_personal_message(self, field: Field) -> None:
        """Own words where the campaign asks for them."""
        words = count_words(field.data or "")
        if field.flags.required and words == 0:
            raise ValidationError(
                _("Please add a sentence of your own: it is what makes an office read the letter.")
            )
        if words and words < self.words_wanted:
            sentence = _(
                "A few more words, please: at least %(minimum)s, so far %(words)s.",
                minimum=self.words_wanted,
                words=words,
            )
            if self.words_wanted > self.minimum_words:
                sentence += " " + _("If you cannot write more, tick the box below the field.")
            raise ValidationError(sentence)

    def validate_email(self, field: Field) -> None:
        """By email-validator, with its reason in plain words."""
        try:
            field.data = checked_address(field.data or "")
        except Refused as error:
            raise ValidationError(error.sentence) from None

    def validate_country(self, field: Field) -> None:
        """One of the list."""
        if field.data and not self._is_country(field.data):
            raise ValidationError(_("Please choose your country from the list."))

    def _is_country(self, code: str | None) -> bool:
        return bool(code) and code in country_codes()

    def validate_language(self, field: Field) -> None:
        """One in which the campaign has a letter."""
        if field.data not in self.languages:
            raise ValidationError(_("This campaign has no letter in that language."))

    def validate_unstored(self) -> bool:
        """Check a form whose letters their writer sends: of them nothing is stored, and nobody is mailed."""
        self.validate()
        self.email.errors = self.consent.errors = []
        return not self.errors

    def typed(self) -> list[tuple[str, str]]:
        """Return what another form must carry, so that the same letters can be made from it."""
        pairs = [(name, value) for name in ("recipients", "points") for value in self[name].data or ()]
        lines = (name for name, field in self._fields.items() if isinstance(field, _CARRIED))
        pairs += [(name, self[name].data) for name in lines if self[name].data and name not in _NOT_CARRIED]
        return [*pairs, *self.said.pairs(), *([("brief", "y")] if self.brief.data else [])]

    @property
    def has_unsafe_text(self) -> bool:
        """Whether something was typed that no letter can hold."""
        return bool(self.unsafe)

    def keep_only_unsafe(self) -> None:
        """Forget complaints about what is still missing; keep those about what can never be sent."""
        for name, field in self._fields.items():
            if name not in self.unsafe:
                field.errors = []

    def complain(self, error: Refused) -> None:
        """Show a refusal from below at the field that it is about."""
        field = self._fields.get(error.field or "")
        if field is None:
            self.form_errors.append(error.sentence)
        else:
            field.errors = [*field.errors, error.sentence]

    def draft(self, *, unfinished: bool = False) -> Draft:
        """Return what was typed as a draft.

        Args:
            unfinished: for a preview: let something stand where nothing was typed yet.
        """
        fills = _fills() if unfinished else _NO_FILLS
        writer = Writer(
            name=self.name.data or fills["name"],
            email=self.email.data or "",
            country=self.country.data if self._is_country(self.country.data) else fills["country"],
            title=self.title.data or "",
            affiliation=self.affiliation.data or "",
            city=self.city.data or fills["city"],
            region=self.region.data or "",
            postal_code=self.postal_code.data or "",
        )
        return Draft(
            recipients=_distinct(self.recipients.data or ()),
            personal_message=self.personal_message.data or fills["words"],
            writer=writer,
            language=self.language.data or "en",
            updates=bool(self.updates.data),
            submission_key=uuid.UUID(self.submission_key.data),
            points=self._points(),
            said=self.said.data,
        )


class SignForm(WriteForm):
    """What somebody fills in who signs a joint letter: as above, without offices, points and own words."""

    recipients = None
    points = None
    personal_message = None
    brief = None
    said = None
    kind = RadioField(
        _l("Who signs?"),
        choices=[
            SelectChoice("person", _l("I sign for myself")),
            SelectChoice("organization", _l("I sign for an organization")),
        ],
        default="person",
    )
    consent = BooleanField(_l("Consent"), [Required(_l("Please agree that your name stands in the letter."))])
    public_name = BooleanField(_l("Public list"))

    def signing(self, language: str) -> Signing:
        """Return what was typed; `language` is that of the page."""
        writer = Writer(
            name=self.name.data or "",
            email=self.email.data or "",
            country=self.country.data or "",
            title=self.title.data or "",
            affiliation=self.affiliation.data or "",
            city=self.city.data or "",
            region=self.region.data or "",
            postal_code=self.postal_code.data or "",
        )
        return Signing(
            writer=writer,
            kind=self.kind.data or "person",
            public=bool(self.public_name.data),
            updates=bool(self.updates.data),
            language=language,
            submission_key=uuid.UUID(self.submission_key.data),
        )


_CARRIED = (StringField, TextAreaField, SelectField)
_NOT_CARRIED = {"recipients", "points", "email", "website"}
_NO_FILLS = dict.fromkeys(("name", "city", "country", "words"), "")


def _fills() -> dict[str, str]:
    return {
        "name": _("[your name]"),
        "city": _("[your city]"),
        "country": _("[your country]"),
        "words": _("[your own words]"),
    }


def _distinct(slugs: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(slugs))


def _is_key(text: str | None) -> bool:
    try:
        return bool(text) and uuid.UUID(text).version is not None
    except ValueError:
        return False
