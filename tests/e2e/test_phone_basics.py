"""What everybody needs of the phone page: names for all that can be pressed, a keyboard that goes everywhere and comes
back, nothing from elsewhere."""

from __future__ import annotations

from typing import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.phone_support import ANA, SMALL, Simulator, bubble, by_id, picture, write

pytestmark = pytest.mark.browser

# What can be pressed, filled in or seen, and has no name for those who do not see it; and ids that are there twice.
NAMELESS = """() => {
  const named = (element) => element.getAttribute("aria-label") || element.labels?.length || element.title
    || element.textContent.trim() || element.alt || element.querySelector("img[alt]:not([alt=''])");
  const roles = "[role=dialog], [role=img], [role=group]";
  const wanted = [...document.querySelectorAll(`button, a, input, select, textarea, ${roles}`)]
    .filter((element) => !named(element) && !element.getAttribute("aria-labelledby"));
  const pictures = [...document.querySelectorAll("img")].filter((image) => !image.hasAttribute("alt"));
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  return [
    ...[...wanted, ...pictures].map((element) => element.outerHTML),
    ...ids.filter((id, index) => ids.indexOf(id) !== index),
  ];
}"""

SHEETS = ("location", "contact", "sticker", "catalogue")


def send_everything(simulator: Simulator) -> None:
    """One message of most types, so that there is something to look at."""
    media = simulator.upload(picture(), "image/png", "parcel.png")
    sound = simulator.upload(b"ID3" + bytes(100), "audio/mpeg", "song.mp3")
    simulator.post("image", {"id": media, "caption": "The parcel"})
    simulator.post("audio", {"id": sound})
    simulator.post("document", {"link": f"{simulator.address}/a.pdf", "filename": "a.pdf"})
    simulator.post("location", {"latitude": 51.5, "longitude": -0.12, "name": "Depot"})
    cards = [{"name": {"formatted_name": "Sam Lee", "first_name": "Sam"}, "phones": [{"phone": "+447700900456"}]}]
    simulator.does(type="contacts", contacts=cards)
    simulator.does(type="call")
    typo = simulator.does(type="text", text="helo")
    simulator.does(type="edit", message_id=typo, text="hello")
    simulator.post("text", {"body": "https://example.com/t", "preview_url": True}, context={"message_id": typo})
    rows = [{"id": "/a", "title": "Orders", "description": "About orders"}]
    action = {"button": "Choose", "sections": [{"title": "Topics", "rows": rows}]}
    simulator.offer({"type": "list", "body": {"text": "What about?"}, "action": action})


def test_everything_has_a_name_and_every_id_is_there_once(simulator: Simulator, phone: Page) -> None:
    simulator.control("POST", "customers", {"wa_id": "447700900124", "name": "Ben"})
    send_everything(simulator)
    phone.goto(f"{simulator.address}/?customer={ANA}&customer=447700900124")
    expect(bubble(phone, "What about?")).to_be_visible()
    assert phone.evaluate(NAMELESS) == []
    ana = phone.get_by_test_id("phone").first
    for sheet in SHEETS:
        ana.get_by_test_id("attach").click()
        ana.get_by_test_id(f"attach-{sheet}").click()
        expect(ana.get_by_role("dialog")).to_be_visible()
        assert phone.evaluate(NAMELESS) == []
        phone.keyboard.press("Escape")
    bubble(phone, "What about?").hover()
    bubble(phone, "What about?").get_by_label("Reply or react").click()
    assert phone.evaluate(NAMELESS) == []


@pytest.mark.parametrize("opener", ["attach", "call", "list-open"])
def test_the_keyboard_comes_back_to_where_it_was(simulator: Simulator, phone: Page, opener: str) -> None:
    send_everything(simulator)
    phone.get_by_test_id(opener).focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("dialog")).to_be_visible()
    phone.keyboard.press("Escape")
    expect(phone.get_by_role("dialog")).to_have_count(0)
    expect(phone.get_by_test_id(opener)).to_be_focused()


def test_behind_an_open_sheet_nothing_can_be_reached(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("attach").click()
    assert phone.get_by_test_id("message-input").evaluate("field => Boolean(field.closest('[inert]'))")
    phone.keyboard.press("Escape")
    write(phone, "again")
    expect(bubble(phone, "again")).to_be_visible()


def test_every_request_of_the_page_stays_on_this_machine(simulator: Simulator, new_page: Callable[..., Page]) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(simulator.address)
    expect(page.get_by_test_id("customer-row")).to_be_visible()
    send_everything(simulator)
    expect(bubble(page, "What about?")).to_be_visible()
    page.get_by_test_id("attach").click()
    page.get_by_test_id("attach-sticker").click()
    page.get_by_test_id("sticker-choice").first.click()
    expect(page.locator("img.sticker")).to_be_visible()
    assert asked and all(url.removeprefix("blob:").startswith(simulator.address) for url in asked)


def test_with_a_finger_a_long_press_opens_the_menu_of_a_bubble(simulator: Simulator, browser: Browser) -> None:
    simulator.control("POST", "customers", {"wa_id": ANA, "name": "Ana"})
    sent = simulator.send("Is Tuesday fine?")
    with browser.new_context(viewport=SMALL, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        page.goto(f"{simulator.address}/?customer={ANA}")
        words = by_id(page, sent).locator(".words")
        box = words.bounding_box()
        assert box is not None
        finger = context.new_cdp_session(page)
        points = [{"x": box["x"] + 20, "y": box["y"] + 8}]
        finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
        expect(page.get_by_role("button", name="Reply", exact=True)).to_be_visible()
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.get_by_role("button", name="Reply", exact=True).tap()
        write(page, "yes")
        expect(bubble(page, "yes").locator(".quote-text")).to_have_text("Is Tuesday fine?")
