"""Forms that no browser sends are refused (400) before anything reads them."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from flask import abort, request


def refuse_malformed() -> None:
    """Refuse a form that is not UTF-8, or has a part without a name.

    Werkzeug would let the first through with its bytes spelled out (`%ED%A0%80`) in the middle of
    somebody's words, and Flask-WTF stumbles over the second.
    """
    if request.mimetype == "application/x-www-form-urlencoded":
        try:
            unquote_to_bytes(request.get_data()).decode()
        except UnicodeDecodeError:
            abort(400)
    elif request.mimetype == "multipart/form-data" and None in request.form:
        abort(400)
