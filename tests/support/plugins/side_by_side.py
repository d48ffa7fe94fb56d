"""Run the tests in several processes at once: `--processes 3`.

The tests are collected once, and what they import is imported once; then this process forks. The
processes draw files of tests from one queue, in order, so that what a file shares is made once.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import selectors
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

OPTION = "processes"
QUEUE_ENTRY = 4
"""Bytes that number a file in the queue. The queue is a pipe: whoever reads an entry has taken it."""

_folders: list[Path] = []


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of this run share."""
    return _folders[0] if _folders else tmp_path_factory.getbasetemp()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the number of processes from the command line."""
    parser.addoption(f"--{OPTION}", type=int, default=1, help="run the tests in so many processes at once")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests side by side, or leave that to pytest where one process is enough."""
    count = min(session.config.getoption(OPTION), len(session.items))
    if count < 2 or session.config.option.collectonly or session.testsfailed:
        return None
    _Run(session, count).go()
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    return True


class _Run:
    """One run of all tests that were collected.

    Args:
        session: pytest's.
        count: how many processes.
    """

    def __init__(self, session: pytest.Session, count: int) -> None:
        self.session = session
        self.hook = session.config.hook
        items = sorted(session.items, key=_needs_no_site)
        self.files = [list(some) for _, some in itertools.groupby(items, _whose)]
        self.missing = {item.nodeid: item for item in session.items}
        self.processes = range(count)
        self.pids: list[int] = []

    def go(self) -> None:
        """Start the processes, and report what they find, until the last of them has ended."""
        factory: pytest.TempPathFactory = self.session.config._tmp_path_factory  # type: ignore[attr-defined]
        _folders.append(factory.getbasetemp())
        reporter: Any = self.session.config.pluginmanager.get_plugin("terminalreporter")
        reporter.showfspath = False  # results of several files come mixed
        queue = _queue_of(len(self.files))
        # What is there at the fork stays: no process need look through it for garbage.
        gc.collect()
        gc.freeze()
        results = [self._start(number, queue) for number in self.processes]
        os.close(queue)
        try:
            self._listen(results)
        finally:
            self._end()
        for item in self.missing.values():
            self._report_missing(item)

    def _start(self, number: int, queue: int) -> int:
        result, report_to = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(result)
            _Worker(self.session, self.files, number, queue, report_to).run()
        os.close(report_to)
        self.pids.append(pid)
        return result

    def _listen(self, results: Sequence[int]) -> None:
        with selectors.DefaultSelector() as selector:
            for result in results:
                selector.register(result, selectors.EVENT_READ, bytearray())
            while selector.get_map():
                for key, _ in selector.select():
                    if got := os.read(key.fd, 1 << 16):
                        *lines, key.data[:] = (key.data + got).split(b"\n")
                        for line in lines:
                            self._report(json.loads(line))
                    else:
                        selector.unregister(key.fd)
                        os.close(key.fd)

    def _report(self, told: dict[str, Any]) -> None:
        config = self.session.config
        if "finished" in told:
            self.missing.pop(told["finished"], None)
            self.hook.pytest_runtest_logfinish(nodeid=told["finished"], location=tuple(told["location"]))
            return
        report = self.hook.pytest_report_from_serializable(config=config, data=told["report"])
        self.hook.pytest_runtest_logreport(report=report)
        if self.session.shouldfail:
            self._stop()

    def _report_missing(self, item: pytest.Item) -> None:
        if not self.session.shouldfail:
            reason = "the process that ran it, or was to run it, has died"
            self.hook.pytest_runtest_logreport(
                report=pytest.TestReport(item.nodeid, item.location, {}, "failed", reason, "call")
            )

    def _stop(self) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)

    def _end(self) -> None:
        for pid in self.pids:
            os.waitpid(pid, 0)


def _needs_no_site(item: pytest.Item) -> bool:
    # What takes longest begins first.
    return "site" not in getattr(item, "fixturenames", ())


def _whose(item: pytest.Item) -> Path | None:
    # Files that go through one site for minutes share it, and its browser, in one process.
    return item.path if _needs_no_site(item) else None


def _queue_of(count: int) -> int:
    queue, entries = os.pipe()
    for number in range(count):
        os.write(entries, number.to_bytes(QUEUE_ENTRY, "big"))
    os.close(entries)
    return queue


class _Worker:
    """One of the processes: runs what it draws, and tells how that went.

    Args:
        session: pytest's, as the fork left it.
        files: the tests, file by file.
        number: which of the processes it is.
        queue: where to draw numbers of files.
        report_to: where to tell.
    """

    def __init__(
        self, session: pytest.Session, files: list[list[pytest.Item]], number: int, queue: int, report_to: int
    ) -> None:
        self.session = session
        self.config = session.config
        self.files = files
        self.queue = queue
        self.report_to = report_to
        self.number = number

    def run(self) -> NoReturn:
        """Run tests until there are no more; what they share is taken down with the last one."""
        status = 1
        try:
            self._settle_in()
            self._run_all()
            status = 0
        except KeyboardInterrupt:
            self.session._setupstate.teardown_exact(None)
        finally:
            os._exit(status)

    def _settle_in(self) -> None:
        plugins = self.config.pluginmanager
        plugins.unregister(name="terminalreporter")
        plugins.register(self)
        # What a test prints goes into a file, and the other processes have the same one still.
        capture: Any = plugins.get_plugin("capturemanager")
        capture.stop_global_capturing()
        capture.start_global_capturing()
        capture.suspend_global_capture()
        folder = _folders[0] / f"process-{self.number}"
        folder.mkdir()
        factory: Any = self.config._tmp_path_factory  # type: ignore[attr-defined]
        factory._basetemp = folder

    def _run_all(self) -> None:
        items = self._drawn()
        item = next(items, None)
        while item is not None and not self.session.shouldfail:
            following = next(items, None)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item = following

    def _drawn(self) -> Iterator[pytest.Item]:
        while entry := os.read(self.queue, QUEUE_ENTRY):
            yield from self.files[int.from_bytes(entry, "big")]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Pass a report on."""
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self._tell({"report": data})

    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """Pass on that a test is over."""
        self._tell({"finished": nodeid, "location": location})

    def _tell(self, what: dict[str, Any]) -> None:
        left = memoryview(json.dumps(what).encode() + b"\n")
        while left:
            left = left[os.write(self.report_to, left) :]
