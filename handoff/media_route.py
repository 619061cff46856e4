"""A customer's file as an HTTP answer, whole or the part of it that was asked for: players seek, and resume."""

from __future__ import annotations

import re
from dataclasses import dataclass

import structlog
from sanic.request import Request
from sanic.response import HTTPResponse, empty

from handoff import media
from handoff.database import Database
from handoff.media_store import MediaStore
from handoff.protocol import ProtocolError

log = structlog.get_logger(__name__)

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class Part:
    """The bytes from ``start`` up to, not including, ``end``."""

    start: int
    end: int


async def answer(request: Request, database: Database, store: MediaStore, media_id: str) -> HTTPResponse | None:
    """Send the file; None once it is on its way.

    Raises:
        ProtocolError: 404 unknown or deleted, 409 not here (yet), 502 not in the store.
        Unavailable: the database is away.
    """
    row = await database.read(media.find, media_id)
    if row is None or row["status"] in (media.DELETING, media.DELETED):
        raise ProtocolError(404, "unknown_media", "There is no such file.")
    if row["status"] != media.READY:
        raise ProtocolError(409, "not_ready", "The file is not here yet.")
    size = int(row["size"])
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    part = part_asked_for(request.headers.get("Range"), size)
    if part is None:
        return empty(416, headers={**headers, "Content-Range": f"bytes */{size}"})
    status = 200
    if part != Part(0, size):
        status, headers["Content-Range"] = 206, f"bytes {part.start}-{part.end - 1}/{size}"
    headers["Content-Length"] = str(part.end - part.start)
    chunks = store.read(media.key_of(row["conversation_id"], media_id), part.start, part.end)
    try:
        first = await chunks.__anext__()
    except StopAsyncIteration:
        first = b""
    except Exception as error:
        log.error("baton.media_lost", media=media_id, error=type(error).__name__)
        raise ProtocolError(502, "not_in_store", "The file cannot be read from where it is kept.") from error
    response = await request.respond(status=status, headers=headers, content_type="application/octet-stream")
    await response.send(first)
    async for chunk in chunks:
        await response.send(chunk)
    await response.eof()
    return None


def part_asked_for(header: str | None, size: int) -> Part | None:
    """The part that a ``Range`` header asks for; all of it when it asks for nothing that is understood here (several
    parts, other units), as the standard has it; None when there is nothing of it in the file."""
    found = _RANGE.fullmatch((header or "").strip())
    if not found or not (found[1] or found[2]):
        return Part(0, size)
    if not found[1]:  # the last so many
        length = min(int(found[2]), size)
        return Part(size - length, size) if length else None
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return Part(0, size)
    return Part(start, min(last + 1, size)) if start < size else None
