"""The desk in a browser, against a real desk and a small bridge."""

from __future__ import annotations

import re
from typing import Any, Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.waiting import wait_until
from tests.unit.desk_support import Api, Bridge, BridgeCalls, DeskProcess, DeskUnderTest, accepts, refuses

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}}
NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def demo_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskUnderTest]:
    expect.set_options(timeout=15_000)  # a busy machine may be slow: what is expected here is never late by itself
    bridge = Bridge()
    process = DeskProcess(tmp_path_factory.mktemp("desk"), bridge.url, BATON_DEMO="1")
    process.start()
    sam, alex = (Api(process.url, process.token(name)) for name in ("sam", "alex"))
    yield DeskUnderTest(process, bridge, BridgeCalls(process.url), sam, alex)
    assert process.stop() == 0
    bridge.close()


@pytest.fixture
def desk(demo_desk: DeskUnderTest) -> Iterator[DeskUnderTest]:
    yield demo_desk
    demo_desk.bridge.answer = accepts


@pytest.fixture
def open_desk(desk: DeskUnderTest, new_page: NewPage) -> Iterator[Callable[..., Page]]:
    """A window of an agent who has signed in; an error in the page's script or policy fails the test."""
    troubles: list[str] = []

    def open_(login: str = "sam", **options: Any) -> Page:
        page = new_page(**options)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if "Content Security" in line.text else None)
        page.goto(desk.process.url)
        page.get_by_test_id("login").fill(login)
        page.get_by_test_id("password").fill("marigold-demo")
        page.get_by_test_id("sign-in").click()
        if options.get("java_script_enabled", True):
            is_live(page)
        return page

    yield open_
    assert not troubles


def is_live(page: Page) -> None:
    expect(page.locator("body[data-live=yes]")).to_be_attached()


def row(page: Page, conversation_id: str) -> Any:
    return page.locator(f"[data-testid=conversation-row][data-conversation-id='{conversation_id}']")


def message(page: Page, text: str) -> Any:
    return page.get_by_test_id("message").filter(has_text=text)


def test_an_agent_takes_answers_and_resolves_without_a_reload(
    desk: DeskUnderTest, open_desk: Callable[..., Page]
) -> None:
    page = open_desk()
    conversation_id = desk.waiting(name="Nadia Okoro", summary="Wants order 10023 before Friday.")
    row(page, conversation_id).click()
    expect(page).to_have_title(re.compile(r"^\(\d+\) Baton desk$"))
    expect(page.get_by_test_id("card-summary")).to_have_text("Wants order 10023 before Friday.")
    expect(page.get_by_test_id("fact").first).to_have_attribute(
        "title", re.compile("Said by the customer: “it is 10023”")
    )
    page.get_by_test_id("accept").click()
    page.get_by_test_id("composer").fill("Hello Nadia")
    page.get_by_test_id("send").click()
    expect(message(page, "Hello Nadia")).to_have_attribute("data-status", "sending")
    expect(page.get_by_test_id("composer")).to_have_value("")
    expect(message(page, "Hello Nadia")).to_have_count(1)
    wait_until("it is stored", lambda: desk.sam.texts(conversation_id, "human"))
    command_id = desk.sam.line(conversation_id, "Hello Nadia")["command_id"]
    for status in ("sent", "delivered", "read"):
        desk.calls.status(conversation_id, command_id, status)
        expect(message(page, "Hello Nadia")).to_have_attribute("data-status", status)
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "Thank you!")
    expect(message(page, "Thank you!")).to_have_attribute("data-author", "customer")
    page.get_by_test_id("resolve-open").click()
    page.get_by_test_id("resolve-outcome").select_option("follow_up")
    page.get_by_test_id("resolve-note").fill("Call on Friday")
    page.get_by_test_id("correct-facts").click()
    page.get_by_test_id("slot-order_number").fill("10024")
    page.get_by_test_id("resolve-submit").click()
    expect(page.get_by_test_id("floor")).to_contain_text("the bot answers")
    expect(page.get_by_test_id("send")).to_have_count(0)
    resolved = desk.commands(conversation_id)[-1]["data"]
    assert (resolved["outcome"], resolved["note"], resolved["slots"]) == (
        "follow_up", "Call on Friday", {"order_number": "10024"},
    )  # fmt: skip


def test_an_answer_that_comes_after_its_button_is_gone_does_not_break_the_page(
    desk: DeskUnderTest, open_desk: Callable[..., Page]
) -> None:
    conversation_id = desk.waiting()
    page = open_desk("sam")
    page.goto(f"{desk.process.url}/conversations/{conversation_id}?view=waiting")
    is_live(page)
    held: list[Route] = []
    page.route("**/accept?*", lambda route: held.append(route))
    page.get_by_test_id("accept").click()
    wait_until("the act is under way", lambda: page.wait_for_timeout(20) or held)
    answer = held[0].fetch()  # the desk has done it, and tells the page so before the answer arrives
    expect(page.get_by_test_id("accept")).to_have_count(0)
    held[0].fulfill(response=answer)
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "Are you there?")
    expect(message(page, "Are you there?")).to_be_visible()
    expect(page.locator("#desk")).to_have_count(1)


def test_what_the_bot_still_asks_for_can_be_given_with_the_resolution(
    desk: DeskUnderTest, open_desk: Callable[..., Page]
) -> None:
    form = {"name": "track_order_form", "missing": ["order_number"], "next": "order_number"}
    conversation_id = desk.accepted(facts=[], form=form)
    page = open_desk("sam")
    page.goto(f"{desk.process.url}/conversations/{conversation_id}?view=mine")
    is_live(page)
    page.get_by_test_id("resolve-open").click()
    page.get_by_test_id("correct-facts").click()
    page.get_by_test_id("slot-order_number").fill("1044")
    page.get_by_test_id("resolve-submit").click()
    expect(page.get_by_test_id("floor")).to_contain_text("the bot answers")
    wait_until("it is resolved", lambda: desk.commands(conversation_id)[-1]["type"] == "handoff.resolved")
    assert desk.commands(conversation_id)[-1]["data"]["slots"] == {"order_number": "1044"}


def test_a_colleague_sees_at_once_that_it_is_taken(desk: DeskUnderTest, open_desk: Callable[..., Page]) -> None:
    conversation_id = desk.waiting()
    sam, alex = open_desk("sam"), open_desk("alex")
    for page in (sam, alex):
        row(page, conversation_id).click()
        expect(page.get_by_test_id("accept")).to_be_visible()
    sam.get_by_test_id("accept").click()
    expect(alex.get_by_test_id("floor")).to_have_text("Sam Rivera has this")
    expect(alex.get_by_test_id("accept")).to_have_count(0)


def test_all_of_it_works_by_keyboard(desk: DeskUnderTest, open_desk: Callable[..., Page]) -> None:
    conversation_id = desk.waiting(priority="urgent", requested_at=1.0)
    page = open_desk()
    expect(row(page, conversation_id)).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(row(page, conversation_id)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("accept")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_test_id("send")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(message(page, "one")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("a note")
    page.keyboard.press("Control+Enter")
    expect(message(page, "a note")).to_have_attribute("data-author", "note")
    assert desk.sam.texts(conversation_id, "human") == ["one\ntwo"]


def test_a_message_that_comes_back_says_why_and_can_be_used_again(
    desk: DeskUnderTest, open_desk: Callable[..., Page]
) -> None:
    conversation_id = desk.accepted()
    page = open_desk()
    page.goto(f"{desk.process.url}/conversations/{conversation_id}?view=mine")
    expect(page.get_by_test_id("send")).to_be_visible()
    wait_for_join(desk, conversation_id)
    desk.bridge.answer = refuses(409, "stale_floor", "The customer went back to the bot.")
    page.get_by_test_id("composer").fill("I found it")
    page.get_by_test_id("composer").press("Enter")
    expect(message(page, "I found it")).to_have_attribute("data-status", "returned")
    expect(message(page, "I found it")).to_contain_text("The customer went back to the bot.")
    page.get_by_text("Put it in the composer").click()
    expect(page.get_by_test_id("composer")).to_have_value("I found it")


def test_a_desk_that_is_away_keeps_the_text_and_sends_it_once(
    desk: DeskUnderTest, open_desk: Callable[..., Page]
) -> None:
    conversation_id = desk.accepted()
    page = open_desk()
    page.goto(f"{desk.process.url}/conversations/{conversation_id}?view=mine")
    page.get_by_test_id("composer").fill("keep me")
    desk.process.kill()
    page.get_by_test_id("composer").press("Enter")
    expect(page.locator("#toast")).to_contain_text("No connection to the desk")
    expect(page.get_by_test_id("composer")).to_have_value("keep me")
    desk.process.start()
    page.get_by_test_id("composer").press("Enter")
    expect(message(page, "keep me")).to_have_count(1)
    expect(page.get_by_test_id("composer")).to_have_value("")
    wait_until("it is stored", lambda: desk.sam.texts(conversation_id, "human"))
    assert desk.sam.texts(conversation_id, "human") == ["keep me"]


def test_news_do_not_disturb_what_is_being_written(desk: DeskUnderTest, open_desk: Callable[..., Page]) -> None:
    conversation_id = desk.accepted()
    page = open_desk()
    page.goto(f"{desk.process.url}/conversations/{conversation_id}?view=mine")
    page.get_by_test_id("resolve-open").click()
    page.get_by_test_id("resolve-note").fill("half a sen")
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "one more thing")
    expect(message(page, "one more thing")).to_be_visible()
    expect(page.get_by_test_id("resolve-note")).to_have_value("half a sen")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_test_id("composer").fill("a draft")
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "and another")
    expect(message(page, "and another")).to_be_visible()
    expect(page.get_by_test_id("composer")).to_have_value("a draft")
    page.goto(desk.process.url)
    page.goto(f"{desk.process.url}/conversations/{conversation_id}?view=mine")
    expect(page.get_by_test_id("composer")).to_have_value("a draft")


def test_who_reads_further_up_stays_there_and_is_told(desk: DeskUnderTest, open_desk: Callable[..., Page]) -> None:
    lines = [{"author": "bot", "text": f"line {n}\n" * 4, "at": 1000.0 + n, "message_id": f"l{n}"} for n in range(30)]
    conversation_id = desk.accepted(transcript=lines)
    page = open_desk()
    page.goto(f"{desk.process.url}/conversations/{conversation_id}?view=mine")
    is_live(page)
    upper = message(page, "line 5")
    upper.scroll_into_view_if_needed()
    before = upper.bounding_box()
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "down here")
    expect(page.locator("#pill")).to_have_text("1 new message")
    after = upper.bounding_box()
    assert before and after and abs(before["y"] - after["y"]) < 2
    page.locator("#pill").click()
    expect(message(page, "down here")).to_be_in_viewport()


def test_a_phone_shows_one_pane_at_a_time(desk: DeskUnderTest, open_desk: Callable[..., Page]) -> None:
    conversation_id = desk.waiting(name="Pia Falk")
    page = open_desk(**PHONE)
    expect(page.locator("#main")).to_be_hidden()
    row(page, conversation_id).click()
    expect(page.get_by_test_id("accept")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    page.get_by_test_id("open-context").click()
    expect(page.get_by_test_id("card-summary")).to_be_visible()
    page.get_by_test_id("back-to-conversation").click()
    page.get_by_test_id("back").click()
    expect(row(page, conversation_id)).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_it_works_without_script(desk: DeskUnderTest, open_desk: Callable[..., Page]) -> None:
    conversation_id = desk.waiting(name="Plain Jane")
    page = open_desk(java_script_enabled=False)
    row(page, conversation_id).click()
    page.get_by_test_id("accept").click()
    page.get_by_test_id("composer").fill("without script")
    page.get_by_test_id("send").click()
    expect(message(page, "without script")).to_have_count(1)
    page.get_by_test_id("return").click()
    expect(page.get_by_test_id("floor")).to_have_text("The bot answers")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_against_its_ground(desk: DeskUnderTest, open_desk: Callable[..., Page], scheme: str) -> None:
    """AA: 4.5 to 1 for every pair of roles that is used as text and ground."""
    page = open_desk(color_scheme=scheme)
    read = "(name) => getComputedStyle(document.documentElement).getPropertyValue(name)"
    grounds = ("surface", "surface-sunken", "surface-raised", "surface-hover", "surface-selected")
    pairs = [(text, ground) for text in ("text", "text-muted", "accent") for ground in grounds]
    pairs += [
        (text, ground)
        for text in ("bot", "human", "customer", "danger", "warning")
        for ground in ("surface", "surface-sunken")
    ]
    pairs += [
        (text, f"{kind}-ground") for kind in ("customer", "bot", "human", "note") for text in ("text", "text-muted")
    ]
    pairs += [("danger", "danger-ground"), ("warning", "warning-ground"), ("on-accent", "accent"), ("note", "surface")]
    for text, ground in pairs:
        colours = [page.evaluate(read, f"--{name}").strip() for name in (text, ground)]
        assert contrast(*colours) >= 4.5, f"{text} {colours[0]} on {ground} {colours[1]}: {contrast(*colours):.2f}"


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours written #rrggbb."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def wait_for_join(desk: DeskUnderTest, conversation_id: str) -> None:
    wait_until("the bridge knows who joined", lambda: desk.commands(conversation_id))
