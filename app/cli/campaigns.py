"""`redress campaigns`: hand a campaign to another group, or take one over."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from app import clock
from app.cli import Installation
from app.database import db
from app.errors import RedressError
from app.letters.handing_on import Report, export_files, import_campaign, packed, unpacked
from app.security.audit import COMMAND_LINE


@click.group("campaigns")
def command() -> None:
    """Export and import campaigns: texts, letters, offices by their ids, facts with sources."""


@command.command("export")
@click.argument("slug")
@click.option("--output", type=click.Path(path_type=Path), help="A new folder, or FILE.zip; without, ./SLUG.")
@click.pass_obj
def export(installation: Installation, slug: str, output: Path | None) -> None:
    """Write the campaign SLUG as a folder, or as one archive."""
    target = output or Path(slug)
    if target.exists():
        raise RedressError(f"{target} is there already: nothing was written.")
    with installation.app().app_context():
        files = export_files(db.session, slug, now=clock.now())
    try:
        _write(files, target)
    except OSError as error:
        raise RedressError(f"{target} cannot be written: {error.strerror}.") from None
    click.echo(f"{len(files)} files in {target}.")


def _write(files: dict[str, str], target: Path) -> None:
    if target.suffix == ".zip":
        target.write_bytes(packed(files))
        return
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@command.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be imported, and change nothing.")
@click.pass_obj
def import_(installation: Installation, path: Path, dry_run: bool) -> None:
    """Import the folder or archive PATH as a draft, whose letters wait for a reader.

    Nothing that is here is overwritten. Exit 1 where something has to be looked at.
    """
    if not path.exists():
        raise RedressError(f"There is no {path}.")
    with installation.app().app_context(), ExitStack() as stack:
        folder = path if path.is_dir() else stack.enter_context(unpacked(path.read_bytes()))
        report = import_campaign(folder, dry_run=dry_run, actor=COMMAND_LINE, now=clock.now())
    _tell(report)
    click.echo("Nothing was changed (dry run)." if dry_run else "Imported, as a draft.")
    if report.unknown or report.problems or report.evidence.different:
        raise SystemExit(1)


def _tell(report: Report) -> None:
    click.echo(f"campaign: {report.slug}")
    click.echo(f"letters, to be reviewed: {', '.join(report.letters) or 'none'}")
    click.echo(f"offices: {report.offices} known here")
    if report.unknown:
        click.echo(f"not known here, left out: {', '.join(report.unknown)}")
    if report.evidence.new:
        click.echo(f"new in the evidence: {', '.join(report.evidence.new)}")
    if report.evidence.different:
        click.echo(f"known here as something else, and kept: {', '.join(report.evidence.different)}")
    for problem in report.problems:
        click.echo(f"to put right: {problem}")
