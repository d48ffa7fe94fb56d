"""Forms of address: what the register of recipients gives comes out exactly; nothing is guessed."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.rendering.forms_of_address import (
    LANGUAGES,
    STYLES,
    FormError,
    FormOfAddress,
    HolderName,
    Office,
    address,
    check_override,
    sources,
    with_institution,
)
from app.rendering.forms_table import CASES, table

HERE = Path(__file__).parent
SALUTATIONS = yaml.safe_load((HERE / "salutations.yaml").read_text(encoding="utf-8"))
EXAMPLES = yaml.safe_load((HERE / "address_examples.yaml").read_text(encoding="utf-8"))
HOLDERS = (
    None,
    HolderName("Alex Doe", "Doe"),
    HolderName("Alex Doe", "Doe", rank="Mr."),
    HolderName("Alex Doe", "Doe", rank="Ms."),
)
GENDERED = re.compile(
    r"\b(Mr|Ms|Mrs|Madam|Sir|Monsieur|Madame|Chairman|господин|госпожа|Уважаемый|Уважаемая|պարոն|տիկին)\b",
    re.IGNORECASE,
)
# Forms that name both, and so guess neither.
BOTH = ("Dear Sir or Madam", "Madame, Monsieur", "Уважаемая госпожа, уважаемый господин", "տիկին կամ պարոն")


def _address(style: str, office: Office, holder: HolderName | None = None, **overrides: str) -> FormOfAddress:
    return address(style=style, language="en", office=office, holder=holder, overrides=overrides)


HRC = Office("President of the Human Rights Council", "United Nations Human Rights Council", "CH")
HIGH_COMMISSIONER = Office(
    "United Nations High Commissioner for Human Rights",
    "Office of the High Commissioner for Human Rights",
    "CH",
)


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: f"{example['style']}-{example['salutation']}"
)
def test_examples_of_the_register(example: dict[str, Any]) -> None:
    holder = HolderName(**example["holder"]) if example["holder"] else None

    found = _address(example["style"], Office(**example["office"]), holder)

    assert list(found.envelope) == example["envelope"]
    assert found.salutation == example["salutation"]
    assert found.closing == example["closing"] or not example["closing"]


@pytest.mark.parametrize(("style", "language"), list(itertools.product(STYLES, LANGUAGES)))
def test_salutation_of_every_style_and_language(style: str, language: str) -> None:
    office = Office("Head of the Office", "Institution")

    found = [
        address(style=style, language=language, office=office, holder=holder, overrides={}).salutation
        for holder in HOLDERS
    ]

    assert found == SALUTATIONS[style][language]


@pytest.mark.parametrize(
    ("style", "language", "holder"), list(itertools.product(STYLES, LANGUAGES, HOLDERS[:2]))
)
def test_gender_is_never_guessed(style: str, language: str, holder: HolderName | None) -> None:
    office = Office("Head of the Office", "Institution", "CH")

    found = address(style=style, language=language, office=office, holder=holder, overrides={})

    text = "\n".join((*found.envelope, found.salutation, found.closing))
    for both in BOTH:
        text = text.replace(both, "")
    assert not GENDERED.search(text)


@pytest.mark.parametrize(("style", "language", "holder"), list(itertools.product(STYLES, LANGUAGES, HOLDERS)))
def test_every_form_is_complete(style: str, language: str, holder: HolderName | None) -> None:
    office = Office("Head of the Office", "Institution")

    found = address(style=style, language=language, office=office, holder=holder, overrides={})

    whole = (*found.envelope, found.salutation, found.closing)
    assert found.envelope
    assert all(part and part == part.strip() and not re.search(r"[{}]|  |\bNone\b", part) for part in whole)
    assert found.salutation[-1] in ",:!"
    assert ("Alex Doe" in found.envelope[0]) is (
        holder is not None and (style, language) != ("head_of_state", "en")
    )


@pytest.mark.parametrize(("style", "language"), list(itertools.product(STYLES, LANGUAGES)))
def test_every_row_has_a_source(style: str, language: str) -> None:
    row = table(language).rows[style]

    assert sources(style, language) == row.sources
    assert all(source.label for source in row.sources)
    assert row.sources
    assert set(row.salutation) <= set(CASES)
    assert "office" in row.salutation


def test_vacant_office_is_addressed_by_its_title() -> None:
    assert _address("ambassador", HRC).envelope == ("The President of the Human Rights Council",)
    assert _address("ambassador", HRC, HolderName("  ")).envelope == (
        "The President of the Human Rights Council",
    )
    assert _address("official", Office("The Clerk", "City of Glendale")).envelope == (
        "The Clerk",
        "City of Glendale",
    )


def test_acting_holder_is_named_but_not_given_the_title() -> None:
    office = Office("United Nations High Commissioner for Human Rights", "", "CH")
    acting = HolderName("Alex Doe", "Doe", acting=True)

    assert _address("high_commissioner", office, acting).envelope[0] == "Alex Doe"
    assert _address("director", Office("Director", ""), acting).salutation == "Dear Director,"
    assert _address("senator", Office("Senator", "Senate"), acting).envelope[0] == "Alex Doe"


def test_seat_decides_between_colon_and_comma() -> None:
    assert _address("director", Office("Director", "Bureau", "US")).salutation == "Dear Director:"
    assert (
        _address("committee_chair", Office("Chair", "European Parliament", "BE")).salutation == "Dear Chair,"
    )


def test_french_closing_repeats_the_salutation() -> None:
    found = address(
        style="ambassador",
        language="fr",
        office=HRC,
        holder=HolderName("Jürg Lauber", "Lauber", "His Excellency", "Ambassador"),
        overrides={"fr.salutation": "Monsieur le Président du Conseil,", "en.salutation": "Dear all,"},
    )

    assert found.envelope[0] == "Son Excellence Jürg Lauber"
    assert found.salutation == "Monsieur le Président du Conseil,"
    assert "agréer, Monsieur le Président du Conseil, l’expression" in found.closing


def test_overrides_replace_parts() -> None:
    holder = HolderName("Volker Türk", "Türk", rank="Mr.")
    found = _address(
        "high_commissioner",
        HIGH_COMMISSIONER,
        holder,
        salutation="Dear {rank} {family_name},",
        closing="With respect,",
        envelope="{person}\nPalais Wilson",
    )

    assert found == FormOfAddress(("Mr. Volker Türk", "Palais Wilson"), "Dear Mr. Türk,", "With respect,")


def test_override_with_a_name_gives_way_when_there_is_none() -> None:
    found = _address("high_commissioner", HIGH_COMMISSIONER, None, salutation="Dear {family_name},")

    assert found.salutation == "Dear High Commissioner,"


@pytest.mark.parametrize("text", ["Dear {nickname},", "{}", "{__class__}", "{vocative}"])
def test_override_with_an_unknown_place_is_refused(text: str) -> None:
    with pytest.raises(FormError, match="cannot stand in a form of address"):
        check_override(text)
    with pytest.raises(FormError):
        _address("official", HRC, None, salutation=text)


def test_unknown_language_is_set_in_english_and_unknown_style_as_an_official() -> None:
    found = address(style="no-such-style", language="xx", office=HRC, holder=None, overrides={})

    assert found.salutation == "Dear Sir or Madam,"


def test_institution_is_added_only_where_it_is_not_told() -> None:
    odihr = "OSCE Office for Democratic Institutions and Human Rights"

    assert with_institution(("Ms. Maria Telalian", "Director"), odihr) == (
        "Ms. Maria Telalian",
        "Director",
        odihr,
    )
    assert with_institution(("X", "Secretary-General of the United Nations"), "The United Nations") == (
        "X",
        "Secretary-General of the United Nations",
    )
