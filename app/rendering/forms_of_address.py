"""How an office and whoever holds it are addressed: envelope, salutation, closing.

Nothing is guessed: no gender from a name, no rank from a title. With a vacant or unknown holder the
office is addressed by what it is. The forms themselves stand in `forms/`, each with its source.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.rendering.forms_table import CASES, LANGUAGES, STYLES, Row, Source, Table, table
from app.rendering.sentences import N_, RenderingError

__all__ = [
    "LANGUAGES",
    "PARTS",
    "STYLES",
    "FormError",
    "FormOfAddress",
    "HolderName",
    "Office",
    "address",
    "check_override",
    "sources",
    "with_institution",
]

PARTS = ("envelope", "salutation", "closing")
"""What an override may replace."""

PLACES = ("name", "family_name", "rank", "person", "title", "institution")
"""What may stand in an override in braces, such as `Dear {family_name},`."""

_PLACE = re.compile(r"\{(\w*)\}")
_MR = frozenset({"mr", "m", "monsieur"})
_MS = frozenset({"ms", "mrs", "miss", "mme", "madame"})
_SMALL_WORDS = frozenset({"the", "of", "for", "and", "in", "to", "a", "an"})


@dataclass(frozen=True)
class Office:
    """An office: its title as on an envelope (line ends divide it), its institution, the country of its seat.

    `country` is an ISO 3166-1 alpha-2 code, or empty; it decides between colon and comma in English.
    """

    title: str
    institution: str
    country: str = ""


@dataclass(frozen=True)
class HolderName:
    """Whoever holds the office, as far as a source tells: `rank` is "Ambassador", "Mr.", "Ms." or empty.

    `family_name` is the form used in a salutation. An acting holder is not given the title of the office.
    """

    name: str
    family_name: str = ""
    honorific: str = ""
    rank: str = ""
    acting: bool = False


@dataclass(frozen=True)
class FormOfAddress:
    """How to address somebody: the lines of the envelope that come before the street, and two phrases."""

    envelope: tuple[str, ...]
    salutation: str
    closing: str


class FormError(RenderingError):
    """An override that cannot be filled: it names a place that there is none of."""


def address(
    *, style: str, language: str, office: Office, holder: HolderName | None, overrides: Mapping[str, str]
) -> FormOfAddress:
    """Return the form of address for an office.

    Args:
        style: one of `STYLES`; any other is treated as `official`.
        language: ISO 639-1 code; without a table for it, English.
        office: the office.
        holder: who holds it now, None (or a blank name) if it is vacant or nobody is known.
        overrides: by part (`salutation`) or by language and part (`en.salutation`), complete with its
            punctuation; lines of an envelope are divided by line ends. May name `PLACES` in braces; where
            such a place is empty (a vacancy), the table's own form stands.

    Raises:
        FormError: if an override names an unknown place.
    """
    forms = table(language)
    row = forms.rows.get(style) or forms.rows["official"]
    known = holder if holder is not None and holder.name.strip() else None
    places = _places(forms, row, office, known)
    cases = _cases(known)
    own = {part: overrides.get(f"{language}.{part}") or overrides.get(part, "") for part in PARTS}
    salutation = _overridden(own["salutation"], places) or _salutation(forms, row, office, cases, places)
    spoken = {**places, "vocative": salutation.rstrip(",:!. \u00a0")}
    return FormOfAddress(
        envelope=_envelope_override(own["envelope"], places) or _envelope(row, cases, places),
        salutation=salutation,
        closing=_overridden(own["closing"], places) or _filled(row.closing, spoken) or row.closing,
    )


def sources(style: str, language: str) -> tuple[Source, ...]:
    """Return where the forms of a style in a language come from."""
    rows = table(language).rows
    return (rows.get(style) or rows["official"]).sources


def check_override(text: str) -> None:
    """Refuse an override that could never be filled.

    Raises:
        FormError: with the place that is unknown.
    """
    for place in _PLACE.findall(text):
        if place not in PLACES:
            message = N_("%(place)s cannot stand in a form of address; these can: %(places)s.")
            raise FormError(
                message, place="{" + place + "}", places=", ".join(f"{{{known}}}" for known in PLACES)
            )


def with_institution(envelope: tuple[str, ...], institution: str) -> tuple[str, ...]:
    """Return the lines of an envelope with the institution below, unless all its words are there already."""
    said = {word for line in envelope for word in _words(line)}
    return envelope if _words(institution) <= said else (*envelope, institution)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold())) - _SMALL_WORDS


def _cases(holder: HolderName | None) -> tuple[str, ...]:
    """Return the cases that apply, in the table's order."""
    if holder is None:
        return ("office",)
    rank = _bare(holder.rank)
    gender = "mr" if rank in _MR else "ms" if rank in _MS else ""
    applies = {
        "excellency": "excellency" in holder.honorific.casefold(),
        gender: bool(gender),
        "ranked": bool(rank) and not gender,
        "named": not holder.acting,
        "office": True,
    }
    return tuple(case for case in CASES if applies.get(case))


def _bare(rank: str) -> str:
    return rank.strip().rstrip(".").casefold()


def _places(forms: Table, row: Row, office: Office, holder: HolderName | None) -> dict[str, str]:
    title = office.title.strip()
    bare_title = re.sub("^the ", "", title, flags=re.IGNORECASE)
    places = {
        "title": title,
        "The_title": f"The {bare_title}",
        "the_title": f"the {bare_title}",
        "leading_title": "" if _is_membership(title, row.members) else title,
        "short_title": _short_title(title, row.titles),
        "institution": office.institution.strip(),
        "name": holder.name.strip() if holder else "",
        "family_name": holder.family_name.strip() if holder else "",
        "rank": holder.rank.strip() if holder else "",
        "person": _person(forms, row, holder) if holder else "",
    }
    return {**{word: _filled(text, places) or text for word, text in row.words.items()}, **places}


def _person(forms: Table, row: Row, holder: HolderName) -> str:
    """Return the name with what comes before it: an honorific stands instead of Mr. or Ms. (NASA, FHWA)."""
    honorific = holder.honorific.strip() or ("" if holder.acting else row.honorific)
    gendered = _bare(holder.rank) in _MR | _MS
    alone = gendered or honorific == "The Honorable"
    rank = "" if honorific and alone else holder.rank.strip()
    before = (_word(forms, forms.honorifics, honorific), _word(forms, forms.ranks, rank))
    return " ".join(dict.fromkeys(part for part in (*before, holder.name.strip()) if part))


def _word(forms: Table, known: Mapping[str, str], word: str) -> str:
    """Return the language's own word for an honorific or rank; unknown ones stay in English only."""
    for original, translated in known.items():
        if _same_rank(original, word):
            return translated
    return word if forms.keep_other_words else ""


def _same_rank(first: str, second: str) -> bool:
    ranks = {_bare(first), _bare(second)}
    return len(ranks) == 1 or ranks <= _MR or ranks <= _MS


def _is_membership(title: str, members: Collection[str]) -> bool:
    return any(re.match(rf"(?:the )?{re.escape(member)}\b", title, re.IGNORECASE) for member in members)


def _short_title(title: str, known: tuple[str, ...]) -> str:
    found = [short for short in known if short.casefold() in title.casefold()]
    return max(found, key=len) if found else (known[0] if known else title)


def _salutation(
    forms: Table, row: Row, office: Office, cases: tuple[str, ...], places: Mapping[str, str]
) -> str:
    american = office.country == "US" if office.country else row.american
    last_resort = forms.rows["official"].salutation["office"]
    filled = (_filled(row.salutation[case], places) for case in cases if case in row.salutation)
    phrase = next((phrase for phrase in filled if phrase), last_resort)
    return phrase + (forms.american_mark if american else forms.mark)


def _envelope(row: Row, cases: tuple[str, ...], places: Mapping[str, str]) -> tuple[str, ...]:
    usual = "named" if places["person"] else "office"
    case = "excellency" if "excellency" in cases and "excellency" in row.envelope else usual
    return _told_once("\n".join(_filled(pattern, places) for pattern in row.envelope[case]))


def _envelope_override(text: str, places: Mapping[str, str]) -> tuple[str, ...]:
    return _told_once(_overridden(text, places))


def _told_once(text: str) -> tuple[str, ...]:
    """Return the lines of a text that are neither empty nor already part of a line above."""
    lines: list[str] = []
    for line in (line.strip() for line in text.split("\n")):
        if line and not any(line.casefold() in above.casefold() for above in lines):
            lines.append(line)
    return tuple(lines)


def _overridden(text: str, places: Mapping[str, str]) -> str:
    check_override(text)
    return _filled(text, places)


def _filled(pattern: str, places: Mapping[str, str]) -> str:
    """Return the pattern with its places filled, or nothing if one of them is empty."""
    if any(not places.get(place) for place in _PLACE.findall(pattern)):
        return ""
    return _PLACE.sub(lambda found: places[found[1]], pattern)
