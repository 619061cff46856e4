"""Customers' files, for agents alone: the desk gets them from the bridge and passes them on, piece by piece.

A file is what a stranger sent. It is shown in place only when the bridge has found it to be a picture, a film, a sound
or a PDF; all else is downloaded, and nothing in it may run here.
"""

from __future__ import annotations

from typing import Any, Mapping
from urllib.parse import quote

import httpx
import structlog
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk.access import reader
from handoff.desk.acts import ActRefused
from handoff.desk.desk import desk_of
from handoff.desk.tables import messages

PATH = "/webhooks/handoff/media/"
SANDBOX = "default-src 'none'; sandbox"
PDF = "application/pdf"
PDF_POLICY = "default-src 'none'"  # a browser's viewer does not start in a sandbox; it runs nothing of ours
_PASSED_ON = ("Content-Length", "Content-Range", "Accept-Ranges")

log = structlog.get_logger("handoff.desk.media")


def blueprint() -> Blueprint:
    routes = Blueprint("media")
    routes.add_route(media, "/media/<media_id:str>", methods=["GET"], name="media")
    return routes


@reader
async def media(request: Request, media_id: str) -> HTTPResponse | None:
    """The file of a message on this desk; ``Range`` is understood, ``?download=1`` asks for it as a download."""
    desk = desk_of(request)
    file = await desk.database.read(_file, media_id)
    if file is None:
        raise ActRefused(404, "unknown_media", "There is no such file on this desk.")
    path = PATH + quote(media_id, safe="")
    headers = protocol.sign(desk.settings.secret, protocol.signed_address(path, ""), desk.clock())
    if "Range" in request.headers:
        headers["Range"] = request.headers["Range"]
    ask = desk.files.build_request("GET", desk.settings.rasa_url + path, headers=headers)
    try:
        answer = await desk.files.send(ask, stream=True)
    except httpx.HTTPError as error:
        log.warning("the bridge gives no file", media=media_id, error=type(error).__name__)
        raise ActRefused(502, "no_answer", "The bot's server does not answer. Try again in a moment.") from error
    try:
        return await _pass_on(request, file, answer)
    finally:
        await answer.aclose()


async def _pass_on(request: Request, file: Mapping[str, Any], answer: httpx.Response) -> HTTPResponse | None:
    if answer.status_code not in (200, 206, 416):
        status = answer.status_code if answer.status_code in (404, 409) else 502
        raise ActRefused(status, "no_file", "The file is not there (any more), or not yet.")
    headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
    headers |= _headers(file, download="download" in request.args)
    kind = headers.pop("Content-Type")
    response = await request.respond(status=answer.status_code, headers=headers, content_type=kind)
    async for chunk in answer.aiter_raw():
        await response.send(chunk)
    await response.eof()
    return None


def _file(connection: Connection, media_id: str) -> Mapping[str, Any] | None:
    query = select(messages.c.media).where(messages.c.media_id == media_id, messages.c.deleted_at.is_(None)).limit(1)
    found: Mapping[str, Any] | None = connection.execute(query).scalar()
    return found


def _headers(file: Mapping[str, Any], *, download: bool) -> dict[str, str]:
    inline = bool(file.get("inline")) and not download
    how = "inline" if inline else "attachment"
    kind = str(file["type"]) if file.get("inline") else "application/octet-stream"
    return {
        "Content-Type": kind,
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(name_of(file), safe='')}",
        "Content-Security-Policy": PDF_POLICY if inline and kind == PDF else SANDBOX,
    }


def name_of(file: Mapping[str, Any]) -> str:
    """A name for the file on the agent's machine, without anything in it that is more than a name."""
    given = str(file.get("filename") or "").replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in given if character.isprintable()).strip(". ")[:150]
    return name or f"{file.get('kind') or 'file'}-{str(file.get('id'))[:8]}{_ENDINGS.get(str(file.get('type')), '')}"


_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    PDF: ".pdf",
    "text/plain": ".txt",
}
