"""A supporter with a browser that has no JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.factories.letters import OWN_WORDS, notices, token_in
from tests.support.client import CheckingClient
from tests.support.pages import Page, text_of

Typed = str | Sequence[str]


def whole_form(**other: Typed) -> dict[str, Typed]:
    """Return what somebody types who fills in all that is needed; keywords add to it or replace."""
    typed: dict[str, Typed] = {
        "name": "Mariam Writer",
        "email": f"writer-{uuid.uuid4().hex[:8]}@people.example",
        "city": "Lyon",
        "country": "FR",
        "personal_message": OWN_WORDS,
        "consent": "y",
    }
    return typed | other


@dataclass
class Visitor:
    """Somebody who writes for one campaign.

    Args:
        client: the browser.
        slug: the campaign.
    """

    client: CheckingClient
    slug: str
    page: TestResponse = field(init=False)

    @property
    def write_path(self) -> str:
        """Where the form is."""
        return f"/campaigns/{self.slug}/write"

    def opens_form(self) -> Page:
        """Open the write page."""
        self.page = self.client.get(self.write_path)
        assert self.page.status_code == 200
        return parsed(self.page)

    def sends(self, *, button: str = "send", **other: Typed) -> TestResponse:
        """Fill in the form that is open (or open it), with `other` than `whole_form`, and press a button."""
        if not hasattr(self, "page"):
            self.opens_form()
        return self.client.submit(self.page, whole_form(**other), button=button, field="personal_message")

    def forges(self, *, button: str = "send", **other: Typed) -> TestResponse:
        """Send the filled-in form with `other`, whatever the page offers: what a program can do."""
        form = self.opens_form().form(field="personal_message")
        pairs = form.filled(whole_form(), button)
        sent = MultiDict([(name, value) for name, value in pairs if name not in other])
        for name, value in other.items():
            for one in [value] if isinstance(value, str) else value:
                sent.add(name, one)
        return self.client.post(self.write_path, data=sent)

    def previews(self, **other: Typed) -> TestResponse:
        """Fill in the form and ask for the preview."""
        return self.sends(button="preview", **other)

    def confirmation_path(self) -> str:
        """Return the link of the newest confirmation mail. Needs an application context."""
        return f"/confirm/{token_in(notices()[-1])}"

    def writes_and_confirms(self, **other: Typed) -> str:
        """Go the whole way and return the path of the letter's page. Needs an application context."""
        assert self.sends(**other).status_code == 303
        page = self.client.get(self.confirmation_path())
        assert page.status_code == 200
        answer = self.client.submit(page)
        assert answer.status_code == 303
        return str(answer.headers["Location"])


def papers(html: str) -> dict[str, str]:
    """Return the text of each letter that a page shows as a sheet of paper, to the byte, by office."""
    page = Page(html)
    found = {}
    for sheet in page.elements("section"):
        if slug := sheet.get("data-paper"):
            (paper,) = (box for box in sheet.iter("div") if box.get("class") == "paper")
            found[slug] = "".join(paper.itertext())
    return found


def parsed(response: TestResponse) -> Page:
    """Return the page of a response, parsed once: it takes longer than to make it."""
    if "redress_page" not in vars(response):
        response.redress_page = Page(response.text)  # type: ignore[attr-defined]
    page: Page = response.redress_page  # type: ignore[attr-defined]
    return page


def complaints(response: TestResponse) -> dict[str, str]:
    """Return what the form complains about, by the id of the field that the error summary leads to."""
    page = parsed(response)
    summary = page.by_id("errors")
    if summary is None:
        return {}
    return {(link.get("href") or "")[1:]: text_of(link) for link in summary.iter("a")}


def typed_in(response: TestResponse) -> dict[str, Any]:
    """Return what stands in the form's fields now, boxes as the list of those that are ticked."""
    form = parsed(response).form(field="personal_message")
    kept: dict[str, Any] = {}
    for name, value in form.filled({}):
        if name == "recipients":
            kept.setdefault(name, []).append(value)
        else:
            kept[name] = value
    return kept
