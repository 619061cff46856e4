"""The control API under ``/control``, by which tests and the phone page act as customers, look, and set faults."""

from __future__ import annotations

import json
from typing import Any, Awaitable, Callable, Mapping

from aiohttp import web

from connectors.simulator.customers import content_of, save_customer
from connectors.simulator.faults import Faults, FaultsError, read_into
from connectors.simulator.model import Customer, Message, Settings
from connectors.simulator.simulator import SIMULATOR
from connectors.simulator.world import after

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes() -> list[web.RouteDef]:
    customer = r"/control/customers/{key}"
    return [
        web.get("/control/customers", list_customers),
        web.post("/control/customers", put_customer),
        web.get(f"{customer}/messages", list_messages),
        web.post(f"{customer}/messages", say),
        web.post(f"{customer}/read", read),
        web.post("/control/echo", echo),
        web.get("/control/sent", list_sent),
        web.get("/control/requests", list_calls),
        web.get("/control/webhooks", count_webhooks),
        web.get("/control/clock", get_clock),
        web.post("/control/clock", advance_clock),
        web.get("/control/faults", get_faults),
        web.put("/control/faults", put_faults),
        web.delete("/control/faults", delete_faults),
        web.get("/control/settings", get_settings),
        web.put("/control/settings", put_settings),
        web.post("/control/reset", reset),
    ]


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 400 to wrong input, and 403 to a page of another site: nobody signs in here."""
    origin = request.headers.get("Origin")
    if origin and request.method not in ("GET", "HEAD") and origin.partition("://")[2] != request.host:
        return _refuse(403, "Pages of other sites may not use the simulator.")
    try:
        return await handler(request)
    except (FaultsError, ValueError) as error:
        return _refuse(400, str(error))


async def list_customers(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    return _json({"customers": [world.as_json(customer) for customer in world.customers()], "now": world.now()})


async def put_customer(request: web.Request) -> web.Response:
    """Make a customer, or change the one with the same wa_id or user_id."""
    world = request.app[SIMULATOR].world
    return _json(world.as_json(save_customer(world, await _object(request))))


async def list_messages(request: web.Request) -> web.Response:
    """A customer's thread after a ``seq``; ``limit`` keeps the newest, ``before`` pages back."""
    world = request.app[SIMULATOR].world
    customer = _customer(request)
    messages = after(world.thread(customer), _number(request, "after", 0))
    if "before" in request.query:
        messages = [message for message in messages if message.seq < _number(request, "before", 0)]
    messages = messages[-_number(request, "limit", len(messages)) or len(messages) :]
    return _json({"messages": _shown(messages), "typing": world.business_types(customer)})


async def say(request: web.Request) -> web.Response:
    """The customer sends a message; answered at once, the webhook follows. ``wamid`` may name the id to use."""
    simulator = request.app[SIMULATOR]
    customer = _customer(request)
    data = await _object(request)
    known = simulator.world.messages.get(str(data.get("wamid", "")))
    if known is not None:
        return _json({"id": known.id, "seq": known.seq})  # the page asks again when it got no answer
    content = content_of(simulator.traffic, customer, data)
    if data.get("wamid"):
        content["id"] = data["wamid"]
    message = simulator.traffic.customer_says(customer, content, at=data.get("at"))
    return _json({"id": message.id, "seq": message.seq})


async def read(request: web.Request) -> web.Response:
    """The customer has the chat open: messages up to ``up_to`` (a seq; all by default) are read."""
    data = await _object(request)
    found = request.app[SIMULATOR].traffic.customer_reads(_customer(request), data.get("up_to"))
    return _json({"read": found})


async def echo(request: web.Request) -> web.Response:
    """A colleague answers from the business's phone (coexistence)."""
    simulator = request.app[SIMULATOR]
    data = await _object(request)
    customer = simulator.world.find(str(data.get("to", "")))
    if customer is None or not isinstance(data.get("text"), str):
        raise ValueError("'to' must be the key of a customer and 'text' a string.")
    message = simulator.traffic.echo(customer, data["text"])
    return _json({"id": message.id, "seq": message.seq})


async def list_sent(request: web.Request) -> web.Response:
    """All messages that were accepted from the business, in order."""
    world = request.app[SIMULATOR].world
    return _json({"messages": _shown(after(world.sent, _number(request, "after", 0)))})


async def list_calls(request: web.Request) -> web.Response:
    """All Graph calls, refused ones included."""
    seq = _number(request, "after", 0)
    calls = [call.to_document() for call in request.app[SIMULATOR].world.calls if call.seq > seq]
    return _json({"requests": calls})


async def count_webhooks(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    return _json(
        {
            "pending": len(world.pending),
            "delivered": world.counters.webhooks_delivered,
            "failed_attempts": world.counters.webhook_failed_attempts,
        }
    )


async def get_clock(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    return _json({"now": world.now(), "offset": world.counters.clock_offset})


async def advance_clock(request: web.Request) -> web.Response:
    seconds = (await _object(request)).get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
        raise ValueError("'advance' must be a number of seconds, not below zero.")
    request.app[SIMULATOR].world.advance_clock(float(seconds))
    return await get_clock(request)


async def get_faults(request: web.Request) -> web.Response:
    return _json(request.app[SIMULATOR].world.faults.to_document())


async def put_faults(request: web.Request) -> web.Response:
    """Set all faults; what is left out is off."""
    request.app[SIMULATOR].change_faults(Faults.from_json(await _object(request)))
    return await get_faults(request)


async def delete_faults(request: web.Request) -> web.Response:
    request.app[SIMULATOR].change_faults(Faults())
    return await get_faults(request)


async def get_settings(request: web.Request) -> web.Response:
    return _json(request.app[SIMULATOR].world.settings.to_document())


async def put_settings(request: web.Request) -> web.Response:
    """Set all settings; what is left out is as usual."""
    settings = read_into(Settings, await _object(request), "settings")
    for name, choices in Settings.CHOICES.items():
        if getattr(settings, name) not in choices:
            raise ValueError(f"settings.{name} must be one of {', '.join(choices)}.")
    request.app[SIMULATOR].change_settings(settings)
    return await get_settings(request)


async def reset(request: web.Request) -> web.Response:
    await request.app[SIMULATOR].reset()
    return _json({"status": "ok"})


def _customer(request: web.Request) -> Customer:
    key = request.match_info["key"]
    customer = request.app[SIMULATOR].world.find(key)
    if customer is None:
        raise web.HTTPNotFound(
            text=json.dumps({"error": f"There is no customer '{key}'."}), content_type="application/json"
        )
    return customer


async def _object(request: web.Request) -> Mapping[str, Any]:
    raw = await request.read()
    data = json.loads(raw) if raw.strip() else {}
    if not isinstance(data, dict):
        raise ValueError("The body must be a JSON object.")
    return data


def _number(request: web.Request, name: str, default: int) -> int:
    value = request.query.get(name, str(default))
    if not value.isdigit():
        raise ValueError(f"'{name}' must be a whole number, not below zero.")
    return int(value)


def _shown(messages: Any) -> list[dict[str, Any]]:
    return [message.as_json() for message in messages if isinstance(message, Message)]


def _json(data: Any, status: int = 200) -> web.Response:
    return web.json_response(data, status=status)


def _refuse(status: int, text: str) -> web.Response:
    return _json({"error": text}, status)
