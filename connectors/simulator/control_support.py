"""What the handlers of the control API share: reading a request, and answering it."""

from __future__ import annotations

import json
from typing import Any, Awaitable, Callable, Mapping

from aiohttp import web

from connectors.simulator.faults import FaultsError
from connectors.simulator.model import Customer, Message
from connectors.simulator.simulator import SIMULATOR

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 to wrong input, and 403 to a page of another site: nobody signs in here."""
    origin = request.headers.get("Origin")
    if origin and request.method not in ("GET", "HEAD") and origin.partition("://")[2] != request.host:
        return refuse(403, "Pages of other sites may not use the simulator.")
    try:
        return await handler(request)
    except (FaultsError, ValueError) as error:
        return refuse(400, str(error))


def customer_of(request: web.Request) -> Customer:
    key = request.match_info["key"]
    customer = request.app[SIMULATOR].world.find(key)
    if customer is None:
        raise web.HTTPNotFound(
            text=json.dumps({"error": f"There is no customer '{key}'."}), content_type="application/json"
        )
    return customer


async def object_of(request: web.Request) -> Mapping[str, Any]:
    raw = await request.read()
    data = json.loads(raw) if raw.strip() else {}
    if not isinstance(data, dict):
        raise ValueError("The body must be a JSON object.")
    return data


def number_of(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, str(default))
    if not value.isdigit():
        raise ValueError(f"'{name}' must be a whole number, not below zero.")
    return int(value)


def shown(messages: Any) -> list[dict[str, Any]]:
    return [message.as_json() for message in messages if isinstance(message, Message)]


def answer(data: Any, status: int = 200) -> web.Response:
    return web.json_response(data, status=status)


def refuse(status: int, text: str) -> web.Response:
    return answer({"error": text}, status)
