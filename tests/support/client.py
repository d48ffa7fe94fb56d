"""A test client that behaves like a browser, and looks at every page that passes through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from tests.support.page_rules import problems
from tests.support.pages import Page, Values

SAFE = {"GET", "HEAD", "OPTIONS"}
HEADERS = {
    "X-Content-Type-Options": {"nosniff"},
    "Referrer-Policy": {"same-origin", "no-referrer"},
    "Cross-Origin-Opener-Policy": {"same-origin"},
}


class PageProblem(AssertionError):
    """A page that a test fetched breaks a rule of page_rules, or links to a page that does not exist."""


class CheckingClient(FlaskClient):
    """Flask's test client; with it:

    - every HTML answer is held against `page_rules`, and its links and forms against the routes;
    - every answer's security headers are looked at;
    - what changes something is sent with the `Origin` that a browser would send.
    """

    checking = True

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        options["headers"] = self._with_origin(options)
        response = super().open(*arguments, **options)
        if self.checking:
            self._check(response)
        return response

    def _with_origin(self, options: Mapping[str, Any]) -> MultiDict[str, str]:
        headers: MultiDict[str, str] = MultiDict(options.get("headers") or {})
        if str(options.get("method", "GET")).upper() not in SAFE and "Origin" not in headers:
            headers["Origin"] = "http://localhost"
        return headers

    @contextmanager
    def unchecked(self) -> Iterator[None]:
        """Look away for the length of a block: for pages that are not ours, with the reason beside it."""
        self.checking = False
        try:
            yield
        finally:
            self.checking = True

    def submit(
        self,
        page: TestResponse,
        values: Values | None = None,
        *,
        button: str | None = None,
        action: str | None = None,
        field: str | None = None,
        **options: Any,
    ) -> TestResponse:
        """Fill in a form of a page that was fetched, and send it, as a browser without JavaScript does.

        Args:
            page: the answer that holds the form.
            values: what is typed, chosen and ticked: see `Form.filled`.
            button: value of the button that is pressed.
            action, field: which form, where there are several: see `Page.form`.
            options: for the test client, such as `follow_redirects`.
        """
        form = Page(page.text).form(action, field=field)
        sent: MultiDict[str, str] = MultiDict(form.filled(values or {}, button))
        address = urljoin(page.request.url, form.action)
        path = urlsplit(address)
        target = path.path + (f"?{path.query}" if path.query else "")
        if form.method == "GET":
            return self.get(target, query_string=sent, **options)
        return self.post(target, data=sent, **options)

    def _check(self, response: TestResponse) -> None:
        found = [*self._headers(response)]
        # A redirect's page is werkzeug's own, and nobody reads it.
        if response.mimetype == "text/html" and not 300 <= response.status_code < 400 and response.text:
            found += problems(response.text)
            found += self._dead_ends(response)
        if found:
            where = f"{response.request.method} {response.request.path} ({response.status_code})"
            raise PageProblem("\n  ".join([where, *found]))

    def _headers(self, response: TestResponse) -> Iterator[str]:
        for name, allowed in HEADERS.items():
            if response.headers.get(name) not in allowed:
                yield f"header {name} is {response.headers.get(name)!r}"
        policy = response.headers.get("Content-Security-Policy", "")
        if "frame-ancestors" not in policy or "unsafe-" in policy:
            yield f"not a Content-Security-Policy to rely on: {policy!r}"

    def _dead_ends(self, response: TestResponse) -> Iterator[str]:
        page = Page(response.text)
        # A link within the page leads somewhere (page_rules), whatever the page's own address is worth.
        targets = {("GET", link) for link in page.links if not link.startswith("#")}
        targets |= {(form.method, form.action) for form in page.forms}
        for method, target in sorted(targets):
            address = urlsplit(urljoin(response.request.url, target))
            if address.netloc == response.request.host and not leads_somewhere(
                self.application, address.path, method
            ):
                yield f"{method} {address.path} leads nowhere"


def leads_somewhere(app: Flask, path: str, method: str) -> bool:
    """Whether a route of `app` answers `method` at `path`."""
    try:
        app.url_map.bind("localhost").match(path, method=method)
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True
