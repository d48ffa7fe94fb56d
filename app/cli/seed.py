"""`redress seed`: the data that a fresh installation starts with."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

import click

from app import clock
from app.campaigns.folder import load_campaign
from app.cli import Installation
from app.errors import RedressError
from app.evidence.seeding import load_evidence
from app.letters.checking import sentences_for
from app.letters.joint.seeding import load_past_letters
from app.recipients.seeding import Loaded, add_demo_contacts, load_recipients

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


@click.command("seed")
@click.option(
    "--demo", is_flag=True, help="Also give every office a demonstration address under offices.example."
)
@click.pass_obj
def command(installation: Installation, demo: bool) -> None:
    """Load recipients, evidence and campaigns from seeds/. What organizers edited stays as it is."""
    if demo and installation.settings().env == "production":
        raise RedressError("Demonstration contacts are not for production: letters would go to nobody.")
    with installation.app().app_context():
        loaded = load_all(now=clock.now(), demo=demo)
    counts = f"{loaded.new} new, {loaded.changed} changed, {loaded.kept} kept as edited"
    click.echo(f"Offices, holders and contacts: {counts}.")


def load_all(*, now: datetime, demo: bool) -> Loaded:
    """Load everything under `seeds/`, with demonstration contacts if asked."""
    loaded = load_recipients(SEEDS / "recipients")
    load_evidence(SEEDS / "evidence", now=now)
    if demo:
        add_demo_contacts(now=now)
    for folder in sorted(path.parent for path in (SEEDS / "campaigns").glob("*/campaign.yaml")):
        slug = load_campaign(folder, now=now, check=partial(sentences_for, day=now.date()))
        load_past_letters(folder, slug, now=now)
    return loaded
