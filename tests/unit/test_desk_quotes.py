"""An agent replies to one message: it is quoted in the composer, in the transcript, and on the phone."""

from __future__ import annotations

import re
from typing import Any, Iterator

import httpx
import pytest

from tests.support.waiting import wait_until
from tests.unit.desk_support import Api, Bridge, BridgeCalls, DeskProcess, DeskUnderTest


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskUnderTest]:
    bridge = Bridge()
    process = DeskProcess(tmp_path_factory.mktemp("desk"), bridge.url, BATON_DEMO="1")
    process.start()
    sam, alex = (Api(process.url, process.token(name)) for name in ("sam", "alex"))
    yield DeskUnderTest(process, bridge, BridgeCalls(process.url), sam, alex)
    assert process.stop() == 0
    bridge.close()


@pytest.fixture
def browser(desk: DeskUnderTest) -> Iterator[httpx.Client]:
    """A browser without a script, signed in as Sam."""
    with httpx.Client(base_url=desk.process.url, follow_redirects=True, timeout=20) as client:
        form = {"login": "sam", "password": "marigold-demo", "csrf": token(client.get("/sign-in"))}
        client.post("/sign-in", data=form)
        yield client


def token(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    return found.group(1) if found else ""


def sent(desk: DeskUnderTest, conversation_id: str) -> dict[str, Any]:
    def found() -> list[Any]:
        return [each for each in desk.commands(conversation_id) if each["type"] == "agent.message"]

    wait_until("the command arrives", found)
    return dict(found()[-1]["data"])


def test_a_reply_quotes_the_message_everywhere(desk: DeskUnderTest, browser: httpx.Client) -> None:
    conversation_id = desk.accepted()
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "Is it the red one?", message_id="wamid.red")
    address = f"/conversations/{conversation_id}"
    links = re.findall(r'href="([^"]+)#composer-text"[^>]*aria-label="Reply to: ([^"]+)"', browser.get(address).text)
    assert [label for _, label in links] == ["Where is my order?", "Is it the red one?"]
    chosen = browser.get(links[1][0].replace("&amp;", "&"))
    line = re.search(r'name="reply_to" id="reply-to" value="(\d+)"', chosen.text)
    assert line is not None and 'id="quoting-text">Is it the red one?<' in chosen.text
    form = {"csrf": token(chosen), "key": "q1", "mode": "reply", "text": "Yes", "reply_to": line.group(1)}
    page = browser.post(f"{address}/say", data=form)
    assert sent(desk, conversation_id)["reply_to"] == "wamid.red"
    assert desk.sam.line(conversation_id, "Yes")["quoted"]["text"] == "Is it the red one?"
    assert re.search(r'data-testid="quoted">.*?Is it the red one\?', page.text)
    assert 'id="reply-to" value=""' in page.text


def test_a_message_of_another_conversation_or_one_of_ours_is_not_quoted(
    desk: DeskUnderTest, browser: httpx.Client
) -> None:
    first, second = desk.accepted(), desk.accepted()
    page = browser.get(f"/conversations/{first}").text
    other = re.search(r"reply_to=(\d+)", page)
    assert other is not None and page.count('data-testid="reply-to"') == 1
    form = {"csrf": token(browser.get("/")), "key": "q2", "mode": "reply", "text": "Yes", "reply_to": other.group(1)}
    browser.post(f"/conversations/{second}/say", data=form)
    assert "reply_to" not in sent(desk, second)


def test_who_does_not_have_the_conversation_cannot_reply(desk: DeskUnderTest, browser: httpx.Client) -> None:
    assert 'data-testid="reply-to"' not in browser.get(f"/conversations/{desk.waiting()}").text
