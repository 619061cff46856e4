"""Signing in and out."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import structlog
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, redirect

from handoff.desk import people
from handoff.desk.access import (
    SESSION_COOKIE,
    SIGN_IN_COOKIE,
    form_value,
    require_form_token,
    session_of,
    signed_in,
)
from handoff.desk.desk import desk_of
from handoff.desk.pages import pages_of

log = structlog.get_logger("handoff.desk.sign_in")

WRONG = "This login and password do not fit together."
THROTTLED = "Too many tries. Wait five minutes, then try again."


def blueprint() -> Blueprint:
    routes = Blueprint("sign_in")
    routes.add_route(show, "/sign-in", methods=["GET"], name="show")
    routes.add_route(sign_in, "/sign-in", methods=["POST"], name="sign_in")
    routes.add_route(sign_out, "/sign-out", methods=["POST"], name="sign_out")
    return routes


async def show(request: Request) -> HTTPResponse:
    if await session_of(request) is not None:
        return redirect("/", status=303)
    return _page(request)


async def sign_in(request: Request) -> HTTPResponse:
    """The form's token must equal the cookie that came with the page: another site can set neither."""
    expected = request.cookies.get(SIGN_IN_COOKIE)
    if not expected:
        return _page(request, 400, "This page was open for too long, or cookies are off. Try once more.")
    require_form_token(request, expected)
    desk, address = desk_of(request), request.ip
    login, password = form_value(request, "login"), form_value(request, "password")
    if await desk.database.read(people.is_throttled, login, address, desk.clock()):
        return _page(request, 429, THROTTLED)
    agent, password_hash = await desk.database.read(people.password_of, login)
    loop = asyncio.get_running_loop()
    fits = await loop.run_in_executor(None, people.password_fits, password_hash, password)
    if agent is None or not fits:
        await desk.database.write(people.note_failure, login, address, desk.clock())
        log.info("sign-in refused", address=address)
        return _page(request, 401, WRONG)
    secret = await desk.database.write(people.open_session, agent, login, address, desk.clock())
    log.info("signed in", agent_id=agent.id)
    response = redirect(_safe_target(form_value(request, "next")), status=303)
    _set_cookie(request, response, SESSION_COOKIE, secret, int(people.SESSION_SECONDS))
    del response.cookies[SIGN_IN_COOKIE]
    return response


@signed_in
async def sign_out(request: Request, session: people.Session) -> HTTPResponse:
    desk = desk_of(request)
    await desk.database.write(people.close_session, session, desk.clock())
    response = redirect("/sign-in", status=303)
    del response.cookies[SESSION_COOKIE]
    return response


def _page(request: Request, status: int = 200, error: str | None = None) -> HTTPResponse:
    token = request.cookies.get(SIGN_IN_COOKIE) or secrets.token_urlsafe(24)
    wanted = form_value(request, "next") or str(request.args.get("next") or "")
    response = pages_of(request).render(
        "sign_in.html", status, csrf=token, error=error, login=form_value(request, "login"),
        next=_safe_target(wanted), demo=request.app.ctx.demo,
    )  # fmt: skip
    _set_cookie(request, response, SIGN_IN_COOKIE, token, 3600)
    return response


def _safe_target(target: str) -> str:
    """A path on this desk, never another site."""
    is_local = target.startswith("/conversations/") and "\\" not in target and "\n" not in target
    return target if is_local else "/"


def _set_cookie(request: Request, response: Any, name: str, value: str, seconds: int) -> None:
    response.cookies[name] = value
    cookie = response.cookies[name]
    cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"] = True, "Lax", "/", seconds
    if request.scheme == "https" or request.headers.get("X-Forwarded-Proto") == "https":
        cookie["secure"] = True
