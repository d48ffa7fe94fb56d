"""The catalogues of texts: `python -m tests.support.catalogues` writes them anew from code and templates.

English is the language of the source, so its catalogue holds every text with an empty translation.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = ROOT / "app" / "i18n" / "translations"
KEYWORDS = ("_l", "N_")


def extracted() -> Catalog:
    """Return every text of code and templates."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "messages.pot"
        command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--no-location"]
        command += ["--mapping", "app/i18n/babel.cfg", "--output", str(found)]
        command += [word for keyword in KEYWORDS for word in ("--keyword", keyword)]
        subprocess.run([*command, "."], cwd=ROOT, check=True, capture_output=True)
        return read_po(io.BytesIO(found.read_bytes()))


def updated(path: Path, texts: Catalog) -> str:
    """Return a catalogue brought up to date, its translations kept."""
    language = path.parts[-3]
    old = Catalog(locale=language)
    if path.exists():
        old = read_po(io.BytesIO(path.read_bytes()), locale=language)
    old.update(texts, no_fuzzy_matching=True)
    old.obsolete.clear()
    written = io.BytesIO()
    write_po(written, old, sort_output=True, omit_header=True, width=0)
    return written.getvalue().decode()


def catalogues() -> list[Path]:
    """Return the catalogues that there are; English is there even before it was ever written."""
    english = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"
    return sorted({*TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"), english})


def main() -> None:
    """Write every catalogue anew."""
    texts = extracted()
    for path in catalogues():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(updated(path, texts), encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {len(texts)} texts")


if __name__ == "__main__":
    main()
