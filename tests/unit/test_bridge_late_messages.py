"""Messages that WhatsApp delivers days after they were written: a person gets them, and the bot acts on none."""

from __future__ import annotations

from handoff import floor, outbox, protocol, tables
from tests.support.bridge_rig import Rig

pytest_plugins = ["tests.support.bridge_fixtures"]

DAY = 24 * 3600.0


def test_a_message_that_comes_four_days_late_goes_to_a_person_and_the_bot_does_nothing(rig: Rig) -> None:
    conversation_id = rig.receive("cancel order 1047", sent_at=rig.clock.now - 4 * DAY)
    rig.settle(rig.server())
    (handoff,) = rig.rows(tables.handoffs)
    assert (handoff["reason"], handoff["state"]) == (floor.LATE_MESSAGE, floor.QUEUED)
    assert "96 hours" in handoff["reason_detail"]
    assert [line["text"] for line in handoff["context"]["transcript"]] == ["cancel order 1047"]
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    assert not [row for row in rig.rows(tables.outbox) if row["lane"] == outbox.CUSTOMER]


def test_a_late_message_beside_a_newer_one_is_the_bots(rig: Rig) -> None:
    rig.receive("hello", sent_at=rig.clock.now - 4 * DAY)
    rig.receive("hello again")
    rig.settle(rig.server())
    assert not rig.rows(tables.handoffs)
    assert len(rig.channel.accepted) == 2


def test_a_message_that_is_some_hours_late_is_the_bots(rig: Rig) -> None:
    rig.receive("hello", sent_at=rig.clock.now - DAY / 2)
    rig.settle(rig.server())
    assert not rig.rows(tables.handoffs)
    assert len(rig.channel.accepted) == 1


def test_who_has_a_person_already_is_passed_on_to_them(rig: Rig) -> None:
    conversation_id = rig.receive("person please")
    rig.settle(rig.server())
    rig.clock.now += 2 * DAY
    rig.receive("cancel it", sent_at=rig.clock.now - 1.5 * DAY)
    rig.settle(rig.server())
    assert len(rig.rows(tables.handoffs)) == 1
    assert [data["text"] for data in rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)] == ["cancel it"]


def test_the_bot_has_what_came_late_when_it_is_back(rig: Rig) -> None:
    conversation_id = rig.receive("cancel order 1047", sent_at=rig.clock.now - 4 * DAY)
    one = rig.server()
    rig.settle(one)
    (handoff,) = rig.rows(tables.handoffs)
    rig.command(protocol.HANDOFF_RESOLVED, conversation_id, handoff["id"], outcome="solved")
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.BOT
    rig.receive("thanks")
    rig.settle(one)
    assert len(rig.channel.accepted) == 1  # to "thanks": what the bot said on its return had no window
