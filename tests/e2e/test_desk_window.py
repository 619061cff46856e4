"""The 24 hours, templates and quotes on the desk, in a browser."""

from __future__ import annotations

import re
import time
from typing import Any, Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.waiting import wait_until
from tests.unit.desk_support import Api, Bridge, BridgeCalls, DeskProcess, DeskUnderTest, accepts
from tests.unit.test_desk_templates import ORDER, READY

pytestmark = pytest.mark.browser

NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def running_with_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskUnderTest]:
    expect.set_options(timeout=15_000)
    bridge = Bridge()
    bridge.templates = [READY, ORDER]
    ready = "answer_ready/en_GB"
    process = DeskProcess(tmp_path_factory.mktemp("desk"), bridge.url, BATON_DEMO="1", ANSWER_READY_TEMPLATE=ready)
    process.start()
    sam, alex = (Api(process.url, process.token(name)) for name in ("sam", "alex"))
    yield DeskUnderTest(process, bridge, BridgeCalls(process.url), sam, alex)
    assert process.stop() == 0
    bridge.close()


@pytest.fixture
def desk(running_with_templates: DeskUnderTest) -> DeskUnderTest:
    running_with_templates.bridge.answer = accepts
    return running_with_templates


@pytest.fixture
def page(desk: DeskUnderTest, new_page: NewPage) -> Iterator[Page]:
    """Sam's window; an error in the page's script or policy fails the test."""
    troubles: list[str] = []
    page = new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
    page.goto(desk.process.url)
    page.get_by_test_id("login").fill("sam")
    page.get_by_test_id("password").fill("marigold-demo")
    page.get_by_test_id("sign-in").click()
    expect(page.locator("body[data-live=yes]")).to_be_attached()
    yield page
    assert not troubles


def sent(desk: DeskUnderTest, conversation_id: str) -> dict[str, Any]:
    """What the desk told the bridge to send to this customer."""

    def look() -> dict[str, Any] | None:
        mine = [one for one in desk.bridge.of_type("agent.message") if one["conversation_id"] == conversation_id]
        return dict(mine[-1]["data"]) if mine else None

    found = wait_until("the bridge has the message", look)
    assert found is not None
    return found


def open_conversation(desk: DeskUnderTest, page: Page, **context: Any) -> str:
    conversation_id = desk.accepted(**context)
    page.goto(f"{desk.process.url}/conversations/{conversation_id}")
    return conversation_id


def test_the_agent_sees_how_long_they_may_still_answer(desk: DeskUnderTest, page: Page) -> None:
    open_conversation(desk, page, window_ends_at=time.time() + 45 * 60)
    expect(page.get_by_test_id("window")).to_have_text(re.compile(r"^\s*4[23] min left"))
    expect(page.get_by_test_id("window")).to_have_class(re.compile("warning"))


def test_a_draft_becomes_the_answer_that_is_ready(desk: DeskUnderTest, page: Page) -> None:
    conversation_id = open_conversation(desk, page, name="Nadia Okoro", window_ends_at=time.time() - 60)
    expect(page.get_by_test_id("window")).to_have_text(re.compile("Template only"))
    page.get_by_test_id("composer").fill("Your parcel is found.\nIt comes tomorrow.")
    page.get_by_text("How it reads").click()
    expect(page.get_by_test_id("preview").first).to_contain_text("It comes tomorrow.")
    page.get_by_test_id("answer-ready").click()
    expect(page.get_by_test_id("message").filter(has_text="It comes tomorrow.")).to_be_visible()
    template = sent(desk, conversation_id)["template"]
    assert template["name"] == "answer_ready"
    assert "\n" not in str(template["parameters"]) and "It comes tomorrow." in str(template["parameters"])


def test_a_template_is_found_filled_in_and_sent(desk: DeskUnderTest, page: Page) -> None:
    conversation_id = open_conversation(desk, page, window_ends_at=time.time() - 60)
    page.get_by_test_id("picker-open").click()
    page.get_by_test_id("picker-search").fill("order_update")
    expect(page.get_by_test_id("template-choice").filter(visible=True)).to_have_count(1)
    page.get_by_test_id("template-choice").filter(visible=True).click()
    page.locator("[data-key=header]").fill("https://example.com/a.jpg")
    page.locator("[data-key=order]").fill("1042")
    expect(page.get_by_test_id("preview")).to_contain_text("Order 1042 is ready.")
    page.locator("[data-key='button.0']").fill("1042")
    page.get_by_test_id("send-template").click()
    expect(page.get_by_test_id("message").filter(has_text="Order 1042 is ready.")).to_be_visible()
    assert sent(desk, conversation_id)["template"]["name"] == "order_update"


def test_an_agent_replies_to_one_message_and_everybody_sees_to_which(desk: DeskUnderTest, page: Page) -> None:
    conversation_id = desk.accepted(window_ends_at=time.time() + 3600 * 20)
    message_id = f"wamid.{conversation_id}"
    handoff_id = f"handoff-{conversation_id}"
    desk.calls.say(conversation_id, handoff_id, "is it the blue one?", message_id=message_id)
    page.goto(f"{desk.process.url}/conversations/{conversation_id}")
    asked = page.get_by_test_id("message").filter(has_text="is it the blue one?")
    asked.hover()
    asked.get_by_test_id("reply-to").click()
    page.get_by_test_id("composer").fill("Yes, it is.")
    page.get_by_test_id("send").click()
    answer = page.get_by_test_id("message").filter(has_text="Yes, it is.")
    expect(answer.get_by_test_id("quoted")).to_contain_text("is it the blue one?")
    assert sent(desk, conversation_id)["reply_to"] == message_id
