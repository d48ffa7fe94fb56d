"""The guard before every route: nothing answers that has not said for whom it is.

A view declares its audience with `@audience(...)`. A route without one is refused at run time,
and the test over the URL map fails the build.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.security.wellformed import refuse_malformed

Kind = Literal["public", "token", "loopback", "machine", "organizer", "permission"]
View = TypeVar("View", bound=Callable[..., Any])

PASSED_ON = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Audience:
    """For whom a route is.

    Args:
        kind: `public` anyone; `token` whoever holds the secret link (the view checks it);
            `loopback` this machine, in development; `machine` whoever sends the token of the
            installation's metrics, and this machine without one; `organizer` anyone signed in;
            `permission` organizers who hold `permission`.
        permission: such as `recipients.edit`, for the kind `permission`.
    """

    kind: Kind
    permission: str = ""

    def __str__(self) -> str:
        return self.permission or self.kind


PUBLIC = Audience("public")
TOKEN = Audience("token")
LOOPBACK = Audience("loopback")
MACHINE = Audience("machine")
ORGANIZER = Audience("organizer")


def permission(name: str) -> Audience:
    """Return the audience of organizers who hold the permission `name`."""
    return Audience("permission", name)


def audience(who: Audience) -> Callable[[View], View]:
    """Declare for whom a view is."""

    def mark(view: View) -> View:
        view.__audience__ = who  # type: ignore[attr-defined]
        return view

    return mark


def takes_uploads(largest: int) -> Callable[[View], View]:
    """Let those whom a view is for send it more than forms hold.

    Args:
        largest: bytes of a body. Nobody else can send that much: who is not admitted is refused before.
    """

    def mark(view: View) -> View:
        view.__largest_body__ = largest  # type: ignore[attr-defined]
        return view

    return mark


def takes_one_click(view: View) -> View:
    """Let mail programs stop a list with one click (RFC 8058): from anywhere, without a cookie or a token.

    The view must be exempt from CSRF protection, and refuse whatever is not `is_one_click()`.
    """
    view.__one_click__ = True  # type: ignore[attr-defined]
    return view


def is_one_click() -> bool:
    """Whether this request is what a mail program sends to stop a list, to a view that takes it."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "__one_click__", False) and request.form.get("List-Unsubscribe") == "One-Click"


def declare(app: Flask, endpoint: str, who: Audience) -> None:
    """Declare the audience of an endpoint whose view is not ours (static files, Flask-Security)."""
    app.extensions.setdefault("redress_audiences", {})[endpoint] = who


def audience_of(app: Flask, endpoint: str) -> Audience | None:
    """Return the declared audience of an endpoint, or None where nobody declared one."""
    declared: dict[str, Audience] = app.extensions.get("redress_audiences", {})
    if endpoint in declared:
        return declared[endpoint]
    view = app.view_functions.get(endpoint)
    return getattr(view, "__audience__", None)


def init_guard(app: Flask) -> None:
    """Put the guard before every request of `app`."""
    declare(app, "static", PUBLIC)
    app.before_request(_refuse_foreign_origin)
    app.before_request(_admit)
    app.before_request(_take_uploads)
    app.before_request(refuse_malformed)


def _refuse_foreign_origin() -> None:
    # In addition to CSRF tokens: a browser tells where a form comes from, and cannot be made to lie about it.
    if request.method in SAFE_METHODS or is_one_click():
        return
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)
    origin = request.headers.get("Origin")
    if origin is not None and origin not in _own_origins():
        abort(403)


def _own_origins() -> set[str]:
    base = urlsplit(current_app.config["REDRESS_SETTINGS"].base_url)
    return {f"{base.scheme}://{base.netloc}", request.host_url.rstrip("/")}


def _admit() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such page: the 404 says so
    who = audience_of(current_app, request.endpoint)
    if who is None:
        current_app.logger.error("route without a declared audience: %s", request.endpoint)
        abort(403)
    if who.kind in {"public", "token"}:
        return None
    if who.kind == "loopback":
        _admit_loopback()
        return None
    if who.kind == "machine":
        _admit_machine()
        return None
    if not current_user.is_authenticated:
        return _to_sign_in()
    if who.kind == "permission" and not current_user.has_permission(who.permission):
        abort(403)
    return None


def _take_uploads() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    largest = getattr(view, "__largest_body__", None)
    if largest is not None:
        request.max_content_length = largest


def _admit_loopback() -> None:
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 (compared, not bound)
    if current_app.config["REDRESS_SETTINGS"].env != "development" or not address.is_loopback:
        abort(404)


def _admit_machine() -> None:
    token: str | None = current_app.config["REDRESS_SETTINGS"].metrics_token
    if request.authorization is not None:
        given = request.authorization.token or ""
        if token is None or not secrets.compare_digest(given.encode(), token.encode()):
            abort(404)
        return
    # A proxy on this machine makes everybody look like this machine: what it passes on tells that it did.
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 (compared, not bound)
    if not address.is_loopback or any(name in request.headers for name in PASSED_ON):
        abort(404)


def _to_sign_in() -> ResponseReturnValue:
    if request.method not in SAFE_METHODS:
        abort(403)
    session["next"] = request.full_path if request.query_string else request.path
    return redirect(url_for("security.login"))
