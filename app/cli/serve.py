"""`redress serve`: the site, by granian, and with `--worker` a delivery worker beside it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import click

from app.cli import Installation
from app.errors import RedressError

THREADS = 4
"""Of each web process: they wait for the database now and then, and otherwise share one interpreter."""


@click.command("serve")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
@click.option("--worker", is_flag=True, help="Run one delivery worker beside the site.")
@click.option(
    "--prepare", is_flag=True, help="First migrate, seed with demonstration contacts, and say where to go."
)
@click.pass_obj
def command(
    installation: Installation, *, port: int, host: str, processes: int, worker: bool, prepare: bool
) -> None:
    """Serve the site on HOST:PORT until it is told to stop (SIGTERM or Ctrl-C)."""
    if installation.settings().env != "production":
        # Links in mails lead to the port that was asked for; web processes and worker read it from here.
        os.environ.setdefault("REDRESS_BASE_URL", f"http://127.0.0.1:{port}")  # noqa: TID251 (for children)
    if prepare:
        _prepare(installation)
    installation.settings()
    _check_port(host, port)
    with _worker_beside() if worker else contextlib.nullcontext():
        _serve(host, port, processes)


def _prepare(installation: Installation) -> None:
    from app.cli.preparing import prepare

    prepare(installation)


def _check_port(host: str, port: int) -> None:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise RedressError(
                f"Port {port} on {host} is taken or not allowed; choose another with --port."
            ) from None


def _serve(host: str, port: int, processes: int) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "app.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=THREADS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()


@contextlib.contextmanager
def _worker_beside() -> Iterator[None]:
    stopping = threading.Event()
    running: list[subprocess.Popen[bytes]] = []
    # A worker that dies is started again: a letter that was confirmed must not wait for somebody to notice.
    keeper = threading.Thread(target=_keep_worker, args=(stopping, running), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for process in running:
            process.send_signal(signal.SIGTERM)
        keeper.join(timeout=30)


def _keep_worker(stopping: threading.Event, running: list[subprocess.Popen[bytes]]) -> None:
    while not stopping.is_set():
        with subprocess.Popen([sys.executable, "-m", "app.cli", "worker"]) as process:
            running[:] = [process]
            if stopping.is_set():
                process.terminate()
            process.wait()
        if not stopping.wait(2):
            logging.getLogger("redress").warning("the delivery worker ended and is started again")
