"""Work that is the same for each of a thousand applications, done once for each test process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

_builders: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}
_compile_builder = Rule._compile_builder


def remember_url_builders() -> None:
    """Let werkzeug compile what builds a rule's address once: half of what making an application takes."""
    Rule._compile_builder = _remembered  # type: ignore[method-assign,assignment]


def _remembered(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    if rule.defaults:  # they pass through the converters of one map
        return _compile_builder(rule, append_unknown)
    # The function is bound to its rule afterwards, and asks that for its converters.
    key = (rule.rule, *rule._trace, append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


def hash_quickly(app: Flask) -> None:
    """Let an application's passwords cost little: the same scheme, without the quarter of a second each.

    What they cost in earnest is looked at in tests/organizers/test_passwords.py.
    """
    security: Any = app.extensions["security"]
    security.pwd_context.update(argon2__time_cost=1, argon2__memory_cost=64, argon2__parallelism=1)
