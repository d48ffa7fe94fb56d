"""What comes back is what it is; whatever else arrives is read without harm."""

from __future__ import annotations

import base64
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.bounces import CAME_BACK, read
from app.delivery.bounces.arrival import LOOKED_AT
from tests.delivery.bounces.corpus import CORPUS, REPORTS, Sample

OURS = f"b+{'a2' * 21}@bounces.redress.example"


@pytest.mark.parametrize(
    "sample", CORPUS, ids=lambda sample: f"{sample.kind}-{sample.name}".replace(" ", "_")
)
def test_each_message_of_the_corpus_is_what_it_is(sample: Sample) -> None:
    reading = read(sample.sent_to(OURS))
    assert (reading.kind, reading.status) == (sample.kind, sample.status)
    assert reading.addresses == (OURS,)


def test_the_corpus_holds_every_kind() -> None:
    kinds = Counter(sample.kind for sample in CORPUS)
    assert set(kinds) == CAME_BACK | {"delayed", "delivered", "automatic", "answer"}


def test_a_report_names_what_came_back_and_not_itself() -> None:
    assert read(REPORTS[0].sent_to(OURS)).returned == ("<letter@redress.example>",)


def test_line_ends_and_case_make_no_difference() -> None:
    for sample in REPORTS:
        raw = sample.sent_to(OURS.upper()).replace(b"\r\n", b"\n")
        assert (read(raw).kind, read(raw).addresses) == (sample.kind, (OURS,))


def test_a_report_that_was_encoded_is_read_too() -> None:
    fields = base64.encodebytes(b"Reporting-MTA: dns; x\n\nAction: failed\nStatus: 5.1.1\n").decode()
    text = REPORTS[0].text.split("Content-Type: message/delivery-status")[0]
    text += f"Content-Type: message/global-delivery-status\nContent-Transfer-Encoding: base64\n\n{fields}\n"
    assert read(f"{text}--next/part--\n".encode()).kind == "no_address"


REPORT = b'Content-Type: multipart/report; boundary="b"\n\n'
MACHINE = b"From: MAILER-DAEMON@x.example\nSubject: Undeliverable\n"
PART = b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n'
HOSTILE = {
    "nothing": b"",
    "zeros": bytes(5000),
    "no header": b"\r\n\r\nhello",
    "a header without end": b"Subject: " + b"a" * LOOKED_AT,
    "folds without end": b"From: a@b.example\nSubject: x" + b"\n =?utf-8?q?=41?=" * 60_000,
    "parts in parts": b"".join(PART % (number, number) for number in range(9000)),
    "letters in letters": b"Content-Type: message/rfc822\n\n" * 30_000,
    "many parts": REPORT + b"--b\n\nx\n" * 100_000,
    "many fates": REPORT
    + b"--b\nContent-Type: message/delivery-status\n\n"
    + b"Action: failed\nStatus: 5.1.1\n\n" * 30_000,
    "a charset that is none": b"From: a@b.example\nSubject: =?x-\xff?b?////?=\n\n\xff",
    "a charset that does something else": MACHINE + b"Content-Type: text/plain; charset=zlib\n\nx",
    "brackets": MACHINE + b"Content-Type: text/html\n\n" + b"<script" * 100_000,
    "words": MACHINE + b"\n" + b"mailbox address user " * 40_000,
    "comments": b"From: " + b"(" * 200_000,
    "eight bits": "From: ада@offices.example\nSubject: ответ\n\nда".encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_arrives_does_harm(name: str) -> None:
    begun = time.monotonic()
    read(HOSTILE[name] * 2 if len(HOSTILE[name]) < LOOKED_AT else HOSTILE[name])
    assert time.monotonic() - begun < 20


@given(st.binary(max_size=300), st.sampled_from(CORPUS), st.integers(0, 2000))
def test_whatever_is_cut_or_put_in_is_read(noise: bytes, sample: Sample, where: int) -> None:
    raw = sample.sent_to(OURS)
    read(raw[:where] + noise + raw[where:])
    read(raw[:where])
