"""`redress worker`: delivers what is in the outbox."""

from __future__ import annotations

import contextlib
import random
import secrets
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import Installation

if TYPE_CHECKING:
    from flask import Flask

    from app.delivery.senders.base import SenderFactory
    from app.delivery.worker import Worker


@click.command("worker")
@click.option("--drain", is_flag=True, help="Deliver all that is due now, then end.")
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many workers to run; those that end are started again.",
)
@click.option(
    "--relay-log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A Postfix log in which what is unclear is looked up every minute.",
)
@click.option("--supervised", is_flag=True, hidden=True, help="End when standard input is closed.")
@click.pass_obj
def command(
    installation: Installation, drain: bool, processes: int, relay_log: Path | None, supervised: bool
) -> None:
    """Deliver what is due, until told to stop (SIGTERM or Ctrl-C).

    Any number of workers may run, on any number of machines; each mail is handed to one of them.
    Told to stop, a worker brings the mail in hand to an end and gives the others back. What a
    killed worker leaves is taken over by the next: what had not left is sent, and what broke off
    at the one moment where nobody can know is marked "unclear" and never sent again unasked.
    """
    from app.cli.logs import log_to_stderr
    from app.delivery.signals import stop_on_signals
    from app.delivery.supervisor import stop_with_parent, supervise

    log_to_stderr(installation.settings().log_format)
    with stop_on_signals() as stop:
        if processes > 1:
            _check(installation.worker_app())
            sys.exit(supervise(_command(drain, relay_log), processes, stop, once=drain))
        if supervised:
            stop_with_parent(stop)
        _work(installation.worker_app(), stop, drain, relay_log)


def _command(drain: bool, relay_log: Path | None) -> list[str]:
    options = ["--drain"] if drain else []
    options += ["--relay-log", str(relay_log)] if relay_log else []
    return [sys.executable, "-m", "app.cli", "worker", "--supervised", *options]


def _check(app: Flask) -> SenderFactory:
    """Say what a worker could not work with, once, and before there are several; return what it sends by."""
    from app.delivery.readiness import check_tables
    from app.delivery.senders import choose

    senders = choose(app.config["REDRESS_SETTINGS"])
    with app.app_context():
        check_tables()
    return senders


def _work(app: Flask, stop: threading.Event, drain: bool, relay_log: Path | None) -> None:
    from app.cli.chores import beside

    senders = _check(app)
    with contextlib.nullcontext() if drain else beside(app, stop, relay_log):
        _worker(app, senders).run(stop, drain=drain)


def _worker(app: Flask, senders: SenderFactory) -> Worker:
    from app.clock import Clock
    from app.delivery.processes import new_worker_name, this_process
    from app.delivery.worker import Worker
    from app.letters.digests import compose_digest
    from app.letters.dispatch import reasons_to_hold
    from app.letters.wishes import limits_of
    from app.notices.sending import compose_notice

    clock: Clock = app.extensions["redress_clock"]
    settings = app.config["REDRESS_SETTINGS"]
    return Worker(
        app=app,
        senders=senders,
        name=new_worker_name(secrets.token_hex(4)),
        process=this_process(),
        now=clock.now,
        chance=random.Random(),  # noqa: S311 (spreads retries; no secret)
        check=reasons_to_hold,
        compose=compose_notice,
        gather=compose_digest,
        limits=limits_of(settings),
        connections=settings.smtp_connections if settings.smtp_url else 1,
    )
