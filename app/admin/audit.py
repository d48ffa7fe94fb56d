"""The audit log, to read."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.organizers import audit
from app.security.guard import audience, permission

bp = Blueprint("admin_audit", __name__, url_prefix="/admin/audit")
PAGE = 50


@bp.get("")
@audience(permission("audit.view"))
def index() -> str:
    """List what was done, newest first."""
    before = request.args.get("before", type=int)
    lines = audit.lines(before=before, limit=PAGE + 1)
    shown = lines[:PAGE]
    return render_template(
        "admin/audit/index.html",
        lines=shown,
        is_first=before is None,
        older=shown[-1].entry.number if len(lines) > PAGE else None,
    )
