"""Pictures of all seeded letters on paper, to be looked at: `python -m tests.support.contact_sheet FOLDER`.

Writes a PNG for each page of each campaign letter, and of a letter to every office in every language.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from app import clock, create_app
from app.cli.seed import load_all
from app.extensions import alembic
from app.rendering.paper.press import pdf
from app.rendering.paper.sheet import Sheet
from app.settings import Settings
from tests.support.environment import installation
from tests.support.poppler import MISSING, Poppler, installed
from tests.support.seeded_letters import SeededLetter, addressee_letters, campaign_letters


@contextmanager
def seeded_letters(day: date) -> Iterator[list[SeededLetter]]:
    """Seed a database for the length of a block, and hand over what its letters would be."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/seeded.sqlite"
        app = create_app(Settings.from_environ(installation(Path(folder), database)))
        with app.app_context(), app.test_request_context():
            alembic.upgrade()
            load_all(now=clock.now(), demo=True)
            yield [*campaign_letters(day), *addressee_letters(day)]


def main() -> int:
    """Write the pictures; return the exit status."""
    if len(sys.argv) != 2 or not installed():
        print(__doc__ if installed() else MISSING, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with seeded_letters(datetime.now(UTC).date()) as letters:
        for letter in letters:
            made = pdf(Sheet(letter.language, letter.country, letter.segments))
            Poppler().pictures(made, folder / letter.name)
    print(f"{len(letters)} letters in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
