"""The main job in two windows of a real browser: the customer's phone beside the agent's desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest

from handoff.services import DEMO_LOGIN
from tests.support.stack import Stack

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

PATIENCE = 30_000  # milliseconds; the machine may be busy


def open_phone(page: Page, stack: Stack, name: str) -> None:
    """Open the phone page, and add a customer of this name to it, whose phone is then shown."""
    page.goto(stack.url("simulator"))
    page.get_by_test_id("add-customer").click()
    page.get_by_test_id("customer-name").fill(name)
    page.get_by_test_id("save-customer").click()
    page.get_by_test_id("customer-row").filter(has_text=name).wait_for()


def write(page: Page, text: str) -> None:
    """Type a message on the phone, and send it."""
    page.get_by_test_id("message-input").fill(text)
    page.get_by_test_id("send").click()


def on_phone(page: Page, text: str) -> Locator:
    """Wait for a message with this text on the phone."""
    bubble = page.get_by_test_id("bubble").filter(has_text=text).last
    bubble.wait_for(timeout=PATIENCE)
    return bubble


def open_desk(page: Page, stack: Stack) -> None:
    login, password = DEMO_LOGIN
    page.goto(stack.url("desk"))
    page.get_by_test_id("login").fill(login)
    page.get_by_test_id("password").fill(password)
    page.get_by_test_id("sign-in").click()


def on_desk(page: Page, author: str, text: str) -> Locator:
    """Wait for a message by this author in the transcript, without a reload."""
    line = page.get_by_test_id("message").and_(page.locator(f"[data-author={author}]")).filter(has_text=text).last
    line.wait_for(timeout=PATIENCE)
    return line


def test_a_customer_tracks_an_order_gets_a_person_and_the_bot_goes_on(
    stack: Stack, new_page: Callable[..., Page]
) -> None:
    phone, desk = new_page(), new_page()
    name = f"Nia {stack.backend.name}"
    open_phone(phone, stack, name)
    open_desk(desk, stack)

    write(phone, "hello")
    on_phone(phone, "Marigold")
    write(phone, "where is my order 1042, bs1 4dj?")
    on_phone(phone, "RM104277310GB")
    write(phone, "I want to talk to a person")

    desk.get_by_test_id("conversation-row").filter(has_text=name).click(timeout=PATIENCE)
    desk.get_by_test_id("accept").click(timeout=PATIENCE)
    on_desk(desk, "customer", "where is my order 1042, bs1 4dj?")
    on_desk(desk, "bot", "RM104277310GB")
    assert "1042" in desk.get_by_test_id("card").inner_text()

    desk.get_by_test_id("composer").fill("Sam here. It comes tomorrow before noon.")
    desk.get_by_test_id("send").click()
    on_phone(phone, "It comes tomorrow before noon.")
    write(phone, "thank you Sam")
    on_desk(desk, "customer", "thank you Sam")

    desk.get_by_test_id("resolve-open").click()
    desk.get_by_test_id("resolve-note").fill("Told them that it comes tomorrow.")
    before = phone.get_by_test_id("bubble").count()
    desk.get_by_test_id("resolve-submit").click()
    phone.get_by_test_id("bubble").nth(before).wait_for(timeout=PATIENCE)  # the bot says that it is back
    write(phone, "are you a bot")
    on_phone(phone, "automatic assistant")
