"""Where files can be had: the addresses that live five minutes, what a fault makes of them, and safe headers."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote, urlencode

from aiohttp import web

from connectors.simulator.errors import GraphError
from connectors.simulator.faults import DownloadFaults
from connectors.simulator.graph import check_token
from connectors.simulator.media import TYPES, Media
from connectors.simulator.simulator import SIMULATOR, Simulator

PATH = "/whatsapp_business/attachments/"

# What a browser may open beside this page; anything else a customer may have sent is only saved.
SHOWN_TYPES = {*TYPES, "image/gif", "audio/webm", "video/webm", "audio/wav"}


def routes() -> list[web.RouteDef]:
    return [web.get(PATH, download)]


def address(request: web.Request, media: Media) -> str:
    """Where a file can be had for the next five minutes."""
    ticket = request.app[SIMULATOR].media.ticket(media)
    return f"{request.scheme}://{request.host}{PATH}?{urlencode(ticket)}"


async def download(request: web.Request) -> web.StreamResponse:
    """The bytes, for who has the address and the token; 401 without the token, 404 when the address is too old."""
    simulator = request.app[SIMULATOR]
    try:
        check_token(request, simulator.settings.whatsapp.access_token)
    except GraphError as error:
        return web.json_response(error.body(), status=401)
    media = simulator.media.admit(request.query)
    if media is None:
        return web.Response(status=404)
    faults = simulator.world.faults.download
    if faults.latency_ms:
        await asyncio.sleep(faults.latency_ms / 1000)
    return await _broken(request, simulator, media, faults) if faults.strikes() else sent(simulator, media)


async def _broken(
    request: web.Request, simulator: Simulator, media: Media, faults: DownloadFaults
) -> web.StreamResponse:
    if faults.redirect_to:
        return web.HTTPFound(faults.redirect_to)
    content = await asyncio.to_thread(simulator.media.content(media).read_bytes)
    if faults.kind == "wrong_bytes":
        return web.Response(body=bytes(byte ^ 0xFF for byte in content), content_type=media.plain_type)
    if faults.kind == "drop":
        return await _dropped(request, media, content)
    return web.Response(status=404)


async def _dropped(request: web.Request, media: Media, content: bytes) -> web.StreamResponse:
    """Half of the bytes that were promised, and then nothing."""
    response = web.StreamResponse(headers={"Content-Type": media.mime_type, "Content-Length": str(len(content))})
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def sent(simulator: Simulator, media: Media) -> web.StreamResponse:
    """A file, in a way in which a browser takes it for nothing else than it is said to be."""
    # the plain name comes last in its line: some clients read from there to the end
    plain = re.sub(r"[^ !#-.0-\[\]-~]", "_", media.filename)
    shown = "inline" if media.plain_type in SHOWN_TYPES else "attachment"
    headers = {
        "Content-Type": media.mime_type,
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(media.filename, safe='')}; filename=\"{plain}\"",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return web.FileResponse(simulator.media.content(media), headers=headers)
