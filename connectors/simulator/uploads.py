"""Reading uploaded files: never more of them into memory than may come."""

from __future__ import annotations

from aiohttp import BodyPartReader


async def read_part(part: BodyPartReader, most: int) -> bytes:
    """What a part of a form holds, to a byte above ``most`` and no further."""
    data = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        data += chunk[: most + 1 - len(data)]
    return bytes(data)
