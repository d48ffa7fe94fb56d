"""A relay's log is believed in what it says, and in nothing that it does not say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.relay_log import verdicts

OURS = "<abc@redress.example>"
FROM = "b+token@redress.example"
TO = "to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=1"
SENT = f"{TO}, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)"
BOUNCED = f"{TO}, dsn=5.1.1, status=bounced (host said: 550 no)"
DEFERRED = "to=<a@b.example>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect: timed out)"


def line(program: str, place: str, rest: str, *, style: str = "syslog", name: str = "postfix") -> str:
    when = {"syslog": "Nov 21 09:00:00", "iso": "2026-11-21T09:00:00.123456+00:00"}[style]
    return f"{when} mx {name}/{program}[4711]: {place}: {rest}\n"


def log(*entries: tuple[str, str], place: str = "4XyZ12abcQ", **how: str) -> list[str]:
    return [line(program, place, rest, **how) for program, rest in entries]


NAMED = ("cleanup", f"message-id={OURS}")
ACTIVE = ("qmgr", f"from=<{FROM.upper()}>, size=900, nrcpt=1 (queue active)")


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([NAMED, ACTIVE, ("smtp", SENT)], ("taken", "2.0.0")),
        ([NAMED, ACTIVE, ("local", SENT)], ("taken", "2.0.0")),
        ([NAMED, ACTIVE, ("smtp", DEFERRED)], ("taken", "4.4.1")),
        ([NAMED, ACTIVE, ("smtp", DEFERRED), ("smtp", BOUNCED)], ("bounced", "5.1.1")),
        ([NAMED, ACTIVE, ("qmgr", f"from=<{FROM}>, status=expired, returned to sender")], ("bounced", "")),
        ([NAMED], None),
        ([NAMED, ACTIVE], None),
        ([("smtp", SENT)], None),
        ([("cleanup", "message-id=<other@redress.example>"), ("smtp", SENT)], None),
        ([NAMED, ("qmgr", "from=<ada@b.example>, size=900, nrcpt=1 (queue active)"), ("smtp", SENT)], None),
        ([NAMED, ("cleanup", "message-id=<other@b.example>"), ("smtp", SENT)], None),
        ([NAMED, ("cleanup", "warning: header Subject: x"), ("smtp", SENT)], ("taken", "2.0.0")),
    ],
)
@pytest.mark.parametrize(
    "how", [{}, {"style": "iso"}, {"name": "postfix-out"}, {"name": "postfix/submission"}]
)
def test_what_a_log_tells(
    entries: list[tuple[str, str]], told: tuple[str, str] | None, how: dict[str, str]
) -> None:
    found = verdicts(log(*entries, **how), {OURS: FROM}).get(OURS)
    assert (found and (found.fate, found.status)) == told


def test_behind_a_filter_the_second_place_counts() -> None:
    first, second = log(NAMED, ("smtp", SENT), place="AAAAAA"), log(NAMED, ("smtp", BOUNCED), place="BBBBBB")
    for lines in (first + second, [first[0], *second, first[1]]):
        assert verdicts(lines, {OURS: ""})[OURS].fate == "bounced"


PLACES = st.sampled_from(["4AAAA1", "4BBBB2", "4CCCC3"])
MAILS = [f"<mail-{number}@redress.example>" for number in range(4)]
EVENTS = st.tuples(PLACES, st.sampled_from([*MAILS, "sent", "deferred", "noise"]))


@given(st.lists(EVENTS, max_size=40))
def test_whatever_order_things_come_in_a_mail_is_told_only_by_its_own_place(
    events: list[tuple[str, str]],
) -> None:
    """Held against a model that knows whose place it is at each moment."""
    lines, owner, expected = [], dict[str, str](), dict[str, str]()
    for place, what in events:
        if what in MAILS:
            lines.append(line("cleanup", place, f"message-id={what}"))
            owner[place] = what
        elif what == "noise":
            lines += [line("smtp", place, "host mx refused to talk: status=sent"), "\x00 garbage\n", "\n"]
        else:
            lines.append(line("smtp", place, SENT if what == "sent" else DEFERRED))
            if place in owner:
                expected[owner[place]] = "2.0.0" if what == "sent" else "4.4.1"
    wanted = dict.fromkeys(MAILS[:3], "")
    found = {message_id: verdict.status for message_id, verdict in verdicts(lines, wanted).items()}
    assert found == {message_id: status for message_id, status in expected.items() if message_id in wanted}


@given(st.text(max_size=300))
def test_nothing_in_a_log_does_harm(text: str) -> None:
    verdicts([text, *log(NAMED), text, f"x postfix/smtp[1]: 4XyZ12abcQ: {text}"], {OURS: ""})
