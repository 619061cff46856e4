"""A simulator as a process of its own with a business behind it, and what the phone page's tests do again and again."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import zlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page

from tests.support.waiting import wait_until
from tests.unit.simulator_rig import NUMBER, TOKEN, environment, free_port, text_to

PROJECT = Path(__file__).parents[2]
ANA = "447700900123"
SMALL = {"width": 390, "height": 844}


class Connector(BaseHTTPRequestHandler):
    """Answers every webhook with 200, as a bot that never says anything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


class Simulator:
    """The simulator as a process of its own, and the business behind it."""

    def __init__(self, var: Path, webhook_url: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environ = {**os.environ, **environment(var, webhook_url, self.port)}
        self.http = httpx.Client(base_url=self.address, timeout=10)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "connectors.simulator"]
        self.process = subprocess.Popen(command, cwd=PROJECT, env=self.environ)
        wait_until("the simulator answers", self._answers, 30)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            finally:
                self.process.kill()

    def _answers(self) -> bool:
        try:
            return self.http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/control/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def graph(self, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = self.http.post(f"/v23.0/{NUMBER}/messages", json=body, headers=headers)
        answer.raise_for_status()
        return dict(answer.json())

    def send(self, text: str, to: str = ANA, **other: Any) -> str:
        return str(self.graph(text_to(f"+{to}", text, **other))["messages"][0]["id"])

    def offer(self, part: dict[str, Any]) -> str:
        body = {"messaging_product": "whatsapp", "to": f"+{ANA}", "type": "interactive", "interactive": part}
        return str(self.graph(body)["messages"][0]["id"])

    def post(self, kind: str, part: Any, to: str = ANA, **other: Any) -> str:
        """The business sends a message of this kind; gives back its id."""
        body = {"messaging_product": "whatsapp", "to": f"+{to}", "type": kind, kind: part, **other}
        return str(self.graph(body)["messages"][0]["id"])

    def upload(self, content: bytes, mime_type: str, name: str) -> str:
        """The business uploads a file; gives back its id."""
        answer = self.http.post(
            f"/v23.0/{NUMBER}/media",
            data={"messaging_product": "whatsapp", "type": mime_type},
            files={"file": (name, content, mime_type)},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    def does(self, key: str = ANA, **what: Any) -> str:
        """The customer does something somewhere else than on the page; gives back the message's id."""
        return str(self.control("POST", f"customers/{key}/messages", what)["id"])

    def said(self, key: str = ANA) -> list[dict[str, Any]]:
        messages = self.control("GET", f"customers/{key}/messages")["messages"]
        return [message for message in messages if message["direction"] == "in"]


def bubble(page: Page, text: str) -> Locator:
    return page.get_by_test_id("bubble").filter(has_text=text).last


def by_id(page: Page, message_id: str) -> Locator:
    return page.locator(f'.message[data-id="{message_id}"]')


def menu(page: Page, message: Locator, name: str) -> None:
    """Press a line in the menu of a bubble."""
    message.hover()
    message.get_by_label("Reply or react").click()
    page.get_by_role("button", name=name, exact=True).click()


def picture(width: int = 48, height: int = 32) -> bytes:
    """A PNG of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\x00" + b"\x58\x8b\x8b" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write(page: Page, text: str) -> None:
    page.get_by_test_id("message-input").fill(text)
    page.get_by_test_id("message-input").press("Enter")
