"""Puts mails into a Maildir: where there is no mail server, in development and in tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from app.delivery import causes
from app.delivery.envelope import Envelope
from app.delivery.senders.base import Outcome, Step


class MaildirSender:
    """A `base.Sender` to a folder. The same mail put there again replaces itself.

    Args:
        folder: the Maildir (`tmp`, `new`, `cur`); made when the first mail comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, *, envelope: Envelope, before_dot: Callable[[], bool]) -> Outcome:
        """Put one mail into the Maildir, durably; see `base.Sender.send`."""
        step: Step = "connect"
        try:
            for part in ("tmp", "new", "cur"):
                (self._folder / part).mkdir(parents=True, exist_ok=True)
            aside = self._write(envelope)
            step = "before_dot"
            if not before_dot():
                aside.unlink()
                return Outcome(kind="withheld", step=step, cause=causes.WITHHELD)
            step = "dot"
            self._put_in_place(aside)
        except OSError as error:
            # A full or read-only disk: nothing that the mail could help. After the dot nobody can know.
            return Outcome(
                kind="unclear" if step == "dot" else "temporary", step=step, reply=error.strerror or ""
            )
        return Outcome(kind="accepted", step="dot")

    def close(self) -> None:
        """Nothing is kept open."""

    def _write(self, envelope: Envelope) -> Path:
        name = hashlib.sha256(envelope.message_id.encode()).hexdigest()[:32]
        # Processes that have the same mail in hand must not write into each other's file.
        aside = self._folder / "tmp" / f"{name}.{os.getpid()}"
        with aside.open("wb") as file:
            file.write(envelope.wire)
            file.flush()
            os.fsync(file.fileno())
        return aside

    def _put_in_place(self, aside: Path) -> None:
        name = aside.name.partition(".")[0]
        read = next((self._folder / "cur").glob(f"{name}*"), None)
        place = read or self._folder / "new" / name
        aside.replace(place)
        descriptor = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
