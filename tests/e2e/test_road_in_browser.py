"""The road as a customer and an agent see it: buttons, ticks, a corrected fact, and the way back to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest

from tests.e2e.test_phone_and_desk import PATIENCE, on_desk, on_phone, open_desk, open_phone, write
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser


def press(page: Page, title: str) -> None:
    """Press the newest button with this title on the phone."""
    page.get_by_test_id("reply-button").filter(has_text=title).last.click(timeout=PATIENCE)


def take(desk: Page, name: str) -> None:
    """Open the waiting conversation of this customer, and accept it."""
    conversation(desk, name).click(timeout=PATIENCE)
    desk.get_by_test_id("accept").click(timeout=PATIENCE)


def answer(desk: Page, text: str) -> None:
    desk.get_by_test_id("composer").fill(text)
    desk.get_by_test_id("send").click()


def resolve(desk: Page, outcome: str, note: str, **facts: str) -> None:
    """Give the conversation back, with facts that the bot had wrong."""
    desk.get_by_test_id("resolve-open").click(timeout=PATIENCE)
    desk.get_by_test_id("resolve-outcome").select_option(outcome)
    desk.get_by_test_id("resolve-note").fill(note)
    if facts:
        desk.get_by_test_id("correct-facts").click()
    for fact, value in facts.items():
        desk.get_by_test_id(f"slot-{fact}").fill(value)
    desk.get_by_test_id("resolve-submit").click()


def conversation(desk: Page, name: str) -> Locator:
    return desk.get_by_test_id("conversation-row").filter(has_text=name)


def status_on_desk(desk: Page, text: str, status: str) -> None:
    """Wait until an agent's message has this status, without a reload."""
    line = desk.get_by_test_id("message").filter(has_text=text).and_(desk.locator(f"[data-status={status}]"))
    line.wait_for(timeout=PATIENCE)


def test_a_form_that_was_interrupted_goes_on_and_a_fact_that_the_agent_corrected_is_known(
    stack: Stack, new_page: Callable[..., Page]
) -> None:
    phone, desk = new_page(), new_page()
    name = f"Ravi {stack.backend.name}"
    stack.phone(name)  # a number that no order was made with; one added on the page may have orders in the demo shop
    phone.goto(stack.url("simulator"))
    phone.get_by_test_id("customer-row").filter(has_text=name).click()
    open_desk(desk, stack)

    write(phone, "hello")
    on_phone(phone, "What can I do for you?")
    write(phone, "where is my order")
    on_phone(phone, "What is your order number?")
    write(phone, "I want to talk to a person")
    on_phone(phone, "take over")
    take(desk, name)
    assert "order number" in desk.get_by_test_id("card").inner_text().lower(), "the card names the form's gap"
    answer(desk, "Hello Ravi, it is on the invoice.")
    on_phone(phone, "it is on the invoice.")
    status_on_desk(desk, "it is on the invoice.", "read")
    resolve(desk, "follow_up", "Has to look for the number.")
    on_phone(phone, "still working on this")
    write(phone, "1042 bs1 4dj")
    on_phone(phone, "RM104277310GB")

    write(phone, "I want to talk to a person")
    take(desk, name)
    resolve(desk, "solved", "He meant another one.", order_number="1043")
    on_phone(phone, "this is solved")
    write(phone, "where is my order")
    on_phone(phone, "walnut serving board")


def test_a_waiting_customer_goes_back_to_the_bot_and_the_desk_sees_it(
    stack: Stack, new_page: Callable[..., Page]
) -> None:
    phone, desk = new_page(), new_page()
    name = f"Mila {stack.backend.name}"
    open_phone(phone, stack, name)
    open_desk(desk, stack)
    write(phone, "I want to talk to a person")
    conversation(desk, name).click(timeout=PATIENCE)
    on_desk(desk, "customer", "I want to talk to a person")
    press(phone, "Stay with the bot")
    on_phone(phone, "assistant again")
    desk.get_by_test_id("floor").filter(has_text="bot answers").wait_for(timeout=PATIENCE)
    assert desk.get_by_test_id("accept").count() == 0
