"""The phone page: one HTML document, its static files, and a stream of news for it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from connectors.simulator import downloads
from connectors.simulator.live import News
from connectors.simulator.simulator import SIMULATOR

FOLDER = Path(__file__).parent
STILL_HERE_SECONDS = 15

DEMO_NAME = "Ana"
DEMO_PHONE = "447700900123"

# Pictures, films and sound may come from wherever a message says; everything else comes from here. What was just
# recorded or picked is a blob of the page's own.
POLICY = (
    "default-src 'self'; img-src 'self' http: https: data: blob:; media-src 'self' http: https: blob:; "
    "connect-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

TEMPLATES = web.AppKey("templates", Environment)


def set_up(app: web.Application) -> None:
    """Add the page's routes and templates to the application."""
    app[TEMPLATES] = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True)
    app.add_routes([web.get("/", phone), web.get("/live", live), web.static("/static", FOLDER / "static")])
    app.add_routes([web.get(r"/files/{media:\d+}", file)])


async def phone(request: web.Request) -> web.Response:
    """The page. With no customer yet, a first one is made, so that there is somebody to be."""
    simulator = request.app[SIMULATOR]
    if not simulator.world.threads:
        simulator.world.make_customer(DEMO_NAME, DEMO_PHONE)
    text = request.app[TEMPLATES].get_template("phone.html").render(business=simulator.settings.business_name)
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def file(request: web.Request) -> web.StreamResponse:
    """A file that was sent to a customer, as their phone opens it: it has the bytes, and needs no token."""
    simulator = request.app[SIMULATOR]
    media = simulator.media.find(request.match_info["media"])
    if media is None:
        raise web.HTTPNotFound(text="This file is not here any more.")
    return downloads.sent(simulator, media)


async def live(request: web.Request) -> web.StreamResponse:
    """Server-sent events; a page loads the state when the stream opens, and follows it from there."""
    hub = request.app[SIMULATOR].hub
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    queue = hub.listen()
    try:
        await response.write(b"retry: 1000\n\n")
        while await _pass_on(queue, response):
            pass
    except ConnectionResetError:
        pass  # the page was closed
    finally:
        hub.leave(queue)
    return response


async def _pass_on(queue: asyncio.Queue[News | None], response: web.StreamResponse) -> bool:
    """Write all news that wait; False at the end."""
    try:
        waiting = [await asyncio.wait_for(queue.get(), STILL_HERE_SECONDS)]
    except asyncio.TimeoutError:
        await response.write(b": still here\n\n")
        return True
    while not queue.empty():
        waiting.append(queue.get_nowait())
    lines = [f"data: {json.dumps(news)}\n\n" for news in waiting if news is not None]
    await response.write("".join(lines).encode())
    return None not in waiting
