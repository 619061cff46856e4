"""Nobody is left without an answer: the desk is down when a person is asked for, or an action always fails."""

from __future__ import annotations

import time

import pytest

from tests.support.faults import LONG
from tests.support.records import Records
from tests.support.stack import Stack

pytestmark = pytest.mark.chaos

ASK_FOR_A_PERSON = "i want to talk to a person please"
PATIENCE = 60


def test_who_asks_for_a_person_while_the_desk_is_down_is_told_and_gets_one_later(stack: Stack) -> None:
    ana, sam, records = stack.phone("Ana"), stack.agent("sam"), Records(stack)
    stack.kill("desk")
    started = time.monotonic()
    ana.send(ASK_FOR_A_PERSON)
    assert "take over" in ana.wait_for_reply(PATIENCE)["text"]
    ana.send("it is about the broken teapot")
    if not LONG:  # most of the half minute is let pass in the books
        records.age(records.conversation_of(ana)["id"], 25)
        started -= 25
    ana.wait_for("could not reach a colleague", PATIENCE)
    waited = time.monotonic() - started
    print(f"told after {waited:.1f} s")
    assert 30 <= waited < 45
    stack.processes["desk"].start()
    stack.wait_ready("desk")
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE + 60)
    sam.wait_for_text(conversation_id, "broken teapot", PATIENCE)
    sam.accept(conversation_id)
    sam.say(conversation_id, "Here I am.")
    ana.wait_for("Here I am", PATIENCE)
    told = [message for message in ana.received() if "could not reach" in message["text"]]
    assert len(told) == 1


def test_a_message_whose_action_always_fails_goes_to_a_person(stack: Stack) -> None:
    ana, sam, records = stack.phone("Ana"), stack.agent("sam"), Records(stack)
    stack.kill("actions")
    started = time.monotonic()
    message_id = ana.send("where is order 1042 bs1 4dj")
    later = ana.send("and is it insured")
    assert "colleague will take over" in ana.wait_for_reply(PATIENCE + 30)["text"]
    print(f"parked after {time.monotonic() - started:.1f} s")
    row = records.wait_done(message_id)
    assert (row["status"], row["attempts"]) == ("parked", 5)
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    whole = sam.conversation(conversation_id)
    assert (whole["context"]["reason"], whole["context"]["priority"]) == ("bot_failure", "high")
    assert [line["text"] for line in whole["transcript"] if line["message_id"] == message_id] == [
        "where is order 1042 bs1 4dj"
    ]
    sam.wait_for_text(conversation_id, "insured", PATIENCE)
    assert records.wait_done(later)["status"] == "done"
    stack.processes["actions"].start()
    stack.wait_ready("actions")
    sam.accept(conversation_id)
    sam.resolve(conversation_id, note="looked it up")
    assert "assistant again" in ana.wait_for("assistant again", PATIENCE)["text"]
    ana.send("where is order 1042 bs1 4dj")
    ana.wait_for("Order 1042", PATIENCE)


def test_an_action_server_that_is_away_for_a_moment_only_delays(stack: Stack) -> None:
    ana = stack.phone("Ana")
    stack.kill("actions")
    ana.send("where is order 1042 bs1 4dj")
    stack.processes["actions"].start()
    stack.wait_ready("actions")
    ana.wait_for("Order 1042", PATIENCE)
    assert len(ana.received()) == 1
