"""Links that open a letter in the supporter's own mail program, or in the mail of their browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

MAILTO_LIMIT: Final = 2_000
"""Characters of a `mailto:` link. RFC 6068 names no limit, programs have one: Windows hands on 2,083 at most
(Microsoft KB 208427, `INTERNET_MAX_URL_LENGTH`), Chrome and Outlook together 2,046, and Firefox was seen to
stop at 2,008. Beyond it a link opens nothing, or half of a letter: worse than having to paste it."""
WEB_LIMIT: Final = 8_000
"""Octets of an address on the web that every server should take (RFC 9110 §4.1)."""

# What RFC 6068 §2 lets stand in the address beside letters and digits; all else is encoded.
_IN_ADDRESS = "-._~!$'*+@"


@dataclass(frozen=True)
class MailLink:
    """A link that begins a mail. `whole` says whether the letter's text is in it, or must be pasted."""

    name: str
    url: str
    whole: bool


def mailto(address: str, subject: str, text: str) -> MailLink:
    """Return the link for a mail program: with the text where it is safe, else with address and subject.

    Args:
        address: where the letter goes.
        subject: one line.
        text: line ends as \\n; a mail wants CRLF (RFC 6068 §5).
    """
    begin = f"mailto:{quote(address, safe=_IN_ADDRESS)}?subject={quote(subject, safe='')}"
    link = f"{begin}&body={quote(_crlf(text), safe='')}"
    return MailLink("", link, whole=True) if len(link) <= MAILTO_LIMIT else MailLink("", begin, whole=False)


def web_mails(address: str, subject: str, text: str) -> tuple[MailLink, ...]:
    """Return the links for those who write mail in their browser (arguments as of `mailto`)."""
    return (
        _web(
            "Gmail",
            "https://mail.google.com/mail/",
            {"view": "cm", "fs": "1", "to": address, "su": subject},
            text,
        ),
        _web(
            "Outlook",
            "https://outlook.live.com/mail/0/deeplink/compose",
            {"to": address, "subject": subject},
            text,
        ),
        _web("Yahoo", "https://compose.mail.yahoo.com/", {"to": address, "subject": subject}, text),
    )


def _web(name: str, page: str, fields: dict[str, str], text: str) -> MailLink:
    # A blank as %20: not every one of them reads a plus sign as one.
    whole = f"{page}?{urlencode(fields | {'body': _crlf(text)}, quote_via=quote)}"
    if len(whole) <= WEB_LIMIT:
        return MailLink(name, whole, whole=True)
    return MailLink(name, f"{page}?{urlencode(fields, quote_via=quote)}", whole=False)


def _crlf(text: str) -> str:
    return "\r\n".join(text.splitlines()) if "\r" in text else text.replace("\n", "\r\n")
