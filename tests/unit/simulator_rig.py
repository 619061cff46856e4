"""A real simulator on a free port, and a small receiver of its webhooks, for the simulator's tests.

What the simulator has accepted in a test is checked against Meta's own schema when the test ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, AsyncIterator, Callable

import httpx
from aiohttp import web

from connectors.simulator.app import make_app
from connectors.simulator.settings import simulator_settings
from connectors.simulator.simulator import SIMULATOR
from tests.support.meta import check_accepted

TOKEN = "demo-access-token"
NUMBER = "100000000000001"
ACCOUNT = "200000000000001"
SECRET = "demo-app-secret"


def environment(var: Path, webhook_url: str, port: int = 5090) -> dict[str, str]:
    return {
        "WHATSAPP_ACCESS_TOKEN": TOKEN,
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "WHATSAPP_BUSINESS_ACCOUNT_ID": ACCOUNT,
        "WHATSAPP_APP_SECRET": SECRET,
        "WHATSAPP_VERIFY_TOKEN": "demo-verify-token",
        "WHATSAPP_API_URL": f"http://127.0.0.1:{port}",
        "SIMULATOR_WEBHOOK_URL": webhook_url,
        "SIMULATOR_PORT": str(port),
        "BATON_VAR": str(var),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait until the condition is true; its value is returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


@dataclass
class Receiver:
    """Takes webhooks. ``answers`` are the statuses of the next ones; 200 when there are none left."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    refused: int = 0
    answers: list[int] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.hold:
            await self.hold.wait()
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.bodies.append(body)
            self.signatures.append(request.headers.get("X-Hub-Signature-256", ""))
        else:
            self.refused += 1
        return web.Response(status=status)

    def values(self) -> list[dict[str, Any]]:
        changes = [change for body in self.bodies for entry in json.loads(body)["entry"] for change in entry["changes"]]
        return [change["value"] for change in changes]

    def items(self, kind: str) -> list[dict[str, Any]]:
        return [item for value in self.values() for item in value.get(kind, [])]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.items("messages")

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return self.items("statuses")


@contextlib.asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/webhook", receiver.take)
    async with serving(app) as address:
        receiver.url = f"{address}/webhook"
        yield receiver


class Rig:
    """A running simulator, with short words for what the tests do to it."""

    def __init__(self, http: httpx.AsyncClient, receiver: Receiver) -> None:
        self.http = http
        self.receiver = receiver
        self.address = str(http.base_url).rstrip("/")

    async def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = await self.http.request(method, f"/control/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def customer(self, wa_id: str | None = "447700900123", **other: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.control("POST", "customers", {"wa_id": wa_id, "name": "Ana", **other})
        return made

    async def say(self, text: str, key: str = "447700900123") -> str:
        answer = await self.control("POST", f"customers/{key}/messages", {"type": "text", "text": text})
        return str(answer["id"])

    async def thread(self, key: str = "447700900123", after: int = 0) -> list[dict[str, Any]]:
        answer = await self.control("GET", f"customers/{key}/messages?after={after}")
        return list(answer["messages"])

    async def graph(self, body: Any, *, token: str | None = TOKEN, number: str = NUMBER) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return await self.http.post(f"/v23.0/{number}/messages", json=body, headers=headers)

    async def send(self, text: str = "Hello", to: str = "+447700900123", **other: Any) -> str:
        answer = await self.graph(text_to(to, text, **other))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["messages"][0]["id"])


def text_to(to: str, text: str, **other: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": text}, **other}


@contextlib.asynccontextmanager
async def running(var: Path, receiver: Receiver, *, checked: bool = True) -> AsyncIterator[Rig]:
    """A simulator; with ``checked``, all that it has accepted must pass Meta's schema in the end."""
    app = make_app(simulator_settings(environment(var, receiver.url)))
    async with serving(app) as address, httpx.AsyncClient(base_url=address, timeout=15) as http:
        yield Rig(http, receiver)
    for call in app[SIMULATOR].world.calls if checked else ():
        if call.status == 200 and call.path.endswith("/messages"):
            check_accepted(call.body)
