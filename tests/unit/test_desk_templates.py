"""Templates on the desk: what the picker shows when the 24 hours are over, and what is sent."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Iterator

import httpx
import pytest

from handoff.desk import template_shelf
from handoff.desk.template_acts import KIND
from handoff.settings import TemplateName
from tests.support.waiting import wait_until
from tests.unit.desk_support import Api, Bridge, BridgeCalls, DeskProcess, DeskUnderTest, accepts

READY: dict[str, Any] = {
    "name": "answer_ready", "language": "en_GB", "category": "UTILITY", "named": False, "header": "",
    "body": "Hello {{1}}, about your case: {{2}} Reply to go on.", "footer": "Marigold", "buttons": [],
    "fields": [{"key": "1", "kind": "text", "name": "1", "example": "Ana"},
               {"key": "2", "kind": "text", "name": "2", "example": "it is solved"}],
}  # fmt: skip
ORDER: dict[str, Any] = {
    "name": "order_update", "language": "en_GB", "category": "UTILITY", "named": True, "header": "[image]",
    "body": "Order {{order}} is ready.", "footer": "", "buttons": [{"type": "URL", "text": "Track it"}],
    "fields": [{"key": "header", "kind": "image", "name": "image", "example": ""},
               {"key": "order", "kind": "text", "name": "order", "example": "1042"},
               {"key": "button.0", "kind": "url", "name": "Track it", "example": ""}],
}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskUnderTest]:
    bridge = Bridge()
    folder: Path = tmp_path_factory.mktemp("desk")
    process = DeskProcess(folder, bridge.url, BATON_DEMO="1", ANSWER_READY_TEMPLATE="answer_ready/en_GB")
    process.start()
    sam, alex = (Api(process.url, process.token(name)) for name in ("sam", "alex"))
    yield DeskUnderTest(process, bridge, BridgeCalls(process.url), sam, alex)
    assert process.stop() == 0
    bridge.close()
    assert "Traceback" not in process.log(), process.log()


@pytest.fixture
def desk(running: DeskUnderTest) -> DeskUnderTest:
    running.bridge.answer = accepts
    running.bridge.templates, running.bridge.templates_answer = [READY, ORDER], None
    return running


@pytest.fixture
def browser(desk: DeskUnderTest) -> Iterator[httpx.Client]:
    """A browser without a script, signed in as Sam."""
    with httpx.Client(base_url=desk.process.url, follow_redirects=True, timeout=20) as client:
        client.post(
            "/sign-in", data={"login": "sam", "password": "marigold-demo", "csrf": token(client.get("/sign-in"))}
        )
        yield client


def token(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    return found.group(1) if found else ""


def closed(desk: DeskUnderTest, **more: Any) -> str:
    return desk.accepted(window_ends_at=time.time() - 60, **more)


def post(browser: httpx.Client, conversation_id: str, act: str, **fields: str) -> httpx.Response:
    page = browser.get(f"/conversations/{conversation_id}")
    return browser.post(
        f"/conversations/{conversation_id}/{act}",
        data={"csrf": token(page), "key": f"{conversation_id}-{act}", **fields},
    )


def sent(desk: DeskUnderTest, conversation_id: str) -> dict[str, Any]:
    def found() -> list[Any]:
        return [each for each in desk.commands(conversation_id) if each["type"] == "agent.message"]

    wait_until("the command arrives", found)
    return dict(found()[0]["data"])


def test_the_composer_becomes_a_picker_when_the_window_is_closed(desk: DeskUnderTest, browser: httpx.Client) -> None:
    page = browser.get(f"/conversations/{closed(desk)}")
    assert 'data-testid="send"' not in page.text and "The 24 hours are over" in page.text
    assert page.text.count('data-testid="template-choice"') == 2 and "Order {{order}} is ready." in page.text
    assert 'data-testid="send"' in browser.get(f"/conversations/{desk.accepted()}").text


def test_a_chosen_template_is_filled_in_and_sent(desk: DeskUnderTest, browser: httpx.Client) -> None:
    conversation_id = closed(desk)
    page = browser.get(f"/conversations/{conversation_id}", params={"template": "order_update/en_GB"})
    assert page.text.count('data-testid="template-field"') == 3
    fields = {"p.header": "https://example.com/a.jpg", "p.order": "1042", "p.button.0": "42"}
    post(browser, conversation_id, "template", template="order_update/en_GB", **fields)
    parameters = {"header": "https://example.com/a.jpg", "order": "1042", "button.0": "42"}
    assert sent(desk, conversation_id)["template"] == {
        "name": "order_update", "language": "en_GB", "parameters": parameters,
    }  # fmt: skip
    assert desk.sam.line(conversation_id, "[image]\nOrder 1042 is ready.")["kind"] == KIND


def test_an_empty_gap_is_said_and_nothing_is_sent(desk: DeskUnderTest, browser: httpx.Client) -> None:
    conversation_id = closed(desk)
    page = post(browser, conversation_id, "template", template="order_update/en_GB", **{"p.order": "1042"})
    assert page.status_code == 400 and "Fill in every gap first: image, Track it." in page.text
    assert 'value="1042"' in page.text
    assert not desk.sam.texts(conversation_id, "human")


def test_a_draft_becomes_the_answer_in_the_template_that_says_there_is_one(
    desk: DeskUnderTest, browser: httpx.Client
) -> None:
    conversation_id = closed(desk, name="Nadia Okoro")
    draft = "Your parcel is found.\n\nIt comes\ttomorrow."
    post(browser, conversation_id, "answer-ready", text=draft)
    assert sent(desk, conversation_id)["template"]["parameters"] == {"1": "Nadia Okoro", "2": draft.strip()}
    read_as = "Hello Nadia Okoro, about your case: Your parcel is found. It comes tomorrow. Reply to go on.\nMarigold"
    assert desk.sam.texts(conversation_id, "human") == [read_as]


def test_a_template_that_failed_is_sent_again_as_a_template(desk: DeskUnderTest, browser: httpx.Client) -> None:
    conversation_id = closed(desk)
    post(browser, conversation_id, "answer-ready", text="It is solved.")
    first = sent(desk, conversation_id)
    (line,) = [each for each in desk.sam.get(conversation_id)["transcript"] if each["author"] == "human"]
    desk.calls.status(conversation_id, line["command_id"], "failed", {"code": "131026", "message": "Not reached."})
    page = browser.get(f"/conversations/{conversation_id}")
    found = re.search(r'name="line" value="(\d+)"', page.text)
    assert found is not None
    post(browser, conversation_id, "retry", line=found.group(1))
    wait_until("it is sent again", lambda: len(desk.commands(conversation_id)) == 3)
    assert desk.commands(conversation_id)[-1]["data"]["template"] == first["template"]


def test_a_list_that_does_not_come_is_said(desk: DeskUnderTest, browser: httpx.Client) -> None:
    error = {"error": {"code": "templates_unavailable", "message": "WhatsApp was down for a moment."}}
    desk.bridge.templates_answer = (502, error)
    page = browser.get(f"/conversations/{closed(desk)}")
    assert page.status_code == 200 and "WhatsApp was down for a moment." in page.text
    desk.bridge.templates_answer = (200, {"templates": []})
    assert "no approved templates" in browser.get(f"/conversations/{closed(desk)}").text


def test_a_template_that_is_not_approved_any_more_is_not_sent(desk: DeskUnderTest, browser: httpx.Client) -> None:
    conversation_id = closed(desk)
    desk.bridge.templates = [ORDER]
    page = post(browser, conversation_id, "answer-ready", text="It is solved.")
    assert page.status_code == 409 and "not approved" in page.text
    assert not desk.sam.texts(conversation_id, "human")


def test_the_answer_goes_into_the_last_gap() -> None:
    assert template_shelf.ready_values(READY, "Done.", "Ana") == {"1": "Ana", "2": "Done."}
    assert template_shelf.find([READY], TemplateName("answer_ready", "en")) is None


def told(desk: DeskUnderTest, command_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        return next((dict(one["data"]) for one in desk.bridge.commands if one["id"] == command_id), None)

    found = wait_until("the bridge has the command", look)
    assert found is not None
    return found


def test_a_script_sends_a_template_by_its_name_once(desk: DeskUnderTest) -> None:
    conversation_id = closed(desk)
    given = {"name": "answer_ready", "language": "en_GB", "parameters": {"1": "Ana", "2": "it is solved"}}
    sent = [
        desk.sam.client.post(
            f"/conversations/{conversation_id}/messages", json={"template": given}, headers={"Idempotency-Key": "k"}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [202, 202]
    assert sent[0].json() == sent[1].json()
    assert told(desk, sent[0].json()["command_id"])["template"] == given


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"name": "unheard_of", "language": "en"}, 409, "unknown_template"),
        ({"name": "answer_ready", "language": "en_GB", "parameters": {"1": "Ana"}}, 400, "empty"),
        ({"name": "answer_ready", "language": "en_GB", "parameters": ["Ana"]}, 400, "wrong_field"),
        ({"language": "en_GB"}, 400, "wrong_field"),
        ("answer_ready", 400, "wrong_field"),
    ],
)
def test_a_script_hears_what_is_wrong_with_its_template(
    desk: DeskUnderTest, given: Any, status: int, code: str
) -> None:
    answer = desk.sam.client.post(f"/conversations/{closed(desk)}/messages", json={"template": given})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_script_replies_to_one_message_of_this_conversation(desk: DeskUnderTest) -> None:
    conversation_id, other = (desk.accepted(window_ends_at=time.time() + 3600) for _ in range(2))
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "is it blue?", message_id="wamid.asked")
    path = f"/conversations/{conversation_id}/messages"
    answer = desk.sam.client.post(path, json={"text": "Yes", "reply_to": "wamid.asked"})
    assert answer.status_code == 202
    assert told(desk, answer.json()["command_id"])["reply_to"] == "wamid.asked"
    elsewhere = f"/conversations/{other}/messages"
    for address, message_id in ((elsewhere, "wamid.asked"), (path, "wamid.unheard")):
        refused = desk.sam.client.post(address, json={"text": "Yes", "reply_to": message_id})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "unknown_message")
