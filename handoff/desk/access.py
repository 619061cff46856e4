"""Who may call a route. Every route is guarded by one of these, or is in the short list of open ones in the tests."""

from __future__ import annotations

import hmac
from functools import wraps
from typing import Any, Awaitable, Callable
from urllib.parse import quote

from sanic.request import Request
from sanic.response import HTTPResponse, empty, redirect

from handoff import protocol
from handoff.desk import people
from handoff.desk.desk import desk_of, presence_of

SESSION_COOKIE = "desk_session"
SIGN_IN_COOKIE = "desk_sign_in"
CSRF_FIELD = "csrf"

Handler = Callable[..., Awaitable[Any]]


class Forbidden(Exception):
    """A form came without its token: it was not sent from a page of this desk, or the page is too old."""


class Unauthorized(Exception):
    """The API was called without a token that is known."""


async def session_of(request: Request) -> people.Session | None:
    """The session that the request's cookie opens, None when there is none that is valid now."""
    secret = request.cookies.get(SESSION_COOKIE)
    if not secret:
        return None
    desk = desk_of(request)
    return await desk.database.read(people.session_of, secret, desk.clock())


def signed_in(handler: Handler) -> Handler:
    """For pages: needs a session, and for a form its CSRF token. The handler gets ``(request, session, ...)``."""

    @wraps(handler)
    async def guarded(request: Request, **parameters: Any) -> Any:
        session = await session_of(request)
        if session is None:
            return _to_sign_in(request)
        if request.method not in ("GET", "HEAD"):
            require_form_token(request, session.csrf_token)
        await presence_of(request).seen(session.agent.id)
        return await handler(request, session, **parameters)

    return guarded


def reader(handler: Handler) -> Handler:
    """For what pages and scripts read alike: needs a session or a token, and else leads nowhere. The handler gets
    ``(request, ...)``."""

    @wraps(handler)
    async def guarded(request: Request, **parameters: Any) -> Any:
        if "Authorization" not in request.headers and await session_of(request) is not None:
            return await handler(request, **parameters)
        await _agent_of(request)
        return await handler(request, **parameters)

    return guarded


def with_token(handler: Handler) -> Handler:
    """For the API: needs ``Authorization: Bearer <token>``. The handler gets ``(request, agent, ...)``."""

    @wraps(handler)
    async def guarded(request: Request, **parameters: Any) -> Any:
        agent = await _agent_of(request)
        await presence_of(request).seen(agent.id)
        return await handler(request, agent, **parameters)

    return guarded


def signed(handler: Handler) -> Handler:
    """For the bridge: needs a signature over the raw body, or over path and query for a GET."""

    @wraps(handler)
    async def guarded(request: Request, **parameters: Any) -> Any:
        desk = desk_of(request)
        if request.method == "GET":
            covered = protocol.signed_address(request.path, request.query_string)
        else:
            covered = request.body
        protocol.verify(desk.settings.secret, request.headers, covered, desk.clock())
        return await handler(request, **parameters)

    return guarded


async def _agent_of(request: Request) -> people.Agent:
    """The agent whose token the request carries. Raises Unauthorized."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Send the header 'Authorization: Bearer <token>'.")
    agent = await desk_of(request).database.read(people.agent_of_token, token.strip())
    if agent is None:
        raise Unauthorized("This token is not known. Make one: python -m handoff token create --agent NAME")
    return agent


def require_form_token(request: Request, expected: str) -> None:
    """Raises Forbidden unless the form carries the token that its page was given."""
    given = form_value(request, CSRF_FIELD)
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise Forbidden("This page is out of date. Nothing was changed: load it again and repeat what you did.")


def form_value(request: Request, name: str) -> str:
    form = request.form
    return str(form.get(name) or "") if form else ""


def _to_sign_in(request: Request) -> HTTPResponse:
    if request.headers.get("HX-Request"):
        return empty(401, headers={"HX-Redirect": "/sign-in"})
    if request.path == "/live":
        return empty(401)
    wanted = request.path if request.method == "GET" and request.path != "/" else ""
    return redirect("/sign-in" + (f"?next={quote(wanted)}" if wanted else ""), status=303)
