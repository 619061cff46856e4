"""The agent channel's side of the protocol: what the bridge calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import structlog
from prometheus_client import Counter
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import events, people, queries
from handoff.desk.access import signed
from handoff.desk.desk import desk_of

log = structlog.get_logger("handoff.desk.channel")

EVENTS_APPLIED = Counter("desk_events_total", "Events from the bridge", ["type", "result"])


def blueprint() -> Blueprint:
    routes = Blueprint("channel", url_prefix="/agent-channel")
    routes.add_route(receive, "/events", methods=["POST"], name="receive")
    routes.add_route(availability, "/availability", methods=["GET"], name="availability")
    return routes


@signed
async def receive(request: Request) -> HTTPResponse:
    """Apply one event; 200 only when it is committed."""
    desk = desk_of(request)
    event = protocol.parse_envelope(request.body, protocol.EVENT_TYPES)
    event = replace(event, **{name: _keepable(value) for name, value in event.__dict__.items()})
    started = desk.clock()
    applied = await desk.database.write(events.apply, event, started)
    result = "ok" if applied else "duplicate"
    if applied:
        await desk.hub.changed(event.conversation_id)
    EVENTS_APPLIED.labels(event.type, result).inc()
    log.info(
        "event", event_id=event.id, type=event.type, conversation_id=event.conversation_id,
        handoff_id=event.handoff_id, seq=event.seq, epoch=event.epoch, result=result,
        seconds=round(desk.clock() - started, 3),
    )  # fmt: skip
    return json({"status": result})


@signed
async def availability(request: Request) -> HTTPResponse:
    """Who could answer now, and how long that takes. ``skills`` and ``language`` are accepted; people have none yet, so
    they do not narrow. ``priority`` decides the place in the queue."""
    desk = desk_of(request)
    priority = str(request.args.get("priority") or "normal")
    return json(await desk.database.read(_availability, desk.clock(), priority))


def _availability(connection: Connection, now: float, priority: str) -> dict[str, Any]:
    names = people.available(connection, now)
    wait = queries.expected_wait_seconds(connection)
    return {
        "open": bool(names),
        "next_opening": None,  # the hours are in handoff.yml, which the bot knows
        "available": len(names),
        "waiting": queries.waiting_count(connection),
        "place": queries.place_in_queue(connection, priority),
        "expected_wait_seconds": wait if names else None,
        "team": None,
        "name": names[0] if len(names) == 1 else None,
    }


def _keepable(value: Any) -> Any:
    """The same JSON value without U+0000 and halves of surrogate pairs: databases cannot keep them."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_keepable(name): _keepable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_keepable(item) for item in value]
    return value
