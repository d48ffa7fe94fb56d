"""Work that is the same for each of a thousand applications, done once for each test process."""

from __future__ import annotations

from types import CodeType, SimpleNamespace
from typing import Any

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule
from werkzeug.routing.matcher import State, StateMachineMatcher

STATEMENTS = 2000

_compile = Rule.compile
_rules: dict[tuple[object, ...], dict[str, Any]] = {}
_add = StateMachineMatcher.add
_templates: dict[tuple[str, str], CodeType] = {}
_roots: dict[tuple[object, ...], State] = {}
_statements: dict[type, LRUCache[Any, Any]] = {}


def remember_rules() -> None:
    """Let werkzeug compile each address once: half of what making an application takes."""
    Rule.compile = _remembered  # type: ignore[method-assign,assignment]


def _remembered(rule: Rule) -> None:
    assert rule.map is not None
    if rule.defaults:  # they pass through the converters of one map
        _compile(rule)
        return
    key = (rule.rule, rule.merge_slashes, rule.subdomain, rule.host, rule.map.host_matching)
    if key not in _rules:
        _compile(rule)
        found = {name: getattr(rule, name) for name in ("_parts", "_trace", "_converters", "arguments")}
        # Each is a function that is bound to its rule.
        _rules[key] = found | {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")}
    for name, value in _rules[key].items():
        setattr(rule, name, value.__get__(rule, None) if name.startswith("_build") else value.copy())


def remember_routes() -> None:
    """Let applications with the same addresses share what finds them: a fifth of what making one takes."""
    StateMachineMatcher.add = _note  # type: ignore[method-assign,assignment]
    # Each begins with a root of its own, which nobody looks at.
    StateMachineMatcher._root = property(_root_of, lambda matcher, own: None)  # type: ignore[assignment]


def _note(matcher: StateMachineMatcher, rule: Rule) -> None:
    vars(matcher).setdefault("noted", []).append(rule)
    vars(matcher).pop("found", None)


def _root_of(matcher: StateMachineMatcher) -> State:
    own = vars(matcher)
    if "found" not in own:
        rules: list[Rule] = own.get("noted", [])
        key = tuple(map(_told, rules))
        if key not in _roots:
            plain: Any = SimpleNamespace(_root=State())
            for rule in rules:
                _add(plain, rule)
            _roots[key] = plain._root
        own["found"] = _roots[key]
    return own["found"]  # type: ignore[no-any-return]


def _told(rule: Rule) -> tuple[object, ...]:
    return (
        rule.rule, rule.endpoint, frozenset(rule.methods or ()), rule.subdomain, rule.host, rule.websocket,
        rule.strict_slashes, rule.merge_slashes, rule.alias, str(rule.defaults), str(rule.redirect_to),
        getattr(rule, "provide_automatic_options", None),
    )  # fmt: skip


def remember_statements() -> None:
    """Let all databases of one make share what statements compile to: a test makes a few of each only."""
    # A compiled statement is found again by its dialect, of which each engine has one of its own.
    DefaultDialect.__hash__ = lambda dialect: hash(type(dialect))  # type: ignore[method-assign,assignment]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    Engine._compiled_cache = property(_statements_of, lambda engine, own: None)  # type: ignore[assignment]


def _statements_of(engine: Engine) -> LRUCache[Any, Any]:
    return _statements.setdefault(type(engine.dialect), LRUCache(STATEMENTS))


class Templates(FileSystemBytecodeCache):
    """What templates compile to: written once for all processes of a run, and read once by each."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template's code from those that this process has read, or read it."""
        key = (bucket.key, bucket.checksum)
        if key in _templates:
            bucket.code = _templates[key]
            return
        super().load_bytecode(bucket)
        if bucket.code:
            _templates[key] = bucket.code


def hash_quickly(app: Flask) -> None:
    """Let an application's passwords cost little: the same scheme, without the quarter of a second each.

    What they cost in earnest is looked at in tests/organizers/test_passwords.py.
    """
    security: Any = app.extensions["security"]
    security.pwd_context.update(argon2__time_cost=1, argon2__memory_cost=64, argon2__parallelism=1)
