"""For operators: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json, raw
from sqlalchemy.engine import Connection

from handoff.desk import commands, migrate, people, queries
from handoff.desk.database import DatabaseUnavailable
from handoff.desk.desk import desk_of

WAITING_CUSTOMERS = Gauge("desk_conversations_waiting", "Conversations that no agent has accepted")
WAITING_COMMANDS = Gauge("desk_commands_waiting", "Commands that the bridge has not answered yet")
AVAILABLE_AGENTS = Gauge("desk_agents_available", "Agents seen in the last minute")


def blueprint() -> Blueprint:
    routes = Blueprint("ops")
    routes.add_route(healthz, "/healthz", methods=["GET"], name="healthz")
    routes.add_route(readyz, "/readyz", methods=["GET"], name="readyz")
    routes.add_route(metrics, "/metrics", methods=["GET"], name="metrics")
    return routes


async def healthz(_request: Request) -> HTTPResponse:
    return json({"status": "ok"})


async def readyz(request: Request) -> HTTPResponse:
    """200 when the database answers and its tables are of this version."""
    try:
        current = await desk_of(request).database.read(migrate.is_current)
    except DatabaseUnavailable as error:
        return json({"status": "not ready", "database": str(error)}, status=503)
    if not current:
        return json({"status": "not ready", "migrations": "run: python -m handoff desk migrate"}, status=503)
    return json({"status": "ok", "database": "ok", "migrations": "ok"})


async def metrics(request: Request) -> HTTPResponse:
    desk = desk_of(request)
    await desk.database.read(_measure, desk.clock())
    return raw(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _measure(connection: Connection, now: float) -> None:
    WAITING_CUSTOMERS.set(queries.waiting_count(connection))
    WAITING_COMMANDS.set(commands.waiting_count(connection))
    AVAILABLE_AGENTS.set(len(people.available(connection, now)))
