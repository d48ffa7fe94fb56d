"""The outbox in numbers, for /metrics: Prometheus' text format 0.0.4. No address, no name, no identifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import func, select

from app.database import db
from app.delivery.models import Attempt, Delivery
from app.delivery.pacing import PaceLane
from app.delivery.readiness import workers_alive
from app.delivery.stops import SCOPES, Stop

Samples = Iterable[tuple[Mapping[str, str], float]]


def metrics(*, now: datetime) -> str:
    """Return the measures as of now."""
    return "".join(
        (
            _family("redress_deliveries", "gauge", "Mails by kind and state.", _by_state()),
            _family(
                "redress_oldest_due_seconds",
                "gauge",
                "How long the mail that is due for longest has waited; 0 if none is.",
                [({}, _oldest(now))],
            ),
            _family("redress_attempts", "gauge", "Attempts that are on record, by outcome.", _outcomes()),
            _family(
                "redress_breakers", "gauge", "Domains of offices by what the breaker does.", _breakers(now)
            ),
            _family("redress_stops", "gauge", "Stops that are on, by what they are of.", _stops()),
            _family(
                "redress_workers_alive",
                "gauge",
                "Workers that gave a sign of life within a minute.",
                [({}, workers_alive(now=now))],
            ),
        )
    )


def _family(name: str, kind: str, what: str, samples: Samples) -> str:
    lines = [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        told = ",".join(f'{label}="{text}"' for label, text in labels.items())
        lines.append(f"{name}{{{told}}} {value:g}" if told else f"{name} {value:g}")
    return "\n".join(lines) + "\n"


def _by_state() -> Samples:
    columns = (Delivery.kind, Delivery.state)
    rows = db.session.execute(select(*columns, func.count()).group_by(*columns).order_by(*columns))
    return [({"kind": kind, "state": state}, count) for kind, state, count in rows]


def _oldest(now: datetime) -> float:
    oldest = db.session.scalar(select(func.min(Delivery.due_at)).where(Delivery.due_at.is_not(None)))
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def _outcomes() -> Samples:
    rows = db.session.execute(
        select(Attempt.outcome, func.count()).group_by(Attempt.outcome).order_by(Attempt.outcome)
    )
    return [({"outcome": outcome or "open"}, count) for outcome, count in rows]


def _breakers(now: datetime) -> Samples:
    rows = db.session.execute(
        select(PaceLane.is_open, PaceLane.rest_until).where(PaceLane.key.startswith("letters:"))
    ).all()
    resting = [is_open for is_open, until in rows if until is not None and until > now]
    shut = sum(is_open for is_open, _until in rows)
    counts = {
        "open": shut,
        "resting": resting.count(False),
        "closed": len(rows) - shut - resting.count(False),
    }
    return [({"state": state}, count) for state, count in counts.items()]


def _stops() -> Samples:
    rows = dict(db.session.execute(select(Stop.scope, func.count()).group_by(Stop.scope)).all())
    return [({"scope": scope}, rows.get(scope, 0)) for scope in SCOPES]
