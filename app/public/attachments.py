"""Texts of a campaign to download."""

from __future__ import annotations

from flask import Response

from app import clock
from app.errors import Unavailable
from app.i18n import page_language
from app.letters.attachments import attachment_text
from app.letters.snapshot import open_snapshot
from app.public.blueprint import public
from app.rendering.sentences import RenderingError
from app.security.guard import PUBLIC, audience


@public.get("/campaigns/<slug>/texts/<name>.<language>.txt", endpoint="attachment")
@audience(PUBLIC)
def show(slug: str, name: str, language: str) -> Response:
    """Return a text as a file, such as a draft resolution."""
    snapshot = open_snapshot(slug, page_language(), day=clock.now().date())
    try:
        text = attachment_text(snapshot, name, language)
    except RenderingError as error:
        raise Unavailable(error.sentence, 3600) from None
    headers = {"Content-Disposition": f'attachment; filename="{name}.{language}.txt"'}
    return Response(text, mimetype="text/plain", headers=headers)
