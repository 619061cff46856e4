"""The Graph API: ``POST /{version}/{phone-number-id}/messages``, with the faults that are switched on."""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import Any

from aiohttp import web

from connectors.simulator.errors import GraphError
from connectors.simulator.simulator import SIMULATOR, Simulator

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
    simulator = request.app[SIMULATOR]
    body = _read_json(await request.read())
    fault = await _faults_before(request, simulator, body)
    if fault is not None:
        return fault
    try:
        _check_token(request, simulator.settings.whatsapp.access_token)
        if isinstance(body, bytes):
            raise GraphError(100, "The body is not JSON.")
        answer, accepted = simulator.traffic.business_calls(request.match_info["number"], body)
    except GraphError as error:
        return _answer(simulator, request, body, error.status, error.body(), error.code)
    faults = simulator.world.faults
    if accepted is not None and faults.graph_dice.random() < faults.graph.drop_answer_rate:
        return _no_answer(simulator, request, body)
    if faults.graph.hang_accepts:
        await _hang(simulator)
    return _answer(simulator, request, body, 200, answer)


async def _faults_before(request: web.Request, simulator: Simulator, body: Any) -> web.StreamResponse | None:
    """What a fault answers instead of the API; None when the call goes through."""
    faults = simulator.world.faults.graph
    if faults.latency_ms:
        await asyncio.sleep(faults.latency_ms / 1000)
    error = faults.error()
    if error is None and not faults.html:
        if not faults.hang_accepts and await _hang(simulator) and _gone(request):
            return _no_answer(simulator, request, body, "gave up")
        return None
    if simulator.world.faults.graph_dice.random() >= faults.rate:
        return None
    if error is None or faults.html:
        status = faults.status or 500
        _log(simulator, request, body, status, None)
        return web.Response(status=status, text=GATEWAY_PAGE, content_type="text/html")
    return _answer(simulator, request, body, error.status, error.body(), error.code)


async def _hang(simulator: Simulator) -> bool:
    faults = simulator.world.faults
    if not faults.graph.hang_seconds or faults.graph_dice.random() >= faults.graph.rate:
        return False
    await asyncio.sleep(faults.graph.hang_seconds)
    return True


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _check_token(request: web.Request, token: str) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "oauth") or not given.strip():
        raise GraphError(104, "Send the access token in the header Authorization: Bearer ...")
    if not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise GraphError(190, "The access token is not the one of this simulator.")


def _read_json(raw: bytes) -> Any:
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
