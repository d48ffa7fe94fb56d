"""Checking one value of a file against its field, whatever the format was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _

from app.recipients.importer.fields import POSTAL_PARTS, Field, Kind
from app.rendering.form_fields import HOLDS, MOST_FIELDS
from app.rendering.typography import unsafe_characters

_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")
_TRUE, _FALSE = frozenset({"true", "yes", "1", "x"}), frozenset({"false", "no", "0", ""})
_LARGEST = 1_000_000
LONGEST_TEXT = 50_000


class Unfit(Exception):
    """A value that cannot be taken; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def checked(field: Field, raw: Any) -> Any:
    """Return a value as it is stored.

    Args:
        field: what it is to be.
        raw: what the file says: text, or what YAML and JSON make of it; None or blank is "nothing".

    Raises:
        Unfit: with the reason.
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if field.required:
            raise Unfit(_("This cannot be empty."))
        return field.empty()
    return _CHECKS[field.kind](field, raw)


def plain(raw: Any, longest: int = 0) -> str:
    """Return a text without surrounding blanks and with `\\n` as line ends.

    Args:
        raw: as read.
        longest: characters that fit.

    Raises:
        Unfit: it is no text, too long, or has characters in it that no text may hold.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | date):
        raise Unfit(_("A text is expected here."))
    text = _LINE_ENDS.sub("\n", str(raw)).strip()
    for index, name in unsafe_characters(text):
        told = {"code": f"U+{ord(text[index]):04X}", "name": name}
        raise Unfit(_("There is a character in it that cannot be used (%(code)s, %(name)s).", **told))
    limit = longest or LONGEST_TEXT
    if len(text) > limit:
        raise Unfit(_("This is %(length)s characters long; %(limit)s fit.", length=len(text), limit=limit))
    return text


def plain_line(raw: Any, longest: int = 0) -> str:
    """Return a text of one line (arguments as of `plain`).

    Raises:
        Unfit: as `plain`, or it has several lines, or what a mail program takes for an encoded word.
    """
    text = plain(raw, longest)
    if "\n" in text or "\t" in text:
        raise Unfit(_("This must be one line, without tabs."))
    if "=?" in text:
        raise Unfit(_("“=?” cannot be used here."))
    return text


def _text(field: Field, raw: Any) -> str:
    # What has a limit is a name or a number and stands in lists, envelopes and headers.
    return plain_line(raw, field.longest) if field.longest else plain(raw)


def _slug(field: Field, raw: Any) -> str:
    slug = plain_line(raw, field.longest)
    if not _SLUG.match(slug):
        raise Unfit(_("“%(value)s” is no slug: only a-z, 0-9 and hyphens between.", value=shown(raw)))
    return slug


def day_of(raw: Any) -> date:
    """Return a day from `2026-11-21` or a date.

    Raises:
        Unfit: it is none.
    """
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    try:
        if not isinstance(raw, str) or not _DATE.match(raw.strip()):
            raise ValueError
        return date.fromisoformat(raw.strip())
    except ValueError:
        told = shown(raw)
        raise Unfit(_("“%(value)s” is no day; write it as 2026-11-21.", value=told)) from None


def _flag(_field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().casefold()
    if word not in _TRUE | _FALSE:
        raise Unfit(_("“%(value)s” is neither true nor false.", value=shown(raw)))
    return word in _TRUE


def _number(_field: Field, raw: Any) -> int:
    try:
        number = int(str(raw).strip()) if not isinstance(raw, bool | float) else -1
    except ValueError:
        number = -1
    if not 0 <= number <= _LARGEST:
        raise Unfit(_("“%(value)s” is no whole number from 0 to a million.", value=shown(raw)))
    return number


def _choice(field: Field, raw: Any) -> str:
    word = plain(raw)
    if word not in field.choices:
        known = ", ".join(field.choices)
        raise Unfit(_("“%(value)s” is none of these: %(known)s.", value=shown(word), known=known))
    return word


def _country(_field: Field, raw: Any) -> str:
    code = plain(raw).upper()
    if not _COUNTRY.match(code):
        raise Unfit(_("“%(value)s” is no country code of two letters.", value=shown(raw)))
    return code


def _words(_field: Field, raw: Any) -> list[str]:
    if isinstance(raw, str):
        raw = [raw]
    if not isinstance(raw, list):
        raise Unfit(_("A list of texts is expected here."))
    return [word for part in raw if (word := plain_line(part, 300))]


def _sources(_field: Field, raw: Any) -> list[dict[str, str]]:
    if not isinstance(raw, list) or not all(isinstance(part, Mapping) for part in raw):
        raise Unfit(_("A list of sources is expected here, each with a label and an address."))
    return [
        {plain_line(key, 40): plain("" if text is None else text) for key, text in part.items()}
        for part in raw
    ]


def _forms(_field: Field, raw: Any) -> dict[str, str]:
    # Seeds nest them by language ({"en": {"salutation": …}}); they are stored flat ("en.salutation").
    if not isinstance(raw, Mapping):
        raise Unfit(_("Forms of address are expected here, by language and part."))
    flat: dict[str, str] = {}
    for key, part in raw.items():
        if isinstance(part, Mapping):
            language = plain_line(key, 12)
            flat |= {f"{language}.{plain_line(name, 20)}": plain(text) for name, text in part.items()}
        else:
            flat[plain_line(key, 40)] = plain(part)
    return flat


def _postal(_field: Field, raw: Any) -> dict[str, str]:
    if not isinstance(raw, Mapping):
        raise Unfit(_("A postal address is expected here: street, city, region, postal_code."))
    unknown = [str(key) for key in raw if key not in POSTAL_PARTS]
    if unknown:
        raise Unfit(_("A postal address has no “%(name)s”.", name=shown(unknown[0])))
    if not any(raw.values()):
        return {}
    street = raw.get("street") or ""
    lines = "\n".join(map(plain, street)) if isinstance(street, list) else plain(street)
    return {"street": lines, **{part: plain_line(raw.get(part) or "", 200) for part in POSTAL_PARTS[1:]}}


def _fields(_field: Field, raw: Any) -> list[dict[str, Any]] | None:
    sentence = _("The fields of a form are expected here, each with a label and what goes there.")
    if not isinstance(raw, list) or len(raw) > MOST_FIELDS:
        raise Unfit(sentence)
    found = []
    for part in raw:
        if not isinstance(part, Mapping) or part.get("holds") not in HOLDS or not part.get("label"):
            raise Unfit(sentence)
        limit = {"limit": _number(_field, part["limit"])} if part.get("limit") else {}
        found.append({"label": plain_line(part["label"], 120), "holds": part["holds"], **limit})
    return found or None


def email(raw: str) -> str:
    """Return an e-mail address in its usual spelling.

    Raises:
        Unfit: it is none.
    """
    try:
        # Reserved domains such as offices.example are addresses too: of demonstrations.
        return validate_email(raw, check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError as error:
        raise Unfit(_("This is no e-mail address: %(reason)s", reason=str(error))) from None


def form_address(raw: str) -> str:
    """Return the address of a web form.

    Raises:
        Unfit: it is none, or not encrypted.
    """
    try:
        parts = urlsplit(raw)
        is_good = parts.scheme == "https" and bool(parts.hostname) and not re.search(r"\s", raw)
    except ValueError:
        is_good = False
    if not is_good:
        raise Unfit(_("The address of a form begins with https:// and the name of a site."))
    return raw


def shown(raw: Any) -> str:
    """Return what was read as a sentence about it shows it: on one line, short, nothing invisible in it."""
    text = list(" ".join(str(raw).split()))
    for index, _name in unsafe_characters("".join(text)):
        text[index] = "\ufffd"
    return "".join(text) if len(text) <= 60 else "".join([*text[:59], "…"])


_CHECKS: Mapping[Kind, Callable[[Field, Any], Any]] = {
    "text": _text,
    "date": lambda _field, raw: day_of(raw),
    "flag": _flag,
    "number": _number,
    "choice": _choice,
    "slug": _slug,
    "country": _country,
    "words": _words,
    "sources": _sources,
    "forms": _forms,
    "postal": _postal,
    "fields": _fields,
}
