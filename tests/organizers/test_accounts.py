"""Roles, closing accounts, resetting second factors; and there is always an owner."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from app import clock
from app.database import db
from app.errors import NotFound, Refused
from app.organizers import accounts
from app.organizers.models import Organizer
from app.organizers.permissions import PERMISSIONS, ROLES, permissions_of
from app.security.audit import COMMAND_LINE, AuditEntry
from tests.factories.organizers import store_account
from tests.factories.threads import at_once


def stored(role: str) -> Organizer:
    return accounts.find_by_email(store_account(role).email)


def change_role(organizer: Organizer, role: str) -> None:
    accounts.change_role(organizer.id, role, actor=COMMAND_LINE, now=clock.now())


def deactivate(organizer: Organizer) -> None:
    accounts.deactivate(organizer.id, actor=COMMAND_LINE, now=clock.now())


def test_each_role_may_do_what_the_one_below_may() -> None:
    owner, organizer, viewer = (permissions_of(role) for role in ROLES)
    assert viewer < organizer < owner
    assert "letters.personal" not in viewer
    assert "organizers.manage" not in organizer
    assert permissions_of("stranger") == frozenset()
    assert set(PERMISSIONS) == set(ROLES)


def test_what_is_changed_is_written_down(app_context: Flask) -> None:
    stored("owner")
    organizer = stored("organizer")
    change_role(organizer, "viewer")
    change_role(organizer, "viewer")
    deactivate(organizer)
    deactivate(organizer)
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.number))
    assert [(entry.action, entry.object_id, entry.detail) for entry in entries] == [
        ("organizer.role_changed", organizer.id, {"from": "organizer", "to": "viewer"}),
        ("organizer.deactivated", organizer.id, {}),
    ]


def test_the_only_owner_stays(app_context: Flask) -> None:
    owner = stored("owner")
    store_account("owner", active=False)
    for act in (lambda: change_role(owner, "viewer"), lambda: deactivate(owner)):
        with pytest.raises(Refused):
            act()
    change_role(stored("organizer"), "owner")
    change_role(owner, "viewer")


@pytest.mark.backends("sqlite", "postgresql")  # locks
def test_two_owners_cannot_dethrone_each_other_at_once(app_context: Flask) -> None:
    owners = [stored("owner"), stored("owner")]
    queue = list(owners)

    def dethrone() -> bool:
        try:
            change_role(queue.pop(), "viewer")
        except Refused:
            return False
        return True

    assert sorted(at_once(2, app_context, dethrone)) == [False, True]
    db.session.rollback()
    assert accounts.has_owner(db.session)


def test_a_reset_second_factor_is_gone_whole(app_context: Flask) -> None:
    organizer = stored("organizer")
    before = organizer.fs_uniquifier
    accounts.reset_second_factor(organizer.id, actor=COMMAND_LINE, now=clock.now())
    db.session.rollback()
    now = accounts.find(organizer.id)
    assert (now.tf_primary_method, now.tf_totp_secret, now.totp_counter) == (None, None, None)
    assert now.mf_recovery_codes == []
    assert now.fs_uniquifier != before


def test_unknown_roles_and_people(app_context: Flask) -> None:
    organizer = stored("organizer")
    with pytest.raises(Refused):
        change_role(organizer, "emperor")
    with pytest.raises(NotFound):
        accounts.deactivate(uuid.uuid4(), actor=COMMAND_LINE, now=clock.now())
    with pytest.raises(NotFound):
        accounts.find_by_email("nobody@desk.example")
