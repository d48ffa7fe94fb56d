"""Numbered migrations: up, down and up again with rows in every table, and equal to the models."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.database import Base, db
from app.extensions import alembic
from app.settings import Settings
from tests.support.environment import installation

VERSIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"


@contextmanager
def running(database_url: str, folder: Path, keys_file: Path) -> Iterator[Flask]:
    """An application on a database, with its context pushed; its connections are closed at the end."""
    app = create_app(Settings.from_environ(installation(folder, database_url, keys_file=keys_file)))
    with app.app_context():
        yield app
        db.session.rollback()
        db.engine.dispose()


@pytest.fixture
def empty_app(empty_database_url: str, tmp_path: Path, keys_file: Path) -> Iterator[Flask]:
    """An application on a database without a table."""
    with running(empty_database_url, tmp_path, keys_file) as app:
        yield app


def test_files_are_numbered_without_a_gap_and_follow_each_other() -> None:
    names = sorted(path.name for path in VERSIONS.glob("*.py"))
    numbers = [name.partition("_")[0] for name in names]
    assert numbers == [f"{number:04}" for number in range(1, len(names) + 1)]
    for name, number, before in zip(names, numbers, [None, *numbers], strict=False):
        text = (VERSIONS / name).read_text(encoding="utf-8")
        assert re.search(rf'^revision = "{number}"$', text, re.M), name
        down = f'"{before}"' if before else "None"
        assert re.search(rf"^down_revision = {down}$", text, re.M), name
        assert text.startswith('"""'), f"{name} does not say what it does"


def test_there_is_one_head_and_it_is_the_newest(app_context: Flask) -> None:
    newest = max(path.name for path in VERSIONS.glob("*.py")).partition("_")[0]
    assert [script.revision for script in alembic.heads()] == [newest]
    assert [script.revision for script in alembic.current()] == [newest]
    assert not alembic.needs_upgrade()


def test_the_migrated_database_is_what_the_models_say(app_context: Flask) -> None:
    assert alembic.compare_metadata() == []


def test_checks_that_no_comparison_sees_are_there_too(app_context: Flask) -> None:
    """Alembic does not compare CHECK constraints: their names are looked at here."""
    inspector = sa.inspect(db.engine)
    for table in Base.metadata.sorted_tables:
        wanted = {
            constraint.name for constraint in table.constraints if isinstance(constraint, sa.CheckConstraint)
        }
        there = {one["name"] for one in inspector.get_check_constraints(table.name)}
        assert there == wanted, table.name


def test_up_down_and_up_again_with_rows_in_every_table(empty_app: Flask) -> None:
    alembic.upgrade()
    tables = _tables()
    before = _fill()
    assert set(before) == set(tables) - {"alembic_version"}
    alembic.downgrade("base")
    assert _tables() <= {"alembic_version"}
    alembic.upgrade()
    assert _tables() == tables
    assert alembic.compare_metadata() == []
    _fill()


def test_every_single_step_goes_down_and_up_with_rows_in_every_table(empty_app: Flask) -> None:
    revisions = [script.revision for script in reversed(list(alembic.script_directory.walk_revisions()))]
    alembic.upgrade()
    _fill()
    for place in range(len(revisions) - 1, 0, -1):
        held = _counts()
        alembic.downgrade(revisions[place - 1])
        left = _counts()
        assert all(held[table] == left[table] for table in left), revisions[place]
        alembic.upgrade(revisions[place])
        assert _counts().keys() == held.keys(), revisions[place]
        alembic.downgrade(revisions[place - 1])
    alembic.upgrade()
    assert alembic.compare_metadata() == []


def _tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names())


def _counts() -> dict[str, int]:
    with db.engine.connect() as connection:
        return {
            name: connection.scalar(sa.text(f'SELECT count(*) FROM "{name}"')) or 0
            for name in _tables() - {"alembic_version"}
        }


def _fill() -> dict[str, int]:
    """Put a row into every table, parents first, and return how many rows each has."""
    keys: dict[str, uuid.UUID] = {}
    with db.engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            row = {column.name: _value(column, keys) for column in table.columns}
            if connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0 or "id" not in row:
                connection.execute(sa.insert(table).values(row))
            if "id" in row:
                keys[table.name] = connection.scalars(sa.select(table.c.id)).first() or row["id"]
    counts = _counts()
    assert [name for name, count in counts.items() if count == 0] == []
    return counts


CHOSEN = {
    "deliveries.state": "queued",
    "corrections.state": "taken_over",
    "audience_members.group_of": None,
}
"""What the other columns of a row must agree with: only what waits has a time at which it is due, only what
was decided has one at which it was, and a rule is for an office or for a group."""


def _value(column: sa.Column[Any], keys: dict[str, uuid.UUID]) -> Any:
    if (name := f"{column.table.name}.{column.name}") in CHOSEN:
        return CHOSEN[name]
    checks = [one for one in column.table.constraints if isinstance(one, sa.CheckConstraint)]
    for check in checks:
        # A column that only takes some words gets the first of them.
        if word := re.match(rf"{column.name} IN \('(\w+)'", str(check.sqltext)):
            return word[1]
    for foreign in column.foreign_keys:
        parent = foreign.column.table.name
        return None if parent == column.table.name else keys[parent]
    return _of_type(column.type)


def _of_type(kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, sa.TypeDecorator):
        kind = kind.impl_instance
    values: dict[type, Any] = {
        sa.Uuid: uuid.uuid4(),
        sa.Boolean: True,
        sa.Integer: 1,
        sa.DateTime: datetime(2026, 11, 21, tzinfo=UTC),
        sa.Date: date(2026, 11, 21),
        sa.LargeBinary: uuid.uuid4().bytes * 2,
        sa.JSON: {"en": "x"},
        sa.String: "x",
    }
    return next(value for type_, value in values.items() if isinstance(kind, type_))


def test_a_migration_that_fails_halfway_leaves_the_database_as_it_was(
    empty_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import op

    made: list[str] = []
    create_table = op.create_table

    def create(name: str, *columns: Any, **options: Any) -> Any:
        if len(made) == 5:
            raise RuntimeError("the power went out")
        made.append(name)
        return create_table(name, *columns, **options)

    monkeypatch.setattr(op, "create_table", create)
    with pytest.raises(RuntimeError, match="power"):
        alembic.upgrade()
    db.engine.dispose()
    assert _tables() <= {"alembic_version"}
    monkeypatch.undo()
    alembic.upgrade()
    assert alembic.compare_metadata() == []
