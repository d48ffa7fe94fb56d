"""Switches of the installation: on until somebody turns them off, and told to the audit log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.database import db, transaction
from app.security.audit import AuditEntry
from app.security.options import FOUR_EYES, Option, is_on, switch

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_rule_is_on_until_somebody_switches_it_off(app_context: Flask) -> None:
    assert is_on(FOUR_EYES)
    for is_kept in (True, False, False, True, False):
        switch(FOUR_EYES, is_kept, actor="organizer:x", now=NOW)
        assert is_on(FOUR_EYES) == is_kept
        with transaction() as session:
            assert is_on(FOUR_EYES, session) == is_kept
    told = [row.action for row in db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.number))]
    assert told == ["rule.switched_off", "rule.switched_on", "rule.switched_off"]


@pytest.mark.parametrize("value", ["", "OFF", "0", "false", "on"])
def test_only_the_plain_word_switches_a_rule_off(app_context: Flask, value: str) -> None:
    with transaction() as session:
        session.add(Option(name=FOUR_EYES, value=value))
    assert is_on(FOUR_EYES)
