"""Fields that are bound once: a form never sees what another one was given."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app.public.forms import SignForm, WriteForm

pytestmark = pytest.mark.backends("sqlite")  # no row is written or read


def test_forms_share_nothing_that_was_typed_asked_for_or_refused(app: Flask) -> None:
    with app.test_request_context("/"):
        first = WriteForm(MultiDict({"name": "Ann", "country": "nowhere"}), languages=("fr",))
        first.ask_for(20)
        assert not first.validate()
        second = WriteForm(MultiDict(), languages=("de",))
        assert first.personal_message.flags.required
        assert not second.personal_message.flags.required
        assert (first.name.data, second.name.data) == ("Ann", None)
        assert first.errors
        assert not second.errors
        assert [code for code, _name in first.language.choices] == ["fr"]
        assert first.name is first["name"]
        assert first.name._form is first


def test_forms_of_two_classes_have_their_own_fields(app: Flask) -> None:
    with app.test_request_context("/"):
        write, sign = WriteForm(MultiDict()), SignForm(MultiDict())
        assert not write.validate()
        assert not sign.validate()
        assert write.consent.errors != sign.consent.errors
        assert "recipients" in write
        assert "recipients" not in sign
