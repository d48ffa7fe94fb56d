"""For machines that look after machines: alive, and ready."""

from __future__ import annotations

from flask import current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.database import db
from app.public.blueprint import public
from app.security.guard import PUBLIC, audience


@public.get("/healthz", endpoint="healthz")
@audience(PUBLIC)
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@public.get("/readyz", endpoint="readyz")
@audience(PUBLIC)
def readyz() -> ResponseReturnValue:
    """The database answers."""
    try:
        db.session.scalar(select(1))
    except DBAPIError:
        current_app.logger.warning("not ready: the database does not answer")
        return jsonify(status="database unavailable"), 503
    return jsonify(status="ok")
