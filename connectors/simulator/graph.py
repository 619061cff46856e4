"""The Graph API: how each call is answered with the faults that are switched on, and
``POST /{version}/{phone-number-id}/messages``. Files are in graph_media.py."""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import Any, Callable

from aiohttp import web

from connectors.simulator.errors import GraphError
from connectors.simulator.faults import MESSAGES, GraphFaults
from connectors.simulator.simulator import SIMULATOR, Simulator

Act = Callable[[Simulator], tuple[dict[str, Any], bool]]  # returns the answer, and whether something was accepted

# older ones are gone, newer ones were not seen when this was written
FIRST_VERSION, LAST_VERSION = 16, 26

GATEWAY_PAGE = "<!DOCTYPE html><html><head><title>Error</title></head><body>Something broke.</body></html>"


def routes() -> list[web.RouteDef]:
    return [
        web.post(r"/{version:v\d+\.\d+}/{number:[^/]+}/messages", messages),
        web.route("*", r"/{version:v\d+\.\d+}/{rest:.*}", unknown),
    ]


async def unknown(request: web.Request) -> web.StreamResponse:
    """A Graph path that is not simulated."""
    error = GraphError(100, f"{request.method} {request.path} is not simulated.", status=404)
    return _answer(request.app[SIMULATOR], request, None, error.status, error.body(), error.code)


async def messages(request: web.Request) -> web.StreamResponse:
    """Send a message, or mark one as read."""
    body = read_json(await request.read())

    def act(simulator: Simulator) -> tuple[dict[str, Any], bool]:
        if isinstance(body, bytes):
            raise GraphError(100, "The body is not JSON.")
        answer, accepted = simulator.business.calls(request.match_info["number"], body)
        return answer, accepted is not None

    return await call(request, MESSAGES, body, act)


async def call(request: web.Request, kind: str, body: Any, act: Act) -> web.StreamResponse:
    """One call of the Graph API: the faults, the token, what it does (``act``), and a line in the log of calls.

    ``kind`` is ``messages``, ``media`` or ``templates``, ``body`` what the log shows of the request.
    """
    simulator = request.app[SIMULATOR]
    faults = simulator.world.faults.graph
    if faults.only not in (None, kind):
        faults = GraphFaults()
    fault = await _faults_before(request, simulator, faults, body)
    if fault is not None:
        return fault
    try:
        _check_version(request)
        check_token(request, simulator.settings.whatsapp.access_token)
        earlier = simulator.world.counters.webhook
        answer, accepted = act(simulator)
    except GraphError as error:
        return _answer(simulator, request, body, error.status, error.body(), error.code)
    if accepted and simulator.world.faults.graph_dice.random() < faults.drop_answer_rate:
        return _no_answer(simulator, request, body)
    if accepted and simulator.world.faults.status.early:
        await simulator.settled(earlier)
    if faults.hang_accepts:
        await _hang(simulator, faults)
    return _answer(simulator, request, body, 200, answer)


async def _faults_before(
    request: web.Request, simulator: Simulator, faults: GraphFaults, body: Any
) -> web.StreamResponse | None:
    """What a fault answers instead of the API; None when the call goes through."""
    if faults.latency_ms:
        await asyncio.sleep(faults.latency_ms / 1000)
    error = faults.error()
    if error is None and not faults.html:
        if not faults.hang_accepts and await _hang(simulator, faults) and _gone(request):
            return _no_answer(simulator, request, body, "gave up")
        return None
    if simulator.world.faults.graph_dice.random() >= faults.rate:
        return None
    if error is None or faults.html:
        status = faults.status or 500
        _log(simulator, request, body, status, None)
        return web.Response(status=status, text=GATEWAY_PAGE, content_type="text/html")
    return _answer(simulator, request, body, error.status, error.body(), error.code)


async def _hang(simulator: Simulator, faults: GraphFaults) -> bool:
    if not faults.hang_seconds or simulator.world.faults.graph_dice.random() >= faults.rate:
        return False
    await asyncio.sleep(faults.hang_seconds)
    return True


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _check_version(request: web.Request) -> None:
    version = request.match_info["version"]
    major, minor = (int(part) for part in version[1:].split("."))
    if minor or not FIRST_VERSION <= major <= LAST_VERSION:
        raise GraphError(2500, f"There is no version {version} of the Graph API.")


def check_token(request: web.Request, token: str) -> None:
    """Raises a GraphError, 104 or 190, when the call has no token or a wrong one."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "oauth") or not given.strip():
        raise GraphError(104, "Send the access token in the header Authorization: Bearer ...")
    if not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise GraphError(190, "The access token is not the one of this simulator.")


def read_json(raw: bytes) -> Any:
    """The body as JSON, or the bytes themselves when it is none."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _no_answer(simulator: Simulator, request: web.Request, body: Any, answer: str = "dropped") -> web.Response:
    _log(simulator, request, body, 0 if answer == "gave up" else 200, None, answer)
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _answer(
    simulator: Simulator, request: web.Request, body: Any, status: int, answer: dict[str, Any], code: int | None = None
) -> web.Response:
    _log(simulator, request, body, status, code)
    return web.json_response(answer, status=status, headers={"facebook-api-version": request.match_info["version"]})


def _log(
    simulator: Simulator, request: web.Request, body: Any, status: int, code: int | None, answer: str = "sent"
) -> None:
    readable = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    simulator.world.add_call(
        at=simulator.world.now(), path=request.path, body=readable, status=status, code=code, answer=answer
    )
