"""One text: previewed, mailed, printed."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from flask import Flask

from app import clock
from app.database import transaction
from app.delivery.models import Delivery
from app.errors import NotFound, TooMany
from app.letters import printing
from app.letters.following import follow
from app.letters.previewing import preview
from app.letters.printing import copy_of_writer, preview_on_paper
from app.letters.snapshot import open_snapshot
from app.rendering.letter import cut
from app.rendering.paper.press import bundle, pdf
from app.rendering.paper.sheet import Sheet
from tests.factories.campaigns import store_campaign
from tests.factories.letters import DraftFactory, copies, write_and_confirm, write_letter
from tests.factories.recipients import OfficeFactory
from tests.support.poppler import Poppler, words_of
from tests.support.seeded_letters import SeededLetter, addressee_letters, campaign_letters

DAY = date(2026, 11, 22)


@pytest.mark.seeded
@pytest.mark.backends("sqlite")  # what is printed is made from the text alone
class TestSeeds:
    """Every seeded office, letter and language."""

    def test_every_letter_of_every_campaign_is_one_text_on_all_ways(
        self, app_context: Flask, poppler: Poppler
    ) -> None:
        letters = list(campaign_letters(DAY))
        assert len(letters) >= 4
        for letter in letters:
            frozen = cut(letter.text, letter.subject)
            assert {segment.kind for segment in frozen} >= {"address", "salutation", "closing", "footer"}
            made = pdf(Sheet(letter.language, letter.country, frozen))
            assert poppler.letter(made) == words_of(letter.text), letter.name
            assert b"pdfuaid" in made, letter.name

    def test_every_office_in_every_language(self, app_context: Flask, poppler: Poppler) -> None:
        letters = list(addressee_letters(DAY))
        made = poppler.text(bundle(map(_sheet, letters)))
        pages = made.split("\f")[:-1]
        assert len(pages) == len(letters) > 100, "each goes onto one page"
        for letter, page in zip(letters, pages, strict=True):
            assert words_of(page) == words_of(letter.text), letter.name

    def test_one_letter_of_a_campaign_is_one_page(self, app_context: Flask, poppler: Poppler) -> None:
        for letter in campaign_letters(DAY):
            pages = poppler.info(pdf(_sheet(letter)))["Pages"]
            # Other languages take more room than English, and own words come on top.
            assert pages == "1" or (pages == "2" and letter.language != "en"), letter.name


def _sheet(letter: SeededLetter) -> Sheet:
    return Sheet(letter.language, letter.country, letter.segments)


def test_preview_mail_and_paper_say_the_same(app_context: Flask, poppler: Poppler) -> None:
    slug, now = store_campaign([OfficeFactory.build(country="US"), OfficeFactory.build()]), clock.now()
    snapshot = open_snapshot(slug, "en", day=now.date())
    own = "First line\nsecond line.\n\nAn-other #paragraph."
    draft = DraftFactory.build(personal_message=own, recipients=[o.slug for o in snapshot.offices])
    previewed = preview(snapshot, draft, now=now)
    token = write_and_confirm(
        slug, now=now, personal_message=own, writer=draft.writer, submission_key=draft.submission_key
    )
    printed = [poppler.letter(copy_of_writer(token, copy.id).content) for copy in copies()]
    assert printed == [words_of(copy.text) for copy in copies()] == [words_of(one.text) for one in previewed]
    assert poppler.letter(preview_on_paper(previewed)) == " ".join(printed)
    sizes = [poppler.info(copy_of_writer(token, copy.id).content)["Page size"] for copy in copies()]
    assert "letter" in sizes[0]
    assert "A4" in sizes[1]


def test_what_was_kept_is_shown_in_the_parts_of_a_letter(app_context: Flask) -> None:
    token = write_and_confirm(store_campaign([OfficeFactory.build()]))
    (copy,) = follow(token, "en").copies
    (kept,) = copies()
    assert "".join(segment.text for segment in copy.segments) == kept.text
    kinds = [segment.kind for segment in copy.segments]
    assert kinds[:4] == ["address", "date", "subject", "salutation"]
    assert kinds[-3:] == ["closing", "signature", "footer"]


def test_there_is_nothing_to_print_for_others_before_confirming_or_after_deleting(app_context: Flask) -> None:
    token = write_and_confirm(store_campaign())
    own = copies()[0]
    write_letter(store_campaign())
    waiting = next(copy for copy in copies() if copy.state == "awaiting_confirmation")
    other = write_and_confirm(store_campaign())
    with transaction() as session:
        gone = session.get_one(Delivery, own.id)
        assert copy_of_writer(token, gone.id).content.startswith(b"%PDF")
        gone.text = None
    for link, delivery in (
        (token, own.id),
        (token, waiting.id),
        (token, uuid.uuid4()),
        (other, copies()[1].id),
        ("nonsense", own.id),
    ):
        with pytest.raises(NotFound):
            copy_of_writer(link, delivery)


def test_a_network_that_has_letters_set_without_end_is_asked_to_wait(app_context: Flask) -> None:
    now = clock.now()
    for _press in range(printing.PRINTED_AN_HOUR):
        printing.admit_to_press("203.0.113.0/24", now=now)
    with pytest.raises(TooMany) as refused:
        printing.admit_to_press("203.0.113.0/24", now=now)
    assert 0 < refused.value.retry_after <= 3600
    printing.admit_to_press("198.51.100.0/24", now=now)
    printing.admit_to_press(None, now=now)
