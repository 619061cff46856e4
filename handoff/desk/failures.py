"""Errors as answers: JSON in the protocol's and the API's words, a page in the agent's."""

from __future__ import annotations

from typing import Any

import structlog
from sanic import Sanic
from sanic.exceptions import MethodNotSupported, NotFound, PayloadTooLarge, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, json

from handoff.desk.access import Forbidden, Unauthorized
from handoff.desk.acts import ActRefused
from handoff.desk.database import DatabaseUnavailable
from handoff.desk.pages import pages_of
from handoff.protocol import ProtocolError

log = structlog.get_logger("handoff.desk")


def add_handlers(app: Sanic) -> None:
    app.error_handler.add(ProtocolError, _protocol_error)
    app.error_handler.add(ActRefused, _act_refused)
    app.error_handler.add(Unauthorized, _unauthorized)
    app.error_handler.add(Forbidden, _forbidden)
    app.error_handler.add(DatabaseUnavailable, _database_unavailable)
    app.error_handler.add(NotFound, _not_found)
    app.error_handler.add(MethodNotSupported, _wrong_method)
    app.error_handler.add(PayloadTooLarge, _too_large)
    app.error_handler.add(Exception, _unexpected)


def _answer(request: Request, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Any:
    if request.path.startswith(("/api/", "/agent-channel/")):
        return json({"error": {"code": code, "message": message}}, status=status, headers=headers)
    page: HTTPResponse = pages_of(request).error(status, message)
    page.headers.update(headers or {})
    return page


def _protocol_error(request: Request, error: ProtocolError) -> Any:
    log.warning("call refused", path=request.path, status=error.status, code=error.code)
    return json(error.body(), status=error.status)


def _act_refused(request: Request, error: ActRefused) -> Any:
    return _answer(request, error.status, error.code, str(error))


def _unauthorized(request: Request, error: Unauthorized) -> Any:
    return _answer(request, 401, "unauthorized", str(error), {"WWW-Authenticate": "Bearer"})


def _forbidden(request: Request, error: Forbidden) -> Any:
    return _answer(request, 403, "forbidden", str(error))


def _database_unavailable(request: Request, error: DatabaseUnavailable) -> Any:
    log.warning("database unavailable", path=request.path, error=str(error))
    message = "The desk's database does not answer just now. Nothing was changed: try again in a moment."
    return _answer(request, 503, "database_unavailable", message, {"Retry-After": "2"})


def _not_found(request: Request, _error: NotFound) -> Any:
    return _answer(request, 404, "not_found", "There is nothing at this address.")


def _wrong_method(request: Request, error: MethodNotSupported) -> Any:
    return _answer(request, 405, "wrong_method", f"{request.method} does not work here.", dict(error.headers))


def _too_large(request: Request, _error: PayloadTooLarge) -> Any:
    return _answer(request, 413, "too_large", "This is more than the desk takes in one request.")


def _unexpected(request: Request, error: Exception) -> Any:
    if isinstance(error, SanicException) and 400 <= getattr(error, "status_code", 500) < 500:
        return _answer(request, error.status_code, "bad_request", str(error))
    log.error("unexpected error", path=request.path, exc_info=error)
    message = "Something went wrong on the desk. Nothing that was saved is lost: load the page again."
    return _answer(request, 500, "unexpected", message)
