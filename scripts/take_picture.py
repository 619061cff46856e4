"""Makes docs/images/phone-and-desk.png: the customer's phone beside the agent's desk, in the middle of a handoff.

.venv/bin/python scripts/take_picture.py
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from handoff.training import ensure_model  # noqa: E402
from tests.e2e.test_phone_and_desk import on_desk, on_phone, open_desk, open_phone, write  # noqa: E402
from tests.support.backends import SqliteBackend  # noqa: E402
from tests.support.stack import Stack  # noqa: E402
from tests.support.tools import find_program  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "phone-and-desk.png"
PHONE = {"width": 390, "height": 800}
DESK = {"width": 1320, "height": 800}
SHARPNESS = 1.5  # pixels of the picture per pixel of the page
PAGE = """<body style="margin:0;padding:24px;display:flex;gap:24px;background:#e7e5e0">
<img style="height:800px;border-radius:12px" src="{phone}"><img style="height:800px;border-radius:12px" src="{desk}">"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="baton-picture-") as folder:
        stack = Stack(ensure_model(ROOT).resolve(), Path(folder), SqliteBackend(Path(folder) / "var"))
        stack.start()
        try:
            with sync_playwright() as playwright:
                program = find_program("chromium", "chromium-browser", "google-chrome")
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                take(browser, stack)
                browser.close()
        finally:
            stack.stop()
    print(PICTURE.relative_to(ROOT))


def take(browser: Browser, stack: Stack) -> None:
    """Play the road up to the agent's answer, and photograph both windows."""
    phone, desk = window(browser, DESK), window(browser, DESK)  # the list of customers needs room, at first
    open_desk(desk, stack)
    open_phone(phone, stack, "Ana Lindqvist")
    phone.set_viewport_size(PHONE)
    for text, answer in (
        ("where is order 1046, cf10 1bh?", "EV1046009133"),
        ("that is too late, i want to talk to a person", "take over"),
    ):
        write(phone, text)
        on_phone(phone, answer)
    desk.get_by_test_id("conversation-row").filter(has_text="Ana").click()
    desk.get_by_test_id("accept").click()
    desk.get_by_test_id("composer").fill("Hello Ana, I have called the carrier: your blanket comes tomorrow.")
    desk.get_by_test_id("send").click()
    on_phone(phone, "comes tomorrow")
    write(phone, "that is good news, thank you!")
    on_desk(desk, "customer", "good news")
    desk.locator("[data-testid=message][data-status=read]").first.wait_for()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    beside(browser, phone.screenshot(), desk.screenshot())


def window(browser: Browser, size: dict[str, int]) -> Page:
    return browser.new_context(viewport=size, device_scale_factor=SHARPNESS).new_page()


def beside(browser: Browser, phone: bytes, desk: bytes) -> None:
    """Both pictures in one."""
    size = {"width": PHONE["width"] + DESK["width"] + 72, "height": PHONE["height"] + 48}
    page = window(browser, size)
    sources = {name: address(shot) for name, shot in (("phone", phone), ("desk", desk))}
    page.set_content(PAGE.format(**sources), wait_until="load")
    page.screenshot(path=PICTURE)


def address(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode()


if __name__ == "__main__":
    main()
