"""The web application: Graph API, control API and the phone page on one port."""

from __future__ import annotations

from typing import AsyncIterator

from aiohttp import web

from connectors.simulator import (
    control,
    control_customers,
    control_support,
    downloads,
    graph,
    graph_media,
    graph_templates,
    page,
)
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.simulator import SIMULATOR, Simulator

BODY_LIMIT = 4 * 1024 * 1024


def make_app(settings: SimulatorSettings) -> web.Application:
    """The application; the database opens now, connections when it starts."""
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[control_support.refusals])
    app[SIMULATOR] = Simulator(settings)
    app.cleanup_ctx.append(_running)
    # aiohttp 3.9 annotates its signals for an older aiosignal than the one that is installed.
    app.on_shutdown.append(_say_goodbye)  # type: ignore[arg-type]
    app.add_routes([web.get("/healthz", healthz)])
    for part in (control, control_customers, downloads, graph_media, graph_templates, graph):
        app.add_routes(part.routes())
    page.set_up(app)
    return app


async def healthz(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _running(app: web.Application) -> AsyncIterator[None]:
    await app[SIMULATOR].start()
    yield
    await app[SIMULATOR].close()


async def _say_goodbye(app: web.Application) -> None:
    app[SIMULATOR].hub.tell(None)
