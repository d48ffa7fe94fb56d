"""From SIGTERM and SIGINT to an event, without a lock in a signal handler."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM or SIGINT sets. Main thread only; the handlers before are put back."""
    # A handler that set the event itself could run while the main thread holds the event's own lock, and
    # wait for ever. So the interpreter's C handler writes a byte, and a thread that holds nothing sets it.
    stop = threading.Event()
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    before = {number: signal.signal(number, _nothing) for number in SIGNALS}
    fd_before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    listener = threading.Thread(target=_listen, args=(reading, stop), name="signals", daemon=True)
    listener.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(fd_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        writing.close()
        listener.join()
        reading.close()


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Keep the signal from ending the process; the byte has been written already."""


def _listen(reading: socket.socket, stop: threading.Event) -> None:
    # Other signals of the process write here, too.
    while received := reading.recv(64):
        if any(number in received for number in SIGNALS):
            stop.set()
