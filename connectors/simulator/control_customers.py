"""The part of the control API about customers: who there is, what they do, and their files."""

from __future__ import annotations

from functools import partial
from typing import Any, Mapping

from aiohttp import BodyPartReader, web

from connectors.simulator import downloads
from connectors.simulator.control_support import answer, customer_of, number_of, object_of, shown
from connectors.simulator.customers import save_customer
from connectors.simulator.media import INBOUND_LIMIT
from connectors.simulator.model import Customer, Message
from connectors.simulator.phone_events import happens
from connectors.simulator.saying import Speaker, content_of
from connectors.simulator.simulator import SIMULATOR
from connectors.simulator.uploads import read_part
from connectors.simulator.world import after

LATEST = 10**11  # a time beyond this was given in milliseconds


def routes() -> list[web.RouteDef]:
    customer = r"/control/customers/{key}"
    return [
        web.get("/control/customers", list_customers),
        web.post("/control/customers", put_customer),
        web.get(f"{customer}/messages", list_messages),
        web.post(f"{customer}/messages", say),
        web.post(f"{customer}/read", read),
        web.post(f"{customer}/played", played),
        web.post(f"{customer}/media", attach),
        web.get(r"/control/media/{media:\d+}", media),
    ]


async def list_customers(request: web.Request) -> web.Response:
    world = request.app[SIMULATOR].world
    return answer({"customers": [world.as_json(customer) for customer in world.customers()], "now": world.now()})


async def put_customer(request: web.Request) -> web.Response:
    """Make a customer, or change the one with the same wa_id or user_id."""
    world = request.app[SIMULATOR].world
    return answer(world.as_json(save_customer(world, await object_of(request))))


async def list_messages(request: web.Request) -> web.Response:
    """A customer's thread after a ``seq``; ``limit`` keeps the newest, ``before`` pages back."""
    world = request.app[SIMULATOR].world
    customer = customer_of(request)
    messages = after(world.thread(customer), number_of(request, "after", 0))
    if "before" in request.query:
        messages = [message for message in messages if message.seq < number_of(request, "before", 0)]
    messages = messages[-number_of(request, "limit", len(messages)) or len(messages) :]
    return answer({"messages": shown(messages), "typing": world.business_types(customer)})


async def say(request: web.Request) -> web.Response:
    """The customer sends a message; answered at once, the webhook follows. ``wamid`` may name the id to use."""
    simulator = request.app[SIMULATOR]
    customer = customer_of(request)
    data = await object_of(request)
    known = simulator.world.messages.get(str(data.get("wamid", "")))
    if known is not None:
        return answer({"id": known.id, "seq": known.seq})  # the page asks again when it got no answer
    message = happens(simulator.phones, customer, data)
    if message is None:
        message = _says(request, customer, data)
    return answer({"id": message.id, "seq": message.seq})


def _says(request: web.Request, customer: Customer, data: Mapping[str, Any]) -> Message:
    simulator = request.app[SIMULATOR]
    address = partial(downloads.address, request)
    said = content_of(Speaker(simulator.phones, simulator.media, customer, address), data)
    if data.get("wamid"):
        said.content["id"] = data["wamid"]
    at = data.get("at")
    if at is not None and (isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at < LATEST):
        raise ValueError("'at' must be a time in Unix seconds.")
    message = simulator.phones.says(customer, said.content, at=at, media=said.media)
    if said.changes:
        changed, parts = said.changes
        simulator.world.change_message(changed, **parts)
    return message


async def read(request: web.Request) -> web.Response:
    """The customer has the chat open: messages up to ``up_to`` (a seq; all by default) are read."""
    data = await object_of(request)
    found = request.app[SIMULATOR].ticks.customer_reads(customer_of(request), data.get("up_to"))
    return answer({"read": found})


async def played(request: web.Request) -> web.Response:
    """The customer plays a voice note of the business's for the first time."""
    data = await object_of(request)
    request.app[SIMULATOR].ticks.customer_plays(customer_of(request), str(data.get("message_id", "")))
    return answer({"status": "ok"})


async def attach(request: web.Request) -> web.Response:
    """The customer picks a file, or records one: multipart with ``file``, and ``voice`` (true) for a voice note. A
    message can then name its id."""
    customer = customer_of(request)
    if not request.content_type.startswith("multipart/"):
        raise ValueError("Send the file as multipart/form-data, in the field 'file'.")
    facts: dict[str, Any] = {}
    voice = False
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file":
            facts["filename"] = part.filename or "file"
            facts["mime_type"] = (part.headers.get("Content-Type") or "application/octet-stream").strip().lower()
            facts["content"] = await read_part(part, INBOUND_LIMIT)
        elif isinstance(part, BodyPartReader) and part.name == "voice":
            voice = (await read_part(part, 10)).strip().lower() in (b"true", b"1", b"on")
    if not facts:
        raise ValueError("The field 'file' is missing.")
    kept = request.app[SIMULATOR].media.receive(customer.number, voice=voice, **facts)
    return answer({**kept.shown(), "kind": kept.may_come_as()[0]})


async def media(request: web.Request) -> web.StreamResponse:
    """The bytes of a file, from either side, for the phone page."""
    simulator = request.app[SIMULATOR]
    found = simulator.media.find(request.match_info["media"])
    if found is None:
        raise web.HTTPNotFound(text="This file is not here any more.")
    return downloads.sent(simulator, found)
