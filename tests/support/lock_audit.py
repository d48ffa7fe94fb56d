"""What the locks promise: `python -m tests.support.lock_audit`.

Every package is pinned and named by its hashes, no index is named, what pyproject.toml asks for is
in them, what is installed is what they say, and no advisory is known for any of it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME, DEVELOPMENT, TOOLS = "requirements.lock", "requirements-dev.lock", "requirements-tools.lock"
BENCH = "tests/bench/weasyprint.lock"
LOCKS = (RUNTIME, DEVELOPMENT, TOOLS, BENCH)

PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(\s*;\s*(?P<marker>.+?))?\s*\\?$")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\s*\\?$")


@dataclass(frozen=True)
class Pin:
    """One package of a lock.

    Attributes:
        name: normalised as PEP 503 says.
        version: exactly this one.
        hashes: how many files of it are accepted.
        conditional: whether it is for some platforms or versions of Python only.
    """

    name: str
    version: str
    hashes: int
    conditional: bool


class LockError(Exception):
    """A line that has no place in a lock."""


def normalised(name: str) -> str:
    """Return a package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(text: str) -> list[Pin]:
    """Return the packages of a lock.

    Raises:
        LockError: a line is neither a pinned package nor a hash: an index address, a URL, an option.
    """
    pins: list[Pin] = []
    for line in (line.strip() for line in text.splitlines()):
        if HASH.fullmatch(line) and pins:
            last = pins.pop()
            pins.append(Pin(last.name, last.version, last.hashes + 1, last.conditional))
        elif found := PINNED.fullmatch(line):
            pins.append(Pin(normalised(found["name"]), found["version"], 0, bool(found["marker"])))
        elif line and not line.startswith("#"):
            raise LockError(f"has no place in a lock: {line}")
    return pins


def wanted(groups: Iterable[str], project: Path = ROOT / "pyproject.toml") -> set[str]:
    """Return the names of the packages that pyproject.toml itself asks for, with the given groups."""
    content = tomllib.loads(project.read_text(encoding="utf-8"))
    lines = [*content["project"]["dependencies"], *content["build-system"]["requires"]]
    for group in groups:
        lines += content["dependency-groups"][group]
    return {normalised(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines}


def problems() -> list[str]:
    """Return what is wrong with the locks as files: nothing is asked of the network."""
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in LOCKS}
    try:
        pins = {name: read_lock(text) for name, text in texts.items()}
    except LockError as error:
        return [str(error)]
    found = [f"{pin.name} has no hash in {name}" for name in LOCKS for pin in pins[name] if not pin.hashes]
    found += _missing(RUNTIME, pins[RUNTIME], wanted([])) + _missing(
        DEVELOPMENT, pins[DEVELOPMENT], wanted(["build", "dev"])
    )
    return found + _different(pins[RUNTIME], pins[DEVELOPMENT])


def _missing(name: str, pins: list[Pin], names: set[str]) -> list[str]:
    missing = names - {pin.name for pin in pins}
    return [f"{one}, which pyproject.toml asks for, is not in {name}: make lock" for one in sorted(missing)]


def _different(runtime: list[Pin], development: list[Pin]) -> list[str]:
    versions = {(pin.name, pin.version) for pin in development}
    return [
        f"{pin.name} {pin.version} runs the site and is not what the tests run on: make lock"
        for pin in runtime
        if (pin.name, pin.version) not in versions
    ]


def not_as_locked() -> list[str]:
    """Return the packages that are installed here in another version than the lock's."""
    pins = read_lock((ROOT / DEVELOPMENT).read_text(encoding="utf-8"))
    return [sentence for pin in pins if (sentence := _installed_otherwise(pin))]


def _installed_otherwise(pin: Pin) -> str:
    try:
        installed = version(pin.name)
    except PackageNotFoundError:
        return "" if pin.conditional else f"{pin.name} is locked and not installed: make setup"
    same = installed == pin.version or pin.conditional
    return "" if same else f"{pin.name} is {installed} here and {pin.version} in the lock: make setup"


@dataclass(frozen=True)
class Advisories:
    """What the advisory service said.

    Attributes:
        known: a sentence for each vulnerability.
        asked: for how many packages it answered.
        unanswered: for how many it did not.
    """

    known: list[str]
    asked: int
    unanswered: int


def advisories(report: str) -> Advisories:
    """Read pip-audit's JSON report; an empty one means that the service could not be reached."""
    packages = json.loads(report)["dependencies"] if report.strip() else []
    answered = [package for package in packages if "skip_reason" not in package]
    known = [
        f"{package['name']} {package['version']}: {one['id']}, fixed in {one['fix_versions'] or 'none'}"
        for package in answered
        for one in package["vulns"]
    ]
    return Advisories(known, len(answered), len(packages) - len(answered))


def _ask() -> Iterator[Advisories]:
    for lock in (DEVELOPMENT, TOOLS):
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--require-hashes"]
        command += ["--progress-spinner", "off", "--format", "json", "--requirement", str(ROOT / lock)]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        yield advisories(answer.stdout)


def main() -> int:
    """Print what was found; 0 nothing, 1 something, 2 advisories could not be looked up for every package."""
    found = problems() + not_as_locked()
    answers = list(_ask())
    found += [sentence for answer in answers for sentence in answer.known]
    for sentence in found:
        print(sentence)
    asked = sum(answer.asked for answer in answers)
    unanswered = sum(answer.unanswered for answer in answers)
    print(f"Locks: {'see above' if found else 'pinned, hashed, without addresses, and as installed'}.")
    print(f"Advisories: looked up for {asked} packages; no answer for {unanswered}.")
    if not asked:
        print("The advisory service cannot be reached from here: this part of the audit was NOT done.")
    return 1 if found else 2 if unanswered or not asked else 0


if __name__ == "__main__":
    sys.exit(main())
