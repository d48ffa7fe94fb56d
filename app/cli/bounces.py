"""`redress bounces read|serve`: deal with what comes back to the addresses that our mails left with."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli import Installation
from app.errors import Unavailable

if TYPE_CHECKING:
    from flask import Flask

COME_AGAIN = 75
"""Exit status (sysexits.h) on which mail servers keep a message and hand it over again later."""


@click.group("bounces")
def command() -> None:
    """Deal with mails that came back."""


@command.command()
@click.option(
    "--maildir", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Read its new/."
)
@click.option("--recipient", "recipients", multiple=True, metavar="ADDRESS", help="At which it arrived.")
@click.pass_obj
def read(installation: Installation, maildir: Path | None, recipients: tuple[str, ...]) -> None:
    """Read one message on standard input, or all that are new in a Maildir.

    What was dealt with in a Maildir is moved to its cur/. Exit 75: hand the message over again later.
    """
    app = installation.worker_app()
    with app.app_context():
        if maildir is not None:
            _read_folder(maildir)
            return
        sentence, is_done = _deal_with(_limited(sys.stdin.buffer.fileno()), recipients)
    click.echo(sentence, err=not is_done)
    if not is_done:
        raise SystemExit(COME_AGAIN)


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of an interface.")
@click.option(
    "--port", default=2424, show_default=True, type=click.IntRange(0, 65535), help="0 takes any that is free."
)
@click.pass_obj
def serve(installation: Installation, host: str, port: int) -> None:
    """Take messages from a mail server by LMTP, until told to stop."""
    from app.delivery.lmtp import LmtpServer
    from app.delivery.signals import stop_on_signals
    from app.letters.answers import LONGEST

    app = installation.worker_app()
    server = LmtpServer(
        receive=lambda raw, to: _reply(app, raw, to), is_ours=lambda to: _is_ours(app, to), longest=LONGEST
    )
    with stop_on_signals() as stop:
        server.run(host, port, stop, ready=lambda at: click.echo(f"LMTP on {host}, port {at}."))


def _deal_with(raw: bytes, recipients: tuple[str, ...]) -> tuple[str, bool]:
    """Return what was done, and False where the message should come again."""
    from sqlalchemy.exc import DBAPIError

    from app import clock
    from app.letters.bouncing import receive

    try:
        return receive(raw, to=recipients, now=clock.now()).sentence, True
    except Unavailable as busy:
        return busy.sentence, False
    except DBAPIError:
        return "The database cannot be used; the message should come again.", False
    except Exception as error:  # the mail server must get an answer, and its message must not be lost
        return f"Unforeseen {type(error).__name__}; the message should come again.", False


def _is_ours(app: Flask, address: str) -> bool:
    # Whether a token is one of ours is not told here: what is made up is taken, and changes nothing.
    local, _at, domain = address.lower().rpartition("@")
    return local.startswith("b+") and domain == app.config["REDRESS_SETTINGS"].bounce_domain.lower()


def _reply(app: Flask, raw: bytes, to: str) -> str:
    with app.app_context():
        sentence, is_done = _deal_with(raw, (to,))
    click.echo(sentence)
    return "250 2.0.0 Done" if is_done else "451 4.3.2 Come again later"


def _read_folder(folder: Path) -> None:
    left = 0
    for path in sorted((folder / "new").iterdir()) if (folder / "new").is_dir() else ():
        raw = _read_file(path)
        if raw is None:
            continue
        sentence, is_done = _deal_with(raw, ())
        click.echo(f"{path.name}: {sentence}")
        if is_done:
            _move_to_seen(path, folder / "cur")
        left += not is_done
    if left:
        click.echo(f"{left} messages are left in new/, to be read again.", err=True)
        raise SystemExit(1)


def _read_file(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # a link, or somebody else was faster
        return None
    try:
        return _limited(descriptor) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def _move_to_seen(path: Path, seen: Path) -> None:
    seen.mkdir(exist_ok=True)
    try:
        path.rename(seen / f"{path.name.partition(':')[0]}:2,S")
    except FileNotFoundError:
        click.echo(f"{path.name}: somebody else has moved it.")


def _limited(descriptor: int) -> bytes:
    """Read to the end, or to one octet more than is taken: by that one it is known as cut off."""
    from app.letters.answers import LONGEST

    read_so_far: list[bytes] = []
    left = LONGEST + 1
    while left > 0 and (chunk := os.read(descriptor, min(left, 2**16))):
        read_so_far.append(chunk)
        left -= len(chunk)
    return b"".join(read_so_far)
