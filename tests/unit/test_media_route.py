"""Where the agent channel gets customers' files: signed, whole or in parts, and only what is there."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any, AsyncIterator

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sanic import Sanic

from handoff import media, protocol
from handoff.agent_channel import HandoffInput
from handoff.media_route import Part, part_asked_for
from tests.support.bridge_rig import Rig
from tests.unit.media_support import Files, files_around, picture

pytest_plugins = ["tests.support.bridge_fixtures"]

SECRET = "a shared secret"


@pytest_asyncio.fixture
async def files(rig: Rig, tmp_path: Path) -> AsyncIterator[Files]:
    async with files_around(rig, tmp_path) as ready:
        yield ready


@contextlib.asynccontextmanager
async def serving(files: Files) -> AsyncIterator[httpx.AsyncClient]:
    Sanic.test_mode = True
    app = Sanic(f"handoff-{uuid.uuid4().hex}", configure_logging=False)
    app.ctx.bridge = SimpleNamespace(database=files.bridge.database, store=files.store)
    app.blueprint(HandoffInput(SECRET).blueprint(never), url_prefix="/webhooks/handoff")
    server: Any = await app.create_server(host="127.0.0.1", port=0, return_asyncio_server=True)
    await server.startup()
    await server.start_serving()
    port = server.server.sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    await server.close()


async def never(message: object) -> None:
    raise AssertionError("the channel handles nothing itself")


async def get(client: httpx.AsyncClient, media_id: str, **headers: str) -> httpx.Response:
    path = f"/webhooks/handoff/media/{media_id}"
    signed = protocol.sign(SECRET, protocol.signed_address(path, ""))
    return await client.get(path, headers={**signed, **headers})


async def test_a_file_comes_whole_and_in_parts(files: Files) -> None:
    content = picture(size=(900, 900), quality=100)
    assert len(content) > 5000
    media_id = await files.sent(content)
    await files.work()
    async with serving(files) as client:
        whole = await get(client, media_id)
        assert (whole.status_code, whole.content) == (200, content)
        assert whole.headers["Content-Length"] == str(len(content)) and whole.headers["Accept-Ranges"] == "bytes"
        part = await get(client, media_id, Range="bytes=1000-1999")
        assert (part.status_code, part.content) == (206, content[1000:2000])
        assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(content)}"
        assert (await get(client, media_id, Range="bytes=-10")).content == content[-10:]
        assert (await get(client, media_id, Range=f"bytes={len(content)}-")).status_code == 416


async def test_only_what_is_here_is_given_and_only_to_who_signs(files: Files) -> None:
    media_id = await files.sent(picture())
    async with serving(files) as client:
        assert (await get(client, "unknown")).status_code == 404
        assert (await get(client, media_id)).status_code == 409
        await files.work()
        assert (await get(client, media_id)).status_code == 200
        path = f"/webhooks/handoff/media/{media_id}"
        assert (await client.get(path)).status_code == 401
        wrong = protocol.sign("another secret", protocol.signed_address(path, ""))
        assert (await client.get(path, headers=wrong)).status_code == 401
        row = files.row(media_id)
        await files.bridge.database.write(media.forget, row["number"], row["message_id"])
        assert (await get(client, media_id)).status_code == 404


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, Part(0, 100)),
        ("bytes=0-", Part(0, 100)),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=90-500", Part(90, 100)),
        ("bytes=-30", Part(70, 100)),
        ("bytes=-300", Part(0, 100)),
        ("bytes=-0", None),
        ("bytes=100-", None),
        ("bytes=5-2", Part(0, 100)),
        ("bytes=0-1,5-6", Part(0, 100)),
        ("pages=1-2", Part(0, 100)),
        ("bytes=-", Part(0, 100)),
    ],
)
def test_a_range_is_read_as_the_standard_says(header: str | None, part: Part | None) -> None:
    assert part_asked_for(header, 100) == part


@given(st.text(max_size=40), st.integers(0, 1000))
def test_no_range_reaches_outside_the_file(header: str, size: int) -> None:
    for text in (header, f"bytes={header}"):
        part = part_asked_for(text, size)
        assert part is None or 0 <= part.start <= part.end <= size
