"""A customer who writes while an agent closes the conversation, on real processes."""

from __future__ import annotations

import time

import pytest
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import acts, people
from handoff.desk.database import Database
from tests.support.phone import Phone
from tests.support.records import Records
from tests.support.stack import Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.chaos

PATIENCE = 60


def press_resolve(stack: Stack, conversation_id: str) -> None:
    """What the desk's page does, at the moment before its process dies: the act is kept, nothing is sent yet."""
    database = Database(stack.environ.get("DESK_DATABASE_URL") or f"sqlite:///{stack.var / 'desk.db'}")

    def work(connection: Connection) -> None:
        sam = people.find_agent(connection, "sam")
        assert sam is not None
        acts.resolve(connection, conversation_id, sam, "solved", "all done", {}, time.time())

    database.write_now(work)
    database.close()


def wait_until_passed_on(records: Records, phone: Phone, text: str) -> None:
    conversation_id = records.conversation_of(phone)["id"]

    def look() -> bool:
        passed = [row for row in records.outbox(conversation_id) if row["kind"] == protocol.CUSTOMER_MESSAGE]
        return any(row["payload"]["text"] == text for row in passed)

    wait_until(f"the bridge passes '{text}' on", look, PATIENCE)


def test_who_writes_before_the_conversation_is_closed_is_answered_by_the_same_agent(stack: Stack) -> None:
    ana, sam, records = stack.phone("Ana"), stack.agent("sam"), Records(stack)
    ana.send("i want to talk to a person please")
    conversation_id = sam.wait_for_conversation(ana, timeout=PATIENCE)
    sam.accept(conversation_id)
    sam.say(conversation_id, "It is on its way.")
    ana.wait_for("on its way", PATIENCE)
    stack.kill("desk")
    press_resolve(stack, conversation_id)
    ana.send("wait, one more thing")
    wait_until_passed_on(records, ana, "wait, one more thing")
    stack.processes["desk"].start()
    stack.wait_ready("desk")
    sam.wait_for_text(conversation_id, "wrote again before this was closed", PATIENCE)
    sam.wait_for_text(conversation_id, "one more thing", PATIENCE)
    assert sam.conversation(conversation_id)["state"] == "active"
    sam.say(conversation_id, "Of course, what is it?")
    ana.wait_for("what is it", PATIENCE)
    sam.resolve(conversation_id)
    ana.wait_for("assistant again", PATIENCE)
    assert [row["state"] for row in records.handoffs(conversation_id)] == ["resolved"]
