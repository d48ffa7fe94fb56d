"""Links that begin a mail: read back as a mail program does, and never longer than is safe."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.own_mail import MAILTO_LIMIT, WEB_LIMIT, mailto, web_mails

TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\x00"), max_size=4000)
LINES = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=100)


def test_the_link_is_that_of_rfc_6068() -> None:
    link = mailto("gorby%kremvax@example.com", "Prisoners & 50 %", "Dear sir,\n\nՀարգանքով + more")
    assert link.url == (
        "mailto:gorby%25kremvax@example.com?subject=Prisoners%20%26%2050%20%25"
        "&body=Dear%20sir%2C%0D%0A%0D%0A%D5%80%D5%A1%D6%80%D5%A3%D5%A1%D5%B6%D6%84%D5%B8%D5%BE%20%2B%20more"
    )
    assert link.whole
    odd = mailto("a/b?c#d&e@münchen.example", "", "").url
    assert odd == "mailto:a%2Fb%3Fc%23d%26e@m%C3%BCnchen.example?subject=&body="


@given(subject=LINES, text=TEXTS)
def test_what_a_mail_program_reads_is_what_was_written(subject: str, text: str) -> None:
    link = mailto("desk+in@offices.example", subject, text)
    assert link.url.isascii()
    assert len(link.url) <= MAILTO_LIMIT
    parts = urlsplit(link.url)
    assert unquote(parts.path) == "desk+in@offices.example"
    read = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    assert read["subject"] == [subject]
    if link.whole:
        assert read["body"] == [text.replace("\n", "\r\n")]
    else:
        assert "body" not in read


@pytest.mark.parametrize(("count", "whole"), [(MAILTO_LIMIT - 40, True), (MAILTO_LIMIT, False)])
def test_a_text_that_is_too_long_is_left_out_whole(count: int, whole: bool) -> None:
    assert mailto("a@b.example", "S", "x" * (count - 1)).whole == whole


def test_mail_in_the_browser() -> None:
    text = "One line & another\nԵրկու"
    links = {link.name: link for link in web_mails("desk@offices.example", "On water", text)}
    assert {urlsplit(link.url).hostname for link in links.values()} == {
        "mail.google.com",
        "outlook.live.com",
        "compose.mail.yahoo.com",
    }
    for name, link in links.items():
        assert urlsplit(link.url).scheme == "https"
        assert "+" not in link.url
        read = parse_qs(urlsplit(link.url).query, strict_parsing=True)
        assert read["to"] == ["desk@offices.example"]
        assert read["su" if name == "Gmail" else "subject"] == ["On water"]
        assert read["body"] == [text.replace("\n", "\r\n")]
    for link in web_mails("desk@offices.example", "On water", "Ա" * WEB_LIMIT):
        assert not link.whole
        assert "body" not in parse_qs(urlsplit(link.url).query)
