"""The desk's Sanic app: everything is wired here and nothing runs before the server starts."""

from __future__ import annotations

import asyncio
import os
import secrets
from typing import Any

import httpx
import structlog
from sanic import Sanic
from sqlalchemy.engine import Connection

from handoff.clock import Clock, system_clock
from handoff.desk import (
    commands,
    failures,
    migrate,
    people,
    routes_api,
    routes_channel,
    routes_media,
    routes_ops,
    routes_pages,
    routes_sign_in,
)
from handoff.desk.courier import Courier
from handoff.desk.database import Database
from handoff.desk.desk import Desk, Presence
from handoff.desk.headers import add_security_headers
from handoff.desk.live import Hub
from handoff.desk.pages import Pages
from handoff.desk.template_shelf import TemplateShelf
from handoff.settings import DeskSettings

LARGEST_BODY = 3_000_000
FILE_SECONDS = 30.0  # without a byte of a file that passes through
DEMO_PASSWORD = "marigold-demo"
DEMO_AGENTS = (("sam", "Sam Rivera"), ("alex", "Alex Kim"))

log = structlog.get_logger("handoff.desk")


def create_app(settings: DeskSettings, clock: Clock = system_clock, demo: bool = False) -> Sanic:
    """A desk that is ready to be started. Opens no connection yet.

    ``demo``: make the demo agents when there is no agent at all.
    """
    app = Sanic(f"desk-{secrets.token_hex(4)}", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = LARGEST_BODY
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 3.0
    app.ctx.pages = Pages()
    app.ctx.demo = demo
    for routes in (routes_channel, routes_ops, routes_api, routes_sign_in, routes_pages, routes_media):
        app.blueprint(routes.blueprint())
    routes_pages.add_static(app)
    failures.add_handlers(app)
    app.register_middleware(add_security_headers, "response")

    async def start(app: Sanic, _loop: Any) -> None:
        await _start(app, settings, clock, demo)

    app.register_listener(start, "before_server_start")
    app.register_listener(_stop, "before_server_stop")
    return app


async def _start(app: Sanic, settings: DeskSettings, clock: Clock, demo: bool) -> None:
    database = Database(settings.database_url)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, migrate.prepare, database)
    if demo:
        await database.write(_create_demo_agents, clock())
    if database.is_sqlite:
        await database.write(commands.release_claims)
    hub = Hub(settings.redis_url)
    courier = Courier(database, settings.rasa_url, settings.secret, clock, hub.changed)
    files = httpx.AsyncClient(timeout=FILE_SECONDS, trust_env=False)
    shelf = TemplateShelf(settings.rasa_url, settings.secret, clock)
    desk = Desk(settings, database, hub, courier, shelf, clock, files)
    app.ctx.desk, app.ctx.presence = desk, Presence(desk)
    app.ctx.tasks = [asyncio.ensure_future(work) for work in (courier.run(), hub.listen())]


async def _stop(app: Sanic, _loop: Any) -> None:
    desk: Desk = app.ctx.desk
    for task in app.ctx.tasks:
        task.cancel()
    await asyncio.gather(*app.ctx.tasks, return_exceptions=True)
    await desk.hub.close()
    await desk.courier.close()
    await desk.files.aclose()
    await desk.shelf.close()
    await asyncio.get_running_loop().run_in_executor(None, desk.database.close)


def _create_demo_agents(connection: Connection, now: float) -> None:
    if people.count_who_can_sign_in(connection):
        return
    for login, name in DEMO_AGENTS:
        people.create_agent(connection, login, name, DEMO_PASSWORD, now)


def is_demo() -> bool:
    """The launcher says so; nothing else may."""
    return os.environ.get("BATON_DEMO") == "1"
