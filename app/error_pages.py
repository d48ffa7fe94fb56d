"""Refusals as pages in the site's own design, in plain words."""

from __future__ import annotations

from flask import Flask, current_app, make_response, render_template, request
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException

from app.errors import Gone, NotFound, RedressError, Refused, TooMany, Unavailable

PAGES = frozenset({400, 403, 404, 405, 410, 413, 422, 429, 500, 503})
STATUS: dict[type[RedressError], int] = {
    NotFound: 404,
    Gone: 410,
    Refused: 422,
    TooMany: 429,
    Unavailable: 503,
}


def init_error_pages(app: Flask) -> None:
    """Answer every refusal and failure of `app` with a page."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(RedressError, _ours)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(Exception, _unforeseen)


def error_page(status: int, sentence: str = "", retry_after: int | None = None) -> ResponseReturnValue:
    """Return the page for `status`.

    Args:
        status: the HTTP status; one without a page of its own gets that of its class.
        sentence: what to say, if more is known than the status tells.
        retry_after: seconds after which trying again makes sense.
    """
    if request_ctx.url_adapter is None:  # the Host was none; links on the page need one
        request_ctx.url_adapter = current_app.url_map.bind("")
    page = status if status in PAGES else 400 if status < 500 else 500
    response = make_response(
        render_template(f"errors/{page}.html", sentence=sentence, retry_after=retry_after), status
    )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    retry_after = getattr(error, "retry_after", None)
    seconds = retry_after if isinstance(retry_after, int) else 60 if error.code in {429, 503} else None
    answer = make_response(error_page(error.code, retry_after=seconds))
    if error.code == 405:
        answer.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return answer


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    return error_page(400)


def _ours(error: RedressError) -> ResponseReturnValue:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    return error_page(status, error.sentence, getattr(error, "retry_after", None))


def _database(error: DBAPIError) -> ResponseReturnValue:
    # Locked, full, restarting: all of it passes. The text of the error may hold data of the statement.
    if isinstance(error, OperationalError) or error.connection_invalidated:
        current_app.logger.error("database unavailable at %s", request.endpoint)
        return error_page(503, retry_after=30)
    return _unforeseen(error)


def _unforeseen(error: Exception) -> ResponseReturnValue:
    # Type and place only: messages of exceptions can hold what somebody typed.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown place"
    current_app.logger.error("%s at %s while answering %s", type(error).__name__, place, request.endpoint)
    if current_app.config["REDRESS_SETTINGS"].env == "test":
        current_app.logger.error("details, in test only", exc_info=error)
    return error_page(500)
