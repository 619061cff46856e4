"""Commands on their way to the bridge: in order, once, through kills and failures, and visibly when refused."""

from __future__ import annotations

import random
import threading
import time
from typing import Any, Mapping
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import refusals, words
from handoff.desk.commands import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, pause_before
from handoff.desk.courier import read_answer
from handoff.desk.database import Database
from handoff.desk.tables import conversations
from tests.support.waiting import wait_until
from tests.unit.desk_support import DeskUnderTest, accepts, refuses


def texts_at_bridge(desk: DeskUnderTest, conversation_id: str) -> list[str]:
    return [each["data"]["text"] for each in desk.commands(conversation_id) if each["type"] == protocol.AGENT_MESSAGE]


def test_what_an_agent_does_reaches_the_bridge_in_order(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    for number in range(10):
        assert desk.sam.post(conversation_id, "messages", {"text": f"line {number}"}).status_code == 202
    desk.sam.post(conversation_id, "resolve", {"outcome": "solved", "note": "done", "slots": {"order_number": "7"}})
    wait_until("the bridge has all", lambda: len(desk.commands(conversation_id)) == 12)
    sent = desk.commands(conversation_id)
    assert [each["type"] for each in sent] == ["agent.joined", *["agent.message"] * 10, "handoff.resolved"]
    assert texts_at_bridge(desk, conversation_id) == [f"line {number}" for number in range(10)]
    agent = {"id": sent[0]["data"]["agent"]["id"], "name": "Sam Rivera"}
    assert all(each["data"]["agent"] == agent for each in sent)
    assert all(each["handoff_id"] == f"handoff-{conversation_id}" and each["epoch"] == 1 for each in sent)
    resolved = {"agent": agent, "outcome": "solved", "note": "done", "slots": {"order_number": "7"}}
    assert sent[-1]["data"] == {**resolved, "seen_seq": sent[-1]["data"]["seen_seq"]}


def test_closing_tells_the_bridge_what_the_agent_could_see(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    handoff_id = f"handoff-{conversation_id}"
    desk.calls.say(conversation_id, handoff_id, "it is blue")
    shown = desk.calls.seq
    desk.calls.status(conversation_id, "some-command", "read")
    desk.sam.post(conversation_id, "resolve", {"outcome": "solved"})
    wait_until("the bridge knows", lambda: len(desk.commands(conversation_id)) == 2)
    assert desk.commands(conversation_id)[-1]["data"]["seen_seq"] == shown


@pytest.mark.parametrize("act", [("resolve", {"outcome": "solved", "note": "done"}), ("return", {"note": "done"})])
@pytest.mark.parametrize("comes", ["before the refusal", "after it"])
def test_a_customer_who_wrote_before_it_was_closed_is_still_with_the_same_agent(
    comes: str, act: tuple[str, Mapping[str, Any]], desk: DeskUnderTest
) -> None:
    conversation_id = desk.accepted()
    handoff_id = f"handoff-{conversation_id}"
    wait_until("joined", lambda: len(desk.commands(conversation_id)) == 1)
    pressed, go_on = threading.Event(), threading.Event()

    def refused(command: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        if command["conversation_id"] != conversation_id:
            return accepts(command)
        pressed.set()
        go_on.wait(10)
        return refuses(409, protocol.NEWER_MESSAGE, "The customer wrote again.")(command)

    desk.bridge.answer = refused
    desk.sam.post(conversation_id, *act)
    assert pressed.wait(10)
    if comes == "before the refusal":
        desk.calls.say(conversation_id, handoff_id, "one more thing")
    go_on.set()
    wait_until("it is open again", lambda: desk.sam.get(conversation_id)["state"] == words.ACTIVE)
    if comes == "after it":
        desk.calls.say(conversation_id, handoff_id, "one more thing")
    desk.bridge.answer = accepts
    shown = desk.sam.get(conversation_id)
    assert shown["owner"]["name"] == "Sam Rivera" and shown["waiting_since"] and shown["unread"] == 1
    assert any(
        "Ana Lima wrote again before this was closed" in text for text in desk.sam.texts(conversation_id, "system")
    )
    assert desk.sam.post(conversation_id, "messages", {"text": "Of course"}).status_code == 202
    desk.sam.post(conversation_id, "resolve", {"outcome": "solved"})
    wait_until("the bridge has it", lambda: len(desk.commands(conversation_id)) == 3)
    assert desk.commands(conversation_id)[-1]["data"]["seen_seq"] == desk.calls.seq


def test_a_desk_that_is_told_of_a_newer_message_after_a_later_handoff_came_leaves_that_alone(
    database: Database,
) -> None:
    """Nothing that the bridge does leads there; the answer of another agent channel's bridge might."""
    command = {"conversation_id": "c1", "handoff_id": "h1", "data": {"agent": {"id": "a1", "name": "Sam"}}}

    def work(connection: Connection) -> str:
        values = {"id": "c1", "state": words.QUEUED, "handoff_id": "h2", "last_at": 1.0}
        connection.execute(conversations.insert().values(**values))
        refusals.show(connection, command, protocol.NEWER_MESSAGE, "why", 2.0)
        return str(connection.execute(select(conversations.c.state)).scalar())

    assert database.write_now(work) == words.QUEUED


def test_giving_back_is_a_resolve_that_says_unsolved(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    answer = desk.sam.post(conversation_id, "return", {"note": "the bot can do this"})
    assert answer.json()["state"] == words.WITH_BOT
    wait_until("the bridge knows", lambda: len(desk.commands(conversation_id)) == 2)
    resolved = desk.commands(conversation_id)[-1]
    assert resolved["type"] == protocol.HANDOFF_RESOLVED
    assert (resolved["data"]["outcome"], resolved["data"]["note"]) == ("unsolved", "the bot can do this")


def test_a_transfer_names_who_has_it_now(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    assert desk.sam.post(conversation_id, "transfer", {"to": "Alex Kim", "reason": "knows returns"}).status_code == 200
    assert desk.sam.post(conversation_id, "messages", {"text": "x"}).json()["error"]["code"] == "taken"
    assert desk.alex.post(conversation_id, "messages", {"text": "Alex here"}).status_code == 202
    assert desk.alex.post(conversation_id, "transfer", {"to": None}).json()["state"] == words.QUEUED
    wait_until("the bridge has all", lambda: len(desk.commands(conversation_id)) == 4)
    transfers = [
        each["data"] for each in desk.commands(conversation_id) if each["type"] == protocol.HANDOFF_TRANSFERRED
    ]
    assert [each["to"] and each["to"]["name"] for each in transfers] == ["Alex Kim", None]
    assert transfers[0]["reason"] == "knows returns"


def test_a_bridge_that_fails_is_asked_again_and_the_order_holds(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    failures = iter([True, True, True])

    def sometimes(command: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        if command["conversation_id"] == conversation_id and next(failures, False):
            return 500, {}
        return accepts(command)

    desk.bridge.answer = sometimes
    desk.sam.post(conversation_id, "messages", {"text": "first"})
    desk.sam.post(conversation_id, "messages", {"text": "second"})
    wait_until("both arrived", lambda: len(texts_at_bridge(desk, conversation_id)) == 2)
    assert texts_at_bridge(desk, conversation_id) == ["first", "second"]


def test_one_conversation_that_is_stuck_does_not_hold_up_another(desk: DeskUnderTest) -> None:
    stuck, free = desk.accepted(), desk.accepted()

    def answer(command: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        return (503, {}) if command["conversation_id"] == stuck else accepts(command)

    desk.bridge.answer = answer
    desk.sam.post(stuck, "messages", {"text": "waits"})
    desk.sam.post(free, "messages", {"text": "goes"})
    wait_until("the other arrived", lambda: texts_at_bridge(desk, free) == ["goes"])
    assert desk.sam.line(stuck, "waits")["status"] == words.SENDING
    desk.bridge.answer = accepts
    wait_until("it goes once it can", lambda: texts_at_bridge(desk, stuck) == ["waits"])


def test_a_text_for_a_floor_that_changed_comes_back_with_the_reason(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    wait_until("joined", lambda: len(desk.commands(conversation_id)) == 1)
    desk.bridge.answer = refuses(409, "stale_floor", "The customer went back to the bot.")
    desk.sam.post(conversation_id, "messages", {"text": "too late"})
    wait_until("it came back", lambda: desk.sam.line(conversation_id, "too late")["status"] == words.RETURNED)
    assert desk.sam.line(conversation_id, "too late")["error"] == "The customer went back to the bot."
    calls = len([each for each in desk.bridge.calls if each["conversation_id"] == conversation_id])
    desk.bridge.answer = accepts
    desk.sam.post(conversation_id, "messages", {"text": "next"})
    wait_until("the next goes", lambda: texts_at_bridge(desk, conversation_id) == ["next"])
    after = [each for each in desk.bridge.calls if each["conversation_id"] == conversation_id]
    assert len(after) == calls + 1  # the returned one was not asked again


def test_what_the_bridge_can_never_take_is_a_visible_dead_letter(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted()
    wait_until("joined", lambda: len(desk.commands(conversation_id)) == 1)
    desk.bridge.answer = refuses(400, "malformed", "No such field.")
    desk.sam.post(conversation_id, "messages", {"text": "odd"})
    desk.sam.post(conversation_id, "resolve", {"outcome": "solved"})
    wait_until("it failed", lambda: desk.sam.line(conversation_id, "odd")["status"] == words.FAILED)
    wait_until(
        "the resolve too", lambda: any("No such field" in text for text in desk.sam.texts(conversation_id, "system"))
    )


def test_the_same_key_is_the_same_message(desk: DeskUnderTest) -> None:
    conversation_id, key = desk.accepted(), uuid4().hex
    answers = []

    def press() -> None:
        answers.append(desk.sam.post(conversation_id, "messages", {"text": "once"}, **{"Idempotency-Key": key}).json())

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["command_id"] for answer in answers}) == 1
    wait_until("it arrived", lambda: texts_at_bridge(desk, conversation_id) == ["once"])
    assert desk.sam.texts(conversation_id, words.HUMAN) == ["once"]


@pytest.mark.chaos
def test_killing_the_desk_at_random_moments_loses_nothing_and_repeats_nothing(desk: DeskUnderTest) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)

    def slowly(command: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        time.sleep(chance.uniform(0, 0.05))  # the kill falls into every part of an exchange
        return accepts(command)

    desk.bridge.answer = slowly
    conversation_ids = [desk.accepted() for _ in range(3)]
    events = {each: 0 for each in conversation_ids}
    for round_ in range(4):
        killer = threading.Timer(chance.uniform(0.05, 0.4), desk.process.kill)
        killer.start()
        for number in range(15):
            for conversation_id in conversation_ids:
                _persist(desk, conversation_id, f"{round_}.{number}", events, killer)
        killer.join()
    expected = [f"{round_}.{number}" for round_ in range(4) for number in range(15)]
    for conversation_id in conversation_ids:
        _wait_for(desk, conversation_id, len(expected))
        assert texts_at_bridge(desk, conversation_id) == expected
        assert desk.sam.texts(conversation_id, words.HUMAN) == expected
        assert [text for text in desk.sam.texts(conversation_id, words.CUSTOMER) if "." in text] == expected


def _wait_for(desk: DeskUnderTest, conversation_id: str, count: int) -> None:
    wait_until(f"all of {conversation_id}", lambda: len(texts_at_bridge(desk, conversation_id)) >= count, 60)


def _persist(desk: DeskUnderTest, conversation_id: str, text: str, events: dict[str, int], killer: Any) -> None:
    """Both sides do what they do when a desk dies: the bridge sends the same event again, the agent presses again."""
    data = {"message_id": f"{conversation_id}-{text}", "kind": "text", "text": text, "sent_at": time.time()}
    event_id = f"event-{conversation_id}-{text}"
    handoff_id = f"handoff-{conversation_id}"
    steps = (
        lambda: desk.calls.send(protocol.CUSTOMER_MESSAGE, conversation_id, handoff_id, data, event_id),
        lambda: desk.sam.post(conversation_id, "messages", {"text": text}, **{"Idempotency-Key": event_id}),
    )
    for step in steps:
        while True:
            try:
                if step().status_code in (200, 202):
                    break
            except httpx.HTTPError:
                killer.join()
                desk.process.start()


def test_pauses_grow_with_jitter_and_end_at_half_a_minute() -> None:
    chance = random.Random(7)
    pauses = [pause_before(attempt, chance) for attempt in range(2, 40)]
    assert FIRST_PAUSE_SECONDS / 2 <= pauses[0] <= FIRST_PAUSE_SECONDS
    assert max(pauses) <= LONGEST_PAUSE_SECONDS
    assert min(pauses[10:]) >= LONGEST_PAUSE_SECONDS / 2
    assert len({round(pause, 6) for pause in pauses[10:]}) > 10


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, b'{"status":"ok","message_id":"o1"}', words.DONE),
        (409, b'{"error":{"code":"stale_floor","message":"gone"}}', words.REFUSED),
        (400, b'{"error":{"code":"malformed","message":"x"}}', words.DEAD),
        (404, b'{"error":{"code":"unknown_conversation","message":"x"}}', words.DEAD),
        (404, b"<h1>Not found</h1>", words.WAITING),
        (401, b'{"error":{"code":"bad_signature","message":"x"}}', words.WAITING),
        (429, b'{"error":{"code":"slow_down","message":"x"}}', words.WAITING),
        (500, b"", words.WAITING),
        (503, b'{"error":{"code":"unavailable","message":"x"}}', words.WAITING),
    ],
)
def test_only_an_answer_in_the_protocols_words_ends_a_command(status: int, body: bytes, state: str) -> None:
    assert read_answer(status, body).state == state
