"""YAML with the place of every value, an item at a time: files are large, and errors need a line.

Plain data only: aliases (a few lines of them can fill all memory), tags and doubled keys are errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from flask_babel import gettext as _
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from app.recipients.importer.reading import Unreadable, text_of
from app.recipients.importer.records import Place
from app.recipients.importer.values import shown

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 30


class Located(dict[str, Any]):
    """A mapping that knows where it begins and where each of its values does."""

    __slots__ = ("file", "here", "marks")

    def __init__(self, file: str, here: tuple[int, int]) -> None:
        super().__init__()
        self.file = file
        self.here = here
        self.marks: dict[str, tuple[int, int]] = {}

    def where(self, name: str = "") -> Place:
        """Return the place of a value, or of the mapping where it has no such key."""
        return Place(self.file, *self.marks.get(name, self.here))


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that is no mapping, where one is expected; it knows where it stands."""

    place: Place

    def where(self) -> Place:
        """Return its place."""
        return self.place


def items(path: Path, name: str = "") -> Iterator[Located | Stray]:
    """Yield the items of a file whose outermost value is a list, or that value itself where it is none.

    Args:
        path: of the file; an empty one yields nothing.
        name: how problems name it; its own name if empty.

    Raises:
        Unreadable: it is no YAML, or has aliases, tags, doubled keys in it.
    """
    name = name or path.name
    loader = _Loader(text_of(path, name))
    try:
        yield from _Reader(loader, name).items()
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_marked(name, error.problem_mark), _what(error)) from None
    except yaml.YAMLError as error:
        raise Unreadable(Place(name), _("This is not YAML: %(why)s.", why=shown(error))) from None
    finally:
        loader.dispose()


def _marked(name: str, mark: Any) -> Place:
    return Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)


def _what(error: yaml.MarkedYAMLError) -> str:
    return _("This is not YAML: %(why)s.", why=shown(error.problem or error.context or ""))


class _Reader:
    def __init__(self, loader: Any, name: str) -> None:
        self.loader = loader
        self.name = name
        self.scalars: dict[tuple[str, bool], Any] = {}

    def items(self) -> Iterator[Located | Stray]:
        next_event = self.loader.get_event
        next_event()  # the stream begins
        if self.loader.check_event(yaml.StreamEndEvent):
            return
        next_event()  # its document begins
        event = next_event()
        if isinstance(event, SequenceStartEvent):
            while not isinstance(event := next_event(), SequenceEndEvent):
                yield self.item(event)
        else:
            yield self.item(event)
        next_event()  # the document ends
        if not self.loader.check_event(yaml.StreamEndEvent):
            raise self._refused(next_event(), _("there is a second document in this file"))

    def item(self, event: Event) -> Located | Stray:
        value = self.value(event, 0)
        return value if isinstance(value, Located) else Stray(Place(self.name, *_spot(event)))

    def value(self, event: Event, depth: int) -> Any:
        if depth > _DEEPEST:
            raise self._refused(event, _("this is nested too deeply"))
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, AliasEvent) or getattr(event, "tag", None) is not None:
            raise self._refused(event, _("aliases and tags are not read"))
        if isinstance(event, MappingStartEvent):
            return self.mapping(event, depth)
        return self.sequence(depth)

    def sequence(self, depth: int) -> list[Any]:
        found = []
        while not isinstance(event := self.loader.get_event(), SequenceEndEvent):
            found.append(self.value(event, depth + 1))
        return found

    def mapping(self, start: Event, depth: int) -> Located:
        found = Located(self.name, _spot(start))
        while not isinstance(event := self.loader.get_event(), MappingEndEvent):
            key = str(self.value(event, depth + 1)) if isinstance(event, ScalarEvent) else None
            if key is None or key in found:
                raise self._refused(event, _("this key is here twice, or is none"))
            value = self.loader.get_event()
            found.marks[key] = _spot(value)
            found[key] = self.value(value, depth + 1)
        return found

    def scalar(self, event: ScalarEvent) -> Any:
        if event.tag is not None:
            raise self._refused(event, _("aliases and tags are not read"))
        plain = bool(event.implicit[0])
        if not plain:
            return event.value
        known = self.scalars.get((event.value, plain), self)
        if known is not self:
            return known
        made = self._resolved(event)
        if len(self.scalars) < 10_000:
            self.scalars[(event.value, plain)] = made
        return made

    def _resolved(self, event: ScalarEvent) -> Any:
        tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        node = yaml.ScalarNode(tag, event.value)
        try:
            made = self.loader.construct_object(node)
            # YAML 1.1 takes 01234 for 668, 12:30 for 750 and NO for false: postal codes, hours, Norway.
            if isinstance(made, int | float) and str(made).casefold() != event.value.casefold():
                return event.value
            return made
        except (ValueError, OverflowError):
            return event.value  # 2026-02-31 looks like a day and is none: the field's own check says so
        finally:
            self.loader.constructed_objects.clear()  # it would keep every value that it ever made

    def _refused(self, event: Event, why: str) -> Unreadable:
        return Unreadable(_marked(self.name, event.start_mark), _("This cannot be read: %(why)s.", why=why))


def _spot(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)
