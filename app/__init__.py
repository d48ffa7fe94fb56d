"""Redress: letter-writing campaigns that small human-rights groups can run themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.clock import Clock
from app.content import ContentMemory
from app.database import init_database
from app.delivery.dkim import load_keys
from app.i18n import init_i18n
from app.security.keys import KeyRing, LiveKeys
from app.security.sessions import Sessions, session_options
from app.settings import Settings

__all__ = ["create_app", "create_worker_app"]

ROOT = Path(__file__).resolve().parent.parent
MEBIBYTE = 1024 * 1024


class Site(Flask):
    """Flask, told that nothing here is asynchronous: it would look at each function in every request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a view, or what runs before and after it, as it is."""
        return func


def create_app(settings: Settings) -> Flask:
    """Build the application for one installation.

    Args:
        settings: its configuration.

    Returns:
        A WSGI application; also the context in which commands run.

    Raises:
        KeysError: the key file is missing in production, or damaged.
        DkimKeyError: a key that mails are to be signed with cannot be used.
    """
    # Imported here: these are the half of all that is imported, and workers need none of it.
    from app import admin, public, tables  # noqa: F401 (all tables are known from now on)
    from app.error_pages import init_error_pages
    from app.extensions import alembic, csrf
    from app.public.briefly import BriefMemory
    from app.security.guard import init_guard
    from app.security.headers import init_headers

    app = create_worker_app(settings)
    app.extensions["redress_pages"] = BriefMemory()
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    init_guard(app)  # before CSRF: a foreign form is refused before anything of it is read
    csrf.init_app(app)
    alembic.init_app(app)
    init_headers(app)
    init_error_pages(app)
    app.context_processor(lambda: {"site_name": settings.site_name, "asset_version": asset_version(app)})
    public.init_public(app)
    admin.init_admin(app)
    return app


def create_worker_app(settings: Settings) -> Flask:
    """Build the application without its pages: the context in which workers run (see `create_app`)."""
    app = Site("app", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "app" / "static"))
    app.config.update(_flask_options(settings))
    app.session_interface = Sessions()
    app.extensions["redress_clock"] = Clock.starting_at(settings.test_now) if settings.test_now else Clock()
    if settings.env != "production":
        KeyRing.generate(settings.keys_file)
    app.extensions["redress_keys"] = LiveKeys(settings.keys_file)
    app.extensions["redress_dkim"] = load_keys(settings.dkim)
    app.extensions["redress_snapshots"] = ContentMemory()
    app.extensions["redress_desks"] = ContentMemory()
    app.extensions["redress_wishes"] = ContentMemory()
    app.extensions["redress_paces"] = ContentMemory()
    app.extensions["redress_forms_looked_at"] = ContentMemory()
    init_database(app, settings.database_url)
    init_i18n(app)
    return app


@lru_cache(maxsize=8)
def asset_version(app: Flask) -> str:
    """Return what changes in the address of stylesheet and scripts when one of them changes."""
    digest = hashlib.sha256()
    for path in sorted(Path(app.static_folder or "").glob("*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def _flask_options(settings: Settings) -> dict[str, object]:
    return {
        "REDRESS_SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "TESTING": settings.env == "test",
        "ALEMBIC": {
            "script_location": str(ROOT / "migrations"),
            "version_locations": [str(ROOT / "migrations" / "versions")],
        },
        # The longest form that is meant to be sent is a letter of a few thousand words.
        "MAX_CONTENT_LENGTH": MEBIBYTE // 4,
        "MAX_FORM_MEMORY_SIZE": MEBIBYTE // 4,
        "MAX_FORM_PARTS": 200,
        "TEMPLATES_AUTO_RELOAD": settings.env == "development",
        # Our forms bring their own sentences; WTForms' catalogue would be parsed anew in every request.
        "WTF_I18N_ENABLED": False,
        "WTF_CSRF_TIME_LIMIT": 12 * 3600,
        **session_options(settings),
    }
