"""What a password must be: long, and not one that guessing begins with (NIST SP 800-63B §5.1.1.2)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from flask_security import PasswordUtil

from app.errors import Refused

SHORTEST = 12
LONGEST = 200
"""Beyond that, hashing would cost more than it protects."""
FEWEST_DIFFERENT = 5


def problem_with(password: str, email: str = "") -> str | None:
    """Return the sentence that says why a password cannot be taken, or None.

    Args:
        password: what was typed.
        email: whose it is to be; its name part is no password.
    """
    if len(password) < SHORTEST:
        return _(
            "A password needs at least %(count)s characters; a few words in a row do well.", count=SHORTEST
        )
    if len(password) > LONGEST:
        return _("A password can have at most %(count)s characters.", count=LONGEST)
    plain = password.casefold()
    name = email.partition("@")[0].casefold()
    if (
        plain in _common()
        or len(set(plain)) < FEWEST_DIFFERENT
        or (name and plain.replace(name, "").isdigit())
    ):
        return _("This password is among the first that somebody would try. Please choose another one.")
    return None


def checked(password: str, email: str = "") -> str:
    """Return a password as it is hashed.

    Raises:
        Refused: it is too short, too long or too common.
    """
    composed = unicodedata.normalize("NFKD", password)
    if sentence := problem_with(composed, email):
        raise Refused(sentence, "password")
    return composed


class Passwords(PasswordUtil):
    """Lets Flask-Security's own pages (changing a password) ask the same questions."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        composed = self.normalize(password)
        sentence = problem_with(composed, getattr(kwargs.get("user"), "email", ""))
        return [sentence] if sentence else None, composed


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    path = Path(__file__).with_name("common_passwords.txt")
    return frozenset(path.read_text(encoding="utf-8").split())
