"""Time goes by between two messages: everything that is stored about the conversation is moved into the past."""

from __future__ import annotations

import pytest

from tests.support.records import Records
from tests.support.stack import Stack

MINUTE, DAY = 60.0, 86_400.0
PATIENCE = 40


@pytest.mark.parametrize("away", [61 * MINUTE, 3 * DAY], ids=["61 minutes", "3 days"])
def test_a_customer_who_answers_the_agent_late_still_reaches_the_agent(stack: Stack, away: float) -> None:
    ana, sam, records = stack.phone("Ana"), stack.agent("sam"), Records(stack)
    ana.send("where is order 1042 bs1 4dj")
    ana.wait_for("Order 1042", PATIENCE)
    ana.send("i want to talk to a person please")
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    ana.wait_for_reply(PATIENCE)
    sam.accept(conversation_id)
    sam.say(conversation_id, "What is wrong with it?")
    ana.wait_for("What is wrong", PATIENCE)
    events = len(records.events(conversation_id))
    records.age(conversation_id, away)

    ana.send("where is my order, the blue teapot?")  # the bot would know an answer
    sam.wait_for_text(conversation_id, "blue teapot?", PATIENCE)
    sam.say(conversation_id, "I will send another one.")
    ana.wait_for("another one", PATIENCE)
    since = records.events(conversation_id)[events:]
    assert [event["event"] for event in since] == ["user", "agent"], "no session start, no slots, no action"
    assert records.conversation_of(ana)["owner"] == "human"
    assert len([message for message in ana.received() if "Order 1042" in message["text"]]) == 1

    sam.resolve(conversation_id, note="sent again", slots={"order_number": "1043"})
    assert "Sam" in ana.wait_for("assistant again", PATIENCE)["text"]
    ana.send("how long does delivery take")
    ana.wait_for("working days", PATIENCE)


def test_a_customer_who_comes_back_to_the_bot_after_an_hour_starts_anew_and_is_asked_which_order(stack: Stack) -> None:
    ana, sam, records = stack.phone("Ana"), stack.agent("sam"), Records(stack)
    ana.send("i want to talk to a person please")
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    sam.accept(conversation_id)
    sam.resolve(conversation_id, note="it is order 1043", slots={"order_number": "1043"})
    ana.wait_for("assistant again", PATIENCE)
    before = len(records.events(conversation_id, "session_started"))
    records.age(conversation_id, 61 * MINUTE)
    ana.send("where is my order")
    ana.wait_for("your order number", PATIENCE)
    assert len(records.events(conversation_id, "session_started")) == before + 1


def test_a_form_is_not_forgotten_when_the_person_takes_an_hour(stack: Stack) -> None:
    ana, sam, records = stack.phone("Ana"), stack.agent("sam"), Records(stack)
    ana.send("where is my order")
    ana.wait_for("order number", PATIENCE)
    ana.send("i want to talk to a person please")
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    sam.accept(conversation_id)
    records.age(conversation_id, 61 * MINUTE)
    sam.resolve(conversation_id, note="she has it in her mail")
    back = ana.wait_for("assistant again", PATIENCE)["text"]
    assert "order number" in back
    ana.send("1042 bs1 4dj")
    ana.wait_for("Order 1042", PATIENCE)
