"""`redress recipients`: import, export and check offices, their holders and contacts."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import click

from app import clock
from app.cli import Installation
from app.database import db
from app.errors import RedressError
from app.recipients.concerns import all_concerns
from app.recipients.exporter import EXPORTS
from app.recipients.importer import READERS, Change, Plan, Problem, plan_import, read, run_import
from app.security.audit import COMMAND_LINE

MOST_SHOWN = 50
_MARKS = {"new": "+", "changed": "~", "ended": "-", "withdrawn": "-", "conflict": "!"}
_KINDS = {
    "area": "areas",
    "postal_codes": "areas with postal codes",
    "office": "offices",
    "holder": "holders",
    "contact": "contacts",
}


@click.group("recipients")
def command() -> None:
    """Import, export and check offices, their holders and contacts."""


@command.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "name", type=click.Choice(list(READERS)), help="Told from PATH where it can be.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--overwrite-edits", is_flag=True, help="Let the file win over what organizers edited.")
@click.pass_obj
def import_(
    installation: Installation, path: Path, name: str | None, dry_run: bool, overwrite_edits: bool
) -> None:
    """Import the file or folder PATH: all of it, or with any error nothing.

    Contacts come in unverified, and what organizers edited is kept and told (exit 1).
    """
    with installation.app().app_context():
        now = clock.now()
        records = read(path, name)
        plan = plan_import(records, day=now.date(), overwrite=overwrite_edits)
        if not dry_run and not plan.errors:
            plan = run_import(records, plan, now=now, actor=COMMAND_LINE, overwrite=overwrite_edits)
        _tell_problems(plan.warnings)
        if plan.errors:
            _tell_problems(plan.errors)
            count = len(plan.errors)
            raise RedressError(f"{count} {'error' if count == 1 else 'errors'}; nothing was changed.")
        _tell(plan, dry_run=dry_run)
    if plan.conflicts:
        raise SystemExit(1)


def _tell(plan: Plan, *, dry_run: bool) -> None:
    for change in plan.changes[:MOST_SHOWN]:
        click.echo(_line(change))
    if len(plan.changes) > MOST_SHOWN:
        click.echo(f"… and {len(plan.changes) - MOST_SHOWN} more")
    counts = plan.counts()
    for kind, name in _KINDS.items():
        told = [f"{counts[kind, action]} {action}" for action in _MARKS if counts.get((kind, action))]
        if same := plan.unchanged[kind]:
            told.append(f"{same} unchanged")
        if told:
            click.echo(f"{name}: {', '.join(told)}")
    if plan.conflicts:
        click.echo("What organizers edited was kept where the file differs (marked with !).")
    click.echo("Nothing was changed (dry run)." if dry_run else "Done." if plan.writes else "Nothing to do.")


def _line(change: Change) -> str:
    told = f"{_MARKS[change.action]} {change.kind.replace('_', ' ')} {change.external_id}: {change.name}"
    if change.kind == "postal_codes":
        return f"{told} (+{len(change.values['added'])}, -{len(change.values['removed'])})"
    if change.action == "new":
        return _short(told)
    parts = [
        f"{name}: {_value(change.before.get(name))} → {_value(new)}" for name, new in change.values.items()
    ]
    return f"{_short(told)} [{'; '.join(parts)}]"


def _value(value: object) -> str:
    return "–" if value in (None, "", [], {}) else _short(str(value), 60)


def _short(text: str, longest: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _tell_problems(problems: Iterable[Problem]) -> None:
    told = list(problems)
    for problem in told[:MOST_SHOWN]:
        click.echo(f"{problem.severity}: {problem.place}: {problem.sentence}")
    if len(told) > MOST_SHOWN:
        click.echo(f"… and {len(told) - MOST_SHOWN} more")


@command.command("export")
@click.option(
    "--format", "name", type=click.Choice(list(EXPORTS)), default="csv", show_default=True, help="To write."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Instead of standard output.")
@click.pass_obj
def export(installation: Installation, name: str, output: Path | None) -> None:
    """Export every area, office, holder and contact; `import` reads it back unchanged."""
    with installation.app().app_context():
        try:
            opened = output.open("wb") if output else nullcontext(sys.stdout.buffer)
        except OSError as error:
            raise RedressError(f"{output} cannot be written: {error.strerror}.") from None
        with opened as file:
            for part in EXPORTS[name](db.session):
                file.write(part.encode())
            file.flush()


@command.command("check")
@click.pass_obj
def check(installation: Installation) -> None:
    """Print what needs checking: terms that ended or end soon; contacts, and offices long not checked.

    Exit 1 where something does.
    """
    count = 0
    with installation.app().app_context():
        for office, concerns in all_concerns(db.session, clock.now().date()):
            count += len(concerns)
            for concern in concerns:
                click.echo(f"{office.external_id}: {concern.sentence}")
    if count:
        raise SystemExit(1)
    click.echo("Nothing needs checking.")
