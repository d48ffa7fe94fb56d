"""How Flask-Security's pages are answered: our templates, 422 for a form with errors, failures counted."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from app import clock
from app.organizers import guessing

CODES = frozenset({"two_factor_token_validation", "mf_recovery"})
GUESSED = CODES | {"login", "verify", "change_password"}
"""Pages on which somebody could guess a code, or a password."""


def render(template: str, **context: Any) -> ResponseReturnValue:
    """Answer with a page; takes the place of Flask's `render_template` in Flask-Security's views."""
    wrong = request.method == "POST" and any(
        isinstance(form, FlaskForm) and (form.errors or form.form_errors) for form in context.values()
    )
    if wrong:
        _tidy(context)
        if (request.endpoint or "").removeprefix("security.") in GUESSED:
            guessing.failed(request.remote_addr or "", account_in_question(), now=clock.now())
    return make_response(render_template(template, **context), 422 if wrong else 200)


def account_in_question() -> str:
    """Return whose password or code is being tried, as far as the request tells."""
    if current_user.is_authenticated:
        return str(current_user.id)
    if request.endpoint == "security.login":
        return str(request.form.get("email", ""))
    return str(session.get("tf_user_id", ""))


def _tidy(context: dict[str, Any]) -> None:
    # An empty field and a wrong one end in the same sentence, which need not be said twice.
    for form in context.values():
        if isinstance(form, FlaskForm):
            form.form_errors[:] = dict.fromkeys(form.form_errors)
