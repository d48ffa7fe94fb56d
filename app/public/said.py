"""The part of the write page's form in which supporters say things of the letters' own texts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import Field

from app.letters.passages import LetterPassages, evened
from app.rendering.points import Said
from app.rendering.sentences import RenderingError
from app.rendering.typography import clean_text

if TYPE_CHECKING:
    from app.public.forms import WriteForm

PREFIX = "said-"


def name_of(letter: str, place: str, number: int = 0) -> str:
    """Return what a control is called: of a wording, or (with the number of its text) of a point."""
    return "-".join([f"{PREFIX}{letter}", *place.split("."), *([str(number)] if number else [])])


class SaidField(Field):
    """Points in the supporter's own words, and the wordings that they pick: as many controls as there are.

    Attributes:
        data: what the draft says, by letter; complete after `offer`, cleaned after validation.
        typed: what stands in the text areas that were changed, by the control's name.
        aside: names and values of what is said of letters and points that are not chosen at the moment.
        wrong: what is wrong, by the control's name.
    """

    name_of = staticmethod(name_of)

    def __init__(self, *args: Any, limit: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit = limit

    def process(self, formdata: MultiDict[str, str] | None, *args: Any, **kwargs: Any) -> None:
        """Keep what came; it is read once it is known what the letters offer."""
        self.sent = {name: value for name, value in (formdata or {}).items() if name.startswith(PREFIX)}
        self.process_errors: list[str] = []
        self.errors: list[str] = []
        self.data: dict[str, Said] = {}
        self.typed: dict[str, str] = {}
        self.aside: list[tuple[str, str]] = []
        self.wrong: dict[str, str] = {}
        self._areas: dict[str, tuple[str, str]] = {}

    def offer(
        self, offered: Mapping[str, LetterPassages], letters: Collection[str], points: Collection[str]
    ) -> None:
        """Read what came.

        Args:
            offered: what can be said, by letter.
            letters: those that are chosen.
            points: those that are chosen.
        """
        for letter, passages in offered.items() if self.sent else ():
            own, picked = {}, {}
            for place, key, number, typed in self._own(letter, passages):
                name = name_of(letter, place, number)
                if letter not in letters or key not in points:
                    self.aside.append((name, typed))
                elif place not in own:
                    self.typed[name], self._areas[name] = typed, (letter, place)
                    own[place], picked[place] = typed, number
            for place, number in self._picked(letter, passages):
                if letter in letters:
                    picked[place] = number
                else:
                    self.aside.append((name_of(letter, place), str(number)))
            if picked:
                self.data[letter] = Said(picked, own)

    def _own(self, letter: str, passages: LetterPassages) -> Iterator[tuple[str, str, int, str]]:
        for point in passages.points:
            for number in point.free:
                typed = self.sent.get(name_of(letter, point.place, number))
                if typed is not None and evened(typed) not in point.ways:
                    yield point.place, point.key, number, typed

    def _picked(self, letter: str, passages: LetterPassages) -> Iterator[tuple[str, int]]:
        for wording in passages.wordings:
            numbers = {str(number): number for number in range(1, len(wording.texts) + 1)}
            number = numbers.get(self.sent.get(name_of(letter, wording.place), ""))
            if number:
                yield wording.place, number

    def pre_validate(self, form: WriteForm) -> None:
        """Clean what was typed. Who wants a point left out takes it out of the list: emptied is refused."""
        for name, (letter, place) in self._areas.items():
            own = dict(self.data[letter].own)
            try:
                own[place] = clean_text(own[place], limit=self.limit)
                if not own[place]:
                    del own[place]
                    self._complain(name, _("This is empty. To leave the point out, choose another, or none."))
            except RenderingError as error:
                form.unsafe.add(self.name)
                self._complain(name, _(error.message, **error.values))
            self.data[letter] = Said(self.data[letter].picked, own)

    def _complain(self, name: str, sentence: str) -> None:
        if not self.wrong:
            self.id = name  # where the summary of what is wrong leads to
        self.wrong[name] = sentence
        self.errors.append(sentence)

    def pairs(self) -> list[tuple[str, str]]:
        """Return what another form must carry to say the same."""
        return [*self.typed.items(), *self._pairs_of_wordings()]

    def _pairs_of_wordings(self) -> Iterator[tuple[str, str]]:
        for letter, said in self.data.items():
            for place, number in said.picked.items():
                if place not in said.own:
                    yield name_of(letter, place), str(number)
