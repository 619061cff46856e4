"""Makes docs/images/whatsapp-*.png: how Rasa's responses look on the phone. What is said here is rendered, sent and
drawn by the same code as always, with a simulator of its own.

.venv/bin/python scripts/take_whatsapp_pictures.py
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from connectors.whatsapp_client import WhatsAppChannel  # noqa: E402
from handoff.channel import Address  # noqa: E402
from handoff.services import DEMO_WHATSAPP  # noqa: E402
from handoff.settings import whatsapp_settings  # noqa: E402
from tests.support.ports import free_ports  # noqa: E402
from tests.support.tools import find_program  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

IMAGES = ROOT / "docs" / "images"
CUSTOMER = "447700900123"
SHARPNESS = 1.5
OPENED = "list-open"  # what is seen when the list's button was pressed

Responses = list[dict[str, Any]]


def button(title: str, payload: str) -> dict[str, str]:
    return {"title": title, "payload": payload}


def picture() -> str:
    """A small PNG as a ``data:`` address: no file has to lie about for this."""
    width, height = 480, 280
    rows = b"".join(
        b"\x00" + b"".join(bytes((196 - y // 4, 205 - x // 12, 214)) for x in range(width)) for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(png).decode()


PDF = "data:application/pdf;base64," + base64.b64encode(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF").decode()

# Several examples of the same row stand in one picture.
PICTURES: dict[str, Responses] = {
    "text": [
        {"text": "Order *1042* (blue teapot, 2 mugs) is on its way."},
        {"text": "It should be with you tomorrow: https://marigold.example/t/1042"},
    ],
    "image": [{"text": "This is what the blue glaze looks like.", "image": picture()}],
    "document": [
        {
            "text": "Here is invoice 1042.",
            "attachment": {"type": "document", "payload": {"data": PDF, "filename": "invoice-1042.pdf"}},
        }
    ],
    "buttons": [
        {
            "text": "Shall I cancel order 1047 (herb planter and seeds, 31.45 pounds)?",
            "header": "Cancel an order",
            "footer": "This cannot be undone",
            "buttons": [button("Yes, cancel it", "/affirm"), button("No, keep it", "/deny")],
        }
    ],
    "list": [
        {
            "text": "What can I do for you?",
            "buttons": [
                button(title, f"/choice_{number}")
                for number, title in enumerate(("Track an order", "Return something", "An invoice", "A person"))
            ],
        }
    ],
    "list-open": [
        {
            "custom": {
                "list": {
                    "text": "What is it about?",
                    "button": "Topics",
                    "sections": [
                        {
                            "title": "Orders",
                            "rows": [
                                {
                                    "title": "Track an order",
                                    "payload": "/track_order",
                                    "description": "Where it is, and when it comes",
                                },
                                {"title": "Return something", "payload": "/return_item"},
                            ],
                        },
                        {"title": "Payment", "rows": [{"title": "An invoice", "payload": "/invoice"}]},
                    ],
                }
            }
        }
    ],
    "numbered": [
        {
            "text": "Which item is it?",
            "buttons": [button(f"Item number {number} of your order", f"/item_{number}") for number in range(1, 12)],
        }
    ],
    "url-button": [
        {
            "text": "You can pay here, with another card if you like.",
            "buttons": [{"title": "Pay now", "url": "https://pay.example/1063"}],
        }
    ],
    "location": [
        {
            "custom": {
                "location": {
                    "latitude": 51.5033,
                    "longitude": -0.1196,
                    "name": "Marigold",
                    "address": "1 Example Quay, London",
                }
            }
        },
        {"custom": {"location_request": "Where shall the parcel go? Share a place, or write the address."}},
    ],
    "contacts": [
        {"custom": {"contacts": {"name": "Marigold customer care", "phone": "+44 20 7946 0000"}}},
        {"custom": {"request_contact_info": "May we have your number, so that a colleague can call?"}},
    ],
    "flow": [
        {
            "custom": {
                "flow": {"text": "Tell us how we did.", "id": "800001", "button": "Rate us", "screen": "RATE"},
            }
        }
    ],
    "reply": [{"text": "Yes, we have it in blue, too.", "reply_to": "last"}],
    "template": [
        {"custom": {"template": {"name": "answer_ready", "language": "en", "parameters": ["it is in stock"]}}}
    ],
}


def main() -> None:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="baton-pictures-") as folder:
        address = f"http://127.0.0.1:{port}"
        environ = {**os.environ, **DEMO_WHATSAPP, "WHATSAPP_API_URL": address, "BATON_VAR": folder}
        environ |= {"SIMULATOR_PORT": str(port), "BATON_HOST": "127.0.0.1"}
        simulator = subprocess.Popen([sys.executable, "-m", "connectors.simulator"], env=environ, cwd=ROOT)
        try:
            wait_until("the simulator is there", lambda: answers(f"{address}/healthz"))
            take_all(address, environ)
        finally:
            simulator.terminate()
            simulator.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2).is_success
    except httpx.HTTPError:
        return False


def take_all(address: str, environ: dict[str, str]) -> None:
    with sync_playwright() as playwright:
        program = find_program("chromium", "chromium-browser", "google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, responses in PICTURES.items():
            httpx.post(f"{address}/control/reset").raise_for_status()
            customer = {"name": "Ana", "wa_id": CUSTOMER}
            httpx.post(f"{address}/control/customers", json=customer).raise_for_status()
            hello = {"type": "text", "text": "Do you have it in blue?"}
            written = httpx.post(f"{address}/control/customers/{CUSTOMER}/messages", json=hello)
            responses = [
                {**each, **({"reply_to": written.json()["id"]} if "reply_to" in each else {})} for each in responses
            ]
            with ThreadPoolExecutor(1) as pool:  # Playwright's own event loop runs in this thread
                count = pool.submit(asyncio.run, send(responses, environ)).result()
            print(take(browser, address, name, count).relative_to(ROOT))
        browser.close()


async def send(responses: Responses, environ: dict[str, str]) -> int:
    """Render and deliver as the bridge does; returns how many messages it became."""
    settings = whatsapp_settings(environ)
    channel = WhatsAppChannel(settings)
    to = Address(settings.phone_number_id, wa_id=CUSTOMER)
    rendered = channel.render(responses)
    for number, message in enumerate(rendered):
        await channel.deliver(to, message.payload, outbox_id=f"picture-{number}")
    await channel.close()
    return len(rendered)


def take(browser: Browser, address: str, name: str, count: int) -> Path:
    """The bubbles of one picture, cut out of the phone."""
    page = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=SHARPNESS, reduced_motion="reduce"
    ).new_page()
    page.goto(address)
    bubbles = page.locator("[data-testid=bubble][data-direction=in]")
    bubbles.nth(count - 1).wait_for()
    page.evaluate("document.fonts.ready")
    if name == OPENED:
        page.locator("[data-testid=bubble] button").filter(has_text="Topics").click()
        page.locator(".sheet-row-title").first.wait_for()
        file = IMAGES / f"whatsapp-{name}.png"
        page.screenshot(path=file, clip={"x": 0, "y": 380, "width": 390, "height": 464})
        return file
    boxes = [box for box in (bubble.bounding_box() for bubble in bubbles.all()) if box]
    top, bottom = min(box["y"] for box in boxes), max(box["y"] + box["height"] for box in boxes)
    file = IMAGES / f"whatsapp-{name}.png"
    page.screenshot(path=file, clip={"x": 0, "y": top - 10, "width": 390, "height": bottom - top + 20})
    return file


if __name__ == "__main__":
    main()
