"""What the tests of the WhatsApp connector share: payloads, Meta's schema, a bridge and a Graph API of our own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, AsyncIterator, Callable, Iterator

import httpx
import yaml
from openapi_schema_validator import OAS31Validator
from sanic import Sanic

from connectors.whatsapp import WhatsAppInput
from connectors.whatsapp_numbers import Numbers
from handoff.channel import Batch, CustomerChannel
from handoff.settings import WhatsAppSettings

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
NUMBER = "100000000000001"
SECRET = "test_app_secret"
WEBHOOK = "/webhooks/whatsapp/webhook"
NAMES = sorted(path.stem for path in (FIXTURES / "whatsapp").glob("*.json"))


def payload(name: str) -> dict[str, Any]:
    """A webhook body as captured from WhatsApp, with our own fictional data."""
    body: dict[str, Any] = json.loads((FIXTURES / "whatsapp" / f"{name}.json").read_text())
    return body


def settings(api_url: str = "http://127.0.0.1:1") -> WhatsAppSettings:
    return WhatsAppSettings(
        access_token="test-token",
        phone_number_id=NUMBER,
        business_account_id="200000000000001",
        app_secret=SECRET,
        verify_token="test-verify-token",
        api_url=api_url,
        api_version="v23.0",
    )


# interactive types that Meta's description is too old to know, each with the name of its action
LATER_TYPES = {
    "cta_url": "cta_url",
    "location_request_message": "send_location",
    "request_contact_info": "request_contact_info",
}


@functools.cache
def message_validator() -> OAS31Validator:
    """Checks a request against Meta's schemas. See the README beside them for the one thing that is mended here."""
    schemas = yaml.safe_load((FIXTURES / "meta" / "messages.yaml").read_text())["components"]["schemas"]
    base = schemas["BaseMessageProperties"]
    button = schemas["TemplateComponent"]["properties"]
    del button["index"]["pattern"]  # it forbids the index "0" of Meta's own example
    button["sub_type"]["enum"].append("copy_code")
    schemas["LanguageObject"]["required"] = ["code"]
    schemas["InteractiveObject"]["properties"]["type"]["enum"] += [*LATER_TYPES]
    named = {"type": "object", "required": ["name"], "properties": {"name": {"enum": [*LATER_TYPES.values()]}}}
    schemas["ActionObject"]["oneOf"].append(named)
    for name, schema in schemas.items():
        if schema.get("allOf") and name.endswith("Message"):
            own = schema["allOf"][1]
            schemas[name] = {
                "type": "object",
                "properties": {**base["properties"], **own["properties"]},
                "required": [*base["required"], *own["required"]],
                "additionalProperties": False,
            }
    return OAS31Validator({"$ref": "#/components/schemas/Message", "components": {"schemas": schemas}})


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


@dataclass
class MemoryBridge:
    """A bridge that remembers what it accepted; ``broken`` makes it refuse."""

    batches: list[Batch] = field(default_factory=list)
    broken: Exception | None = None
    refused: int = 0
    stopped: bool = False

    async def accept(self, batch: Batch, trace_id: str) -> None:
        assert trace_id
        if self.broken:
            self.refused += 1
            raise self.broken
        self.batches.append(batch)

    async def stop(self) -> None:
        self.stopped = True


class Service:
    """The channel in a running Sanic server, and the bridge behind it."""

    def __init__(self, of: WhatsAppSettings | None = None, numbers: Numbers | None = None) -> None:
        Sanic.test_mode = True  # Sanic rewrites its own methods at start, which works once in a process otherwise
        self.bridge = MemoryBridge()
        self.channel: CustomerChannel | None = None
        self.app = Sanic(f"whatsapp-{uuid.uuid4().hex}", configure_logging=False)
        channel = WhatsAppInput(of or settings(), numbers, bridge=self._start, clock=lambda: 1793449999.0)
        self.app.blueprint(channel.blueprint(self._never), url_prefix="/webhooks/whatsapp")

    async def _start(self, app: Sanic, channel: CustomerChannel) -> MemoryBridge:
        self.channel = channel
        return self.bridge

    async def _never(self, message: object) -> None:
        raise AssertionError("the channel handles nothing itself")

    @contextlib.asynccontextmanager
    async def running(self, *, bridge_started: bool = True) -> AsyncIterator[httpx.AsyncClient]:
        server: Any = await self.app.create_server(host="127.0.0.1", port=0, return_asyncio_server=True)
        await server.startup()
        await server.start_serving()
        if bridge_started:
            await server.after_start()
        port = server.server.sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
        await server.before_stop()
        await server.close()
        await server.after_stop()
        if self.channel:
            await self.channel.close()


@dataclass
class Call:
    """One HTTP request that the Graph API of a test received."""

    line: str
    headers: dict[str, str]
    body: dict[str, Any]


Answer = tuple[int, str] | None


@dataclass
class TinyGraph:
    """A real HTTP server that answers each POST with the next of ``answers``; None closes without an answer."""

    url: str = ""
    answers: list[Answer | Callable[[], Any]] = field(default_factory=list)
    headers: str = ""
    calls: list[Call] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[TinyGraph]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, value in (each.split(":", 1) for each in rest)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.calls.append(Call(line, headers, json.loads(body or b"{}")))
            answer = self.answers.pop(0) if self.answers else (200, '{"messages": [{"id": "wamid.OUT1"}]}')
            if callable(answer):
                answer = await answer()
            if answer:
                data = answer[1].encode()
                start = (
                    f"HTTP/1.1 {answer[0]} X\r\nContent-Length: {len(data)}\r\nConnection: close\r\n{self.headers}\r\n"
                )
                writer.write(start.encode() + data)
                await writer.drain()
        writer.close()
