"""For Prometheus: the outbox in numbers."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from app import clock
from app.delivery.measures import metrics
from app.public.blueprint import public
from app.security.guard import MACHINE, audience

FORMAT = "text/plain; version=0.0.4; charset=utf-8"


@public.get("/metrics", endpoint="metrics")
@audience(MACHINE)
def show() -> ResponseReturnValue:
    """Tell how much is in which state."""
    return metrics(now=clock.now()), 200, {"Content-Type": FORMAT, "Cache-Control": "no-store"}
