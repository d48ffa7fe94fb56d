"""A program that has read all the code, and bears a `redress …` for each line that it reads.

What it reads are wishes in JSON; what it prints are the process ids of the children. Tests ask it by way of
`nursery`.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypedDict


class Wish(TypedDict):
    """What a mother is asked for: a command, its variables, and where its output and exit status go."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    output: str
    errors: str
    status: str


def be_a_mother() -> None:
    """Read the code once, and then bear what is wished for until there are no more lines."""
    _read_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: the kernel buries them
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be(json.loads(line))
        with contextlib.suppress(PermissionError, ProcessLookupError):  # whoever is first, child or mother
            os.setpgid(child, child)
        print(child, flush=True)


def _read_everything() -> None:
    import granian.server  # noqa: F401 (read once, for all children)
    from sqlalchemy.orm import configure_mappers

    import app.admin
    import app.cli.chores
    import app.cli.preparing
    import app.cli.serve
    import app.cli.worker
    import app.delivery.readiness
    import app.delivery.senders.maildir
    import app.delivery.senders.smtp
    import app.delivery.signals
    import app.delivery.supervisor
    import app.delivery.worker
    import app.error_pages
    import app.letters.digests
    import app.letters.dispatch
    import app.letters.wishes
    import app.notices.sending
    import app.public
    import app.tables  # noqa: F401 (read once, for all children)

    configure_mappers()
    gc.collect()
    gc.freeze()


def _be(wish: Wish) -> NoReturn:
    status = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in ((1, wish["output"]), (2, wish["errors"])):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        os.environ.update(wish["environ"])
        time.tzset()
        status = _run(wish["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if wish["status"]:
            Path(wish["status"]).write_text(str(status))
        os._exit(status)


def _run(arguments: Sequence[str]) -> int:
    from app.cli import main

    sys.argv = ["redress", *arguments]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


if __name__ == "__main__":
    be_a_mother()
