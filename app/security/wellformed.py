"""Forms that no browser sends are refused (400) before anything reads them."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from flask import abort, request

_BEYOND_ASCII = re.compile(rb"[\x80-\xff]|%[89A-Fa-f]")
"""Without any of these, spelled out or not, a form is UTF-8 whatever it says."""


def refuse_malformed() -> None:
    """Refuse a form that is not UTF-8, or has a part without a name.

    Werkzeug would let the first through with its bytes spelled out (`%ED%A0%80`) in the middle of
    somebody's words, and Flask-WTF stumbles over the second.
    """
    if request.mimetype == "application/x-www-form-urlencoded":
        sent = request.get_data()
        try:
            if _BEYOND_ASCII.search(sent):
                unquote_to_bytes(sent).decode()
        except UnicodeDecodeError:
            abort(400)
    elif request.mimetype == "multipart/form-data" and None in request.form:
        abort(400)
