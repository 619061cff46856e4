from __future__ import annotations

import asyncio
import json
import time
from typing import Awaitable, Callable

import pytest

from actions.desk import Availability, ask_availability
from handoff.protocol import ProtocolError, verify

SECRET = "a secret for this test"
Answer = Callable[[str, dict[str, str]], Awaitable[tuple[int, bytes]]]


async def ask_a_desk_that(answer: Answer) -> Availability | None:
    """Ask a real HTTP server on a free port, which answers each request with (status, body)."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        path = head[0].split(" ")[1]
        status, body = await answer(path, {name.title(): value for name, value in headers.items()})
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        environ = {"HANDOFF_SECRET": SECRET, "DESK_URL": f"http://127.0.0.1:{port}"}
        return await ask_availability({"skills": "orders,returns", "priority": "high", "language": ""}, environ)


async def test_the_desk_is_asked_with_a_signature_over_the_path() -> None:
    async def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            verify(SECRET, headers, path.encode())
        except ProtocolError:
            return 401, b"{}"
        assert path == "/agent-channel/availability?skills=orders%2Creturns&priority=high"
        return 200, json.dumps(
            {
                "open": True, "next_opening": None, "available": 2, "waiting": 1, "expected_wait_seconds": 90,
                "place": 2, "team": "Our orders team", "name": "",
            }
        ).encode()  # fmt: skip

    assert await ask_a_desk_that(answer) == Availability(True, 2, None, 90, 2, "Our orders team")


@pytest.mark.parametrize(
    ("status", "body"), [(500, b"oops"), (401, b"{}"), (200, b"not json"), (200, b"{}"), (200, b"[1]")]
)
async def test_an_answer_that_cannot_be_used_is_no_answer(status: int, body: bytes) -> None:
    async def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        return status, body

    assert await ask_a_desk_that(answer) is None


async def test_a_desk_that_does_not_answer_holds_a_handoff_up_for_two_seconds_at_most() -> None:
    async def answer(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        await asyncio.Event().wait()
        return 200, b""

    started = time.monotonic()
    assert await ask_a_desk_that(answer) is None
    assert time.monotonic() - started < 2


async def test_without_a_secret_or_a_desk_there_is_no_answer() -> None:
    assert await ask_availability({}, {}) is None
    assert await ask_availability({}, {"HANDOFF_SECRET": SECRET, "DESK_URL": "http://127.0.0.1:9"}) is None
    assert await ask_availability({}, {"HANDOFF_SECRET": SECRET, "DESK_URL": "no address"}) is None
