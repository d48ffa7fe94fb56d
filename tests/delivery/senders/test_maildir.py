"""The Maildir sender."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest

from app.delivery.senders.maildir import MaildirSender
from tests.delivery.mails import make_envelope


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mailbox"


def messages(folder: Path) -> list[bytes]:
    found = mailbox.Maildir(folder, create=False)
    return [found.get_bytes(key) for key in found.keys()]  # noqa: SIM118 (a mailbox iterates over its messages)


def test_a_mail_arrives_byte_for_byte(folder: Path) -> None:
    sender = MaildirSender(folder)
    envelope = make_envelope(1)
    assert sender.send(envelope=envelope, before_dot=lambda: True).kind == "accepted"
    (path,) = (folder / "new").iterdir()
    assert path.read_bytes() == envelope.wire
    assert list((folder / "tmp").iterdir()) == []


def test_a_repeat_replaces_itself_wherever_its_reader_has_put_it(folder: Path) -> None:
    sender = MaildirSender(folder)
    for number in (1, 2, 1):
        sender.send(envelope=make_envelope(number), before_dot=lambda: True)
    assert len(messages(folder)) == 2
    for path in list((folder / "new").iterdir()):
        path.rename(folder / "cur" / f"{path.name}:2,S")
    sender.send(envelope=make_envelope(1), before_dot=lambda: True)
    assert len(messages(folder)) == 2
    assert list((folder / "new").iterdir()) == []


def test_nothing_is_there_before_the_dot_or_without_it(folder: Path) -> None:
    seen = []

    def before_dot() -> bool:
        seen.append(messages(folder))
        return False

    outcome = MaildirSender(folder).send(envelope=make_envelope(), before_dot=before_dot)
    assert (outcome.kind, seen, messages(folder)) == ("withheld", [[]], [])
    assert list((folder / "tmp").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_the_servers_trouble_not_the_mails(tmp_path: Path) -> None:
    (tmp_path / "mailbox").write_text("a file", encoding="ascii")
    outcome = MaildirSender(tmp_path / "mailbox").send(envelope=make_envelope(), before_dot=lambda: True)
    assert (outcome.kind, outcome.server_away) == ("temporary", True)


def test_a_disk_that_fails_at_the_last_moment_leaves_it_unclear(folder: Path) -> None:
    sender = MaildirSender(folder)

    def before_dot() -> bool:
        (folder / "new").rmdir()
        return True

    assert sender.send(envelope=make_envelope(), before_dot=before_dot).kind == "unclear"
