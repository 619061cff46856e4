"""The phone page in a real browser: the chat itself, what customers see of it and how it holds together."""

from __future__ import annotations

from typing import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.phone_support import ANA, SMALL, Simulator, bubble, write
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


def test_a_message_gets_its_ticks_and_an_answer_is_read_when_it_is_seen(simulator: Simulator, phone: Page) -> None:
    write(phone, "hello")
    expect(bubble(phone, "hello")).to_have_attribute("data-direction", "out")
    expect(bubble(phone, "hello")).to_have_attribute("data-status", "delivered")
    said = simulator.said()[0]
    simulator.graph(
        {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": said["id"],
            "typing_indicator": {"type": "text"},
        }
    )
    expect(bubble(phone, "hello")).to_have_attribute("data-status", "read")
    expect(phone.get_by_test_id("typing")).to_be_visible()
    answer = simulator.send("Hello Ana")
    expect(bubble(phone, "Hello Ana")).to_have_attribute("data-direction", "in")
    expect(phone.get_by_test_id("typing")).to_have_count(0)
    sent = "sent"
    wait_until("the answer is read", lambda: simulator.control("GET", sent)["messages"][0]["status"] == "read")
    assert simulator.control("GET", sent)["messages"][0]["id"] == answer
    assert phone.get_by_test_id("bubble").count() == 2


def test_markup_is_shown_and_html_is_only_text(simulator: Simulator, phone: Page) -> None:
    simulator.send(
        "*bold* _italic_ ~gone~ 2*3*4 snake_case <img src=x onerror=alert(1)> see https://example.com/a_b_c."
    )
    words = bubble(phone, "bold").locator(".words")
    expect(words.locator("strong")).to_have_text("bold")
    expect(words.locator("em")).to_have_text("italic")
    expect(words.locator("s")).to_have_text("gone")
    expect(words.locator("a")).to_have_attribute("href", "https://example.com/a_b_c")
    expect(words).to_contain_text("2*3*4 snake_case <img src=x onerror=alert(1)>")
    expect(words.locator("img")).to_have_count(0)


def test_a_button_answers_with_its_payload_and_quotes_the_question(simulator: Simulator, phone: Page) -> None:
    replies = [{"type": "reply", "reply": {"id": f"/{name}", "title": name.title()}} for name in ("yes", "no")]
    question = simulator.offer({"type": "button", "body": {"text": "Sure?"}, "action": {"buttons": replies}})
    phone.get_by_test_id("reply-button").filter(has_text="Yes").click()
    expect(phone.get_by_test_id("bubble").last.locator(".quote-text")).to_have_text("Sure?")
    wait_until("the answer is there", simulator.said)
    message = simulator.said()[0]["payload"]
    assert message["interactive"] == {"type": "button_reply", "button_reply": {"id": "/yes", "title": "Yes"}}
    assert message["context"] == {"from": "15550100123", "id": question}


def test_a_list_opens_a_sheet_and_sends_the_chosen_row(simulator: Simulator, phone: Page) -> None:
    rows = [{"id": f"/topic_{name}", "title": name, "description": f"About {name}"} for name in ("orders", "invoices")]
    action = {"button": "Choose", "sections": [{"title": "Topics", "rows": rows}]}
    simulator.offer({"type": "list", "body": {"text": "What about?"}, "action": action})
    phone.get_by_test_id("list-open").click()
    expect(phone.get_by_test_id("list-send")).to_be_disabled()
    phone.get_by_test_id("list-row").filter(has_text="invoices").click()
    phone.get_by_test_id("list-send").click()
    expect(phone.get_by_role("dialog")).to_have_count(0)
    expect(phone.get_by_test_id("bubble").last).to_contain_text("invoices")
    wait_until("the choice is there", simulator.said)
    reply = simulator.said()[0]["payload"]["interactive"]["list_reply"]
    assert reply == {"id": "/topic_invoices", "title": "invoices", "description": "About invoices"}


def test_escape_closes_the_sheet_and_nothing_is_sent(simulator: Simulator, phone: Page) -> None:
    action = {"button": "Choose", "sections": [{"title": "Topics", "rows": [{"id": "/a", "title": "Orders"}]}]}
    simulator.offer({"type": "list", "body": {"text": "What about?"}, "action": action})
    phone.get_by_test_id("list-open").click()
    phone.keyboard.press("Escape")
    expect(phone.get_by_role("dialog")).to_have_count(0)
    assert simulator.said() == []


def test_several_customers_have_phones_of_their_own(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("add-customer").click()
    phone.get_by_test_id("customer-name").fill("Ben")
    phone.get_by_test_id("save-customer").click()
    ben = phone.get_by_test_id("customer-row").filter(has_text="Ben")
    expect(ben).to_have_attribute("aria-current", "true")
    key = ben.get_attribute("data-key")
    assert key and f"customer={key}" in phone.url
    write(phone, "this is Ben")
    expect(bubble(phone, "this is Ben")).to_be_visible()
    simulator.send("Hello Ana")
    ana = phone.get_by_test_id("customer-row").filter(has_text="Ana")
    expect(ana.get_by_test_id("unread")).to_have_text("1")
    ana.click()
    expect(bubble(phone, "Hello Ana")).to_be_visible()
    expect(phone.get_by_test_id("bubble").filter(has_text="this is Ben")).to_have_count(0)
    expect(ana.get_by_test_id("unread")).to_have_count(0)
    assert [message["text"] for message in simulator.said(key)] == ["this is Ben"]


def test_two_windows_of_one_customer_show_the_same(
    simulator: Simulator, phone: Page, new_page: Callable[..., Page]
) -> None:
    other = new_page(viewport=SMALL)
    other.goto(f"{simulator.address}/?customer={ANA}")
    write(other, "from the other window")
    expect(bubble(phone, "from the other window")).to_have_attribute("data-status", "delivered")


def test_the_place_in_a_long_thread_holds_when_a_message_comes(simulator: Simulator, phone: Page) -> None:
    for number in range(40):
        simulator.send(f"message {number}")
    expect(bubble(phone, "message 39")).to_be_in_viewport()
    phone.get_by_test_id("thread").evaluate("thread => { thread.scrollTop = 200; }")
    place = phone.get_by_test_id("thread").evaluate("thread => thread.scrollTop")
    simulator.send("while you read")
    pill = phone.get_by_role("button", name="1 new message")
    expect(pill).to_be_visible()
    assert phone.get_by_test_id("thread").evaluate("thread => thread.scrollTop") == place
    pill.click()
    expect(bubble(phone, "while you read")).to_be_in_viewport()


def test_nothing_is_lost_when_the_simulator_starts_again(simulator: Simulator, phone: Page) -> None:
    write(phone, "before")
    expect(bubble(phone, "before")).to_have_attribute("data-status", "delivered")
    simulator.stop()
    expect(phone.get_by_text("Waiting for the simulator")).to_be_visible()
    write(phone, "meanwhile")
    again = bubble(phone, "meanwhile").get_by_role("button", name="Not sent. Try again")
    expect(again).to_be_visible()
    simulator.start()
    expect(phone.get_by_text("Waiting for the simulator")).to_be_hidden(timeout=15_000)
    again.click()
    expect(bubble(phone, "meanwhile")).to_have_attribute("data-status", "delivered")
    assert [message["text"] for message in simulator.said()] == ["before", "meanwhile"]


def test_on_a_small_screen_the_phone_is_the_page_and_customers_are_one_tap_away(
    simulator: Simulator, browser: Browser
) -> None:
    simulator.control("POST", "customers", {"wa_id": ANA, "name": "Ana"})
    simulator.control("POST", "customers", {"wa_id": "447700900124", "name": "Ben"})
    with browser.new_context(viewport=SMALL, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        page.goto(f"{simulator.address}/?customer={ANA}")
        expect(page.get_by_test_id("message-input")).to_have_attribute("placeholder", "Message as Ana")
        assert page.get_by_test_id("phone").bounding_box() == {"x": 0, "y": 0, **SMALL}
        page.get_by_role("button", name="Customers").tap()
        page.get_by_test_id("customer-row").filter(has_text="Ben").tap()
        expect(page.get_by_test_id("message-input")).to_have_attribute("placeholder", "Message as Ben")
        expect(page.locator("#people")).to_be_hidden()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == SMALL["width"]
