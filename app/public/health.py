"""For machines that look after machines: alive, and ready."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from app import clock
from app.delivery.readiness import missing
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
    """The database answers, and a worker gave a sign of life within the last minute."""
    lacking = missing(now=clock.now())
    if lacking:
        return jsonify(status="unavailable", missing=lacking), 503, {"Retry-After": "30"}
    return jsonify(status="ok")
