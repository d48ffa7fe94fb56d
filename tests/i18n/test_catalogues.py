"""Every text that a person reads is in the catalogues."""

from __future__ import annotations

from tests.support.catalogues import catalogues, extracted, updated


def test_catalogues_hold_the_texts_of_code_and_templates() -> None:
    texts = extracted()
    assert len(texts) > 300
    for path in catalogues():
        assert path.read_text(encoding="utf-8") == updated(path, texts), f"{path.name} is old: make messages"
