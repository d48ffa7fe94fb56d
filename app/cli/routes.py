"""`redress routes`: every page, with its methods and for whom it is."""

from __future__ import annotations

import click

from app.cli import Installation
from app.security.guard import audience_of


@click.command("routes")
@click.pass_obj
def command(installation: Installation) -> None:
    """List method, path and audience of every route. Exit 1 if one has no audience."""
    app = installation.app()
    unguarded = 0
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        who = audience_of(app, rule.endpoint)
        unguarded += who is None
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        click.echo(f"{methods:<10} {rule.rule:<60} {who or 'NOBODY DECLARED'}")
    if unguarded:
        raise SystemExit(1)
