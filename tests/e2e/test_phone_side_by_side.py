"""Several customers on the phone page: in the list, and on phones beside each other."""

from __future__ import annotations

import re
from typing import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.phone_support import ANA, SMALL, Simulator
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

BEN, CHLOE = "447700900124", "447700900125"


@pytest.fixture
def two(simulator: Simulator, new_page: Callable[..., Page]) -> Page:
    """The phones of Ana and Ben, beside each other; Chlo\u00e9 has none."""
    for wa_id, name in ((ANA, "Ana"), (BEN, "Ben"), (CHLOE, "Chlo\u00e9")):
        simulator.control("POST", "customers", {"wa_id": wa_id, "name": name})
    page = new_page()
    page.goto(f"{simulator.address}/?customer={ANA}&customer={BEN}")
    expect(phone_of(page, "Ben").get_by_test_id("message-input")).to_have_attribute("placeholder", "Message as Ben")
    return page


def phone_of(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Phone of {name}")


def say(phone: Locator, text: str) -> None:
    phone.get_by_test_id("message-input").fill(text)
    phone.get_by_test_id("message-input").press("Enter")


def test_each_phone_has_messages_of_its_own(simulator: Simulator, two: Page) -> None:
    ana, ben = phone_of(two, "Ana"), phone_of(two, "Ben")
    say(ana, "this is Ana")
    say(ben, "this is Ben")
    expect(ana.get_by_test_id("bubble")).to_have_text(re.compile("this is Ana"))
    expect(ben.get_by_test_id("bubble")).to_have_text(re.compile("this is Ben"))
    wait_until("both are there", lambda: simulator.said(ANA) and simulator.said(BEN))
    assert [message["text"] for message in simulator.said(BEN)] == ["this is Ben"]
    simulator.send("Hello Ana")
    simulator.send("Hello Ben", to=BEN)
    expect(ana.get_by_test_id("bubble").last).to_contain_text("Hello Ana")
    expect(ben.get_by_test_id("bubble").last).to_contain_text("Hello Ben")
    sent = "sent"
    wait_until("both are read", lambda: {m["status"] for m in simulator.control("GET", sent)["messages"]} == {"read"})


def test_a_sheet_and_a_draft_belong_to_one_phone(simulator: Simulator, two: Page) -> None:
    ana, ben = phone_of(two, "Ana"), phone_of(two, "Ben")
    ana.get_by_test_id("message-input").fill("not yet")
    ana.get_by_test_id("attach").click()
    say(ben, "quick")
    expect(ana.get_by_role("dialog")).to_be_visible()
    expect(ben.get_by_test_id("bubble")).to_contain_text("quick")
    expect(ana.get_by_test_id("message-input")).to_have_value("not yet")


def test_a_phone_is_added_and_put_away_with_the_keyboard(simulator: Simulator, two: Page) -> None:
    two.get_by_test_id("add-phone").focus()
    two.keyboard.press("Enter")
    expect(phone_of(two, "Chlo\u00e9").get_by_test_id("message-input")).to_be_focused()
    expect(two.get_by_test_id("add-phone")).to_be_disabled()
    assert two.url.count("customer=") == 3
    two.get_by_test_id("remove-phone").last.focus()
    two.keyboard.press("Enter")
    expect(two.get_by_test_id("seat")).to_have_count(2)
    expect(phone_of(two, "Ana").get_by_test_id("message-input")).to_be_focused()
    assert two.url.count("customer=") == 2


def test_the_list_gives_the_used_phone_to_a_customer_and_never_one_customer_two(
    simulator: Simulator, two: Page
) -> None:
    phone_of(two, "Ben").get_by_test_id("message-input").click()
    row = two.get_by_test_id("customer-row")
    expect(row.filter(has_text="Ben")).to_have_attribute("aria-current", "true")
    row.filter(has_text="Chlo\u00e9").click()
    expect(phone_of(two, "Chlo\u00e9")).to_be_visible()
    expect(phone_of(two, "Ben")).to_have_count(0)
    row.filter(has_text="Ana").click()
    expect(phone_of(two, "Ana").get_by_test_id("message-input")).to_be_focused()
    expect(two.get_by_test_id("seat")).to_have_count(2)
    expect(phone_of(two, "Chlo\u00e9")).to_be_visible()


def test_on_a_small_screen_only_the_used_phone_is_shown(simulator: Simulator, two: Page) -> None:
    simulator.send("for Ben", to=BEN)
    two.set_viewport_size({"width": SMALL["width"], "height": SMALL["height"]})
    expect(two.get_by_test_id("seat").locator("visible=true").first).to_be_visible()
    shown = two.get_by_test_id("seat").evaluate_all("seats => seats.filter((seat) => seat.offsetParent).length")
    assert shown == 1
    assert two.evaluate("document.documentElement.scrollWidth") == SMALL["width"]


def test_a_customer_with_a_username_hides_the_phone_number(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("add-customer").click()
    phone.get_by_test_id("customer-name").fill("Dana")
    phone.get_by_test_id("customer-username").fill("@dana.example")
    phone.get_by_test_id("save-customer").click()
    dana = phone.get_by_test_id("customer-row").filter(has_text="Dana")
    expect(dana).to_contain_text("@dana.example")
    key = dana.get_attribute("data-key") or ""
    say(phone_of(phone, "Dana"), "hello")
    wait_until("it is there", lambda: simulator.said(key))
    payload = simulator.said(key)[0]["payload"]
    assert "from" not in payload and payload["from_user_id"] == key


def test_the_business_number_is_chosen_when_there_are_several(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("add-customer").click()
    expect(phone.get_by_test_id("customer-number")).to_be_hidden()
    phone.get_by_role("button", name="Cancel").first.click()
    simulator.control("POST", "customers", {"wa_id": BEN, "name": "Ben", "number": "100000000000009"})
    expect(phone.get_by_test_id("customer-row")).to_have_count(2)
    phone.get_by_test_id("add-customer").click()
    phone.get_by_test_id("customer-name").fill("Eve")
    phone.get_by_test_id("customer-number").select_option("100000000000009")
    phone.get_by_test_id("save-customer").click()
    expect(phone.get_by_text("You are Eve")).to_contain_text("to number 100000000000009")
    customers = simulator.control("GET", "customers")["customers"]
    assert next(one["number"] for one in customers if one["name"] == "Eve") == "100000000000009"
