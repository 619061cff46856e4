"""Waiting for a person, at the bridge: what is told once, what may be chosen, when a wait was in vain, and a bot that
answers meanwhile."""

from __future__ import annotations

import json
from datetime import datetime, time, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handoff import floor, inbox, protocol, tables
from handoff.hours import Hours, Span
from handoff.waiting import EXPIRES_AFTER_SECONDS, LEAVE_MESSAGE, STAY_WITH_BOT, Patience
from tests.support.bridge_rig import Rig, Server

pytest_plugins = ["tests.support.bridge_fixtures"]

OFFICE = Hours("Europe/London", (*([(Span(time(9), time(18)),)] * 5), (Span(time(10), time(14)),), ()))
FRIDAY_EVENING = datetime(2025, 11, 28, 19, 0, tzinfo=timezone.utc)
MONDAY = datetime(2025, 12, 1, 8, 0, tzinfo=timezone.utc)
HOUR = 3600.0


def said(rig: Rig) -> list[str]:
    return [text for _, text in rig.channel.accepted]


def press(rig: Rig, one: Server, payload: str, title: str = "Leave a message") -> None:
    rig.receive(title, payload=payload, kind="button")
    rig.settle(one)


def shown(rig: Rig, conversation_id: str) -> list[tuple[str, str]]:
    return [(data["author"], data["text"]) for data in rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)]


def story(rig: Rig, conversation_id: str) -> list[str]:
    events = [json.loads(row["data"]) for row in rig.rows(tables.events, sender_id=conversation_id)]
    return [event.get("text") or event["event"] for event in events if event["event"] in ("user", "pause", "resume")]


def wait(rig: Rig, one: Server, seconds: float) -> None:
    rig.clock.now += seconds
    one.sweep()
    rig.settle(one)


# --- too long


def waiting(rig: Rig, text: str = "person please", **patience: Any) -> tuple[str, Server]:
    rig.patience = Patience(**patience)
    one = rig.server()
    conversation_id = rig.receive(text)
    rig.settle(one)
    rig.channel.accepted.clear()
    return conversation_id, one


def test_who_waits_for_too_long_is_offered_to_leave_a_message_once(rig: Rig) -> None:
    conversation_id, one = waiting(rig, too_long_seconds=300.0)
    wait(rig, one, 299 - (rig.clock.now - rig.rows(tables.handoffs)[0]["requested_at"]))
    assert not said(rig)
    for _ in range(3):
        wait(rig, one, 200)
    assert said(rig) == ["utter_waiting_too_long "]
    assert shown(rig, conversation_id) == [("bot", "utter_waiting_too_long ")]
    press(rig, one, STAY_WITH_BOT, "Stay")
    assert rig.row(conversation_id)["owner"] == floor.BOT
    assert story(rig, conversation_id)[-3:] == ["pause", "Stay", "resume"]


def test_who_has_a_person_is_offered_nothing(rig: Rig) -> None:
    conversation_id, one = waiting(rig)
    rig.command(protocol.AGENT_JOINED, conversation_id, rig.row(conversation_id)["handoff_id"])
    wait(rig, one, 3 * 24 * HOUR)
    rig.receive("are you there?")
    rig.settle(one)
    assert not said(rig)


def test_who_is_put_back_into_the_queue_waits_from_then_on(rig: Rig) -> None:
    conversation_id, one = waiting(rig, too_long_seconds=300.0)
    handoff_id = rig.row(conversation_id)["handoff_id"]
    rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id)
    wait(rig, one, HOUR)
    rig.command(protocol.HANDOFF_TRANSFERRED, conversation_id, handoff_id, to=None)
    wait(rig, one, 200)
    assert not said(rig)
    wait(rig, one, 200)
    assert said(rig) == ["utter_waiting_too_long "]


def test_a_message_that_is_left_is_kept_and_the_customer_is_told_once_when_it_will_be_read(rig: Rig) -> None:
    rig.clock.now = FRIDAY_EVENING.timestamp()
    conversation_id, one = waiting(rig, "person, closed", hours=OFFICE)
    press(rig, one, LEAVE_MESSAGE)
    assert said(rig) == ["utter_leave_message"]
    for text in ("my teapot came broken", "order 1042"):
        rig.receive(text)
        rig.settle(one)
    assert said(rig)[1:] == ["utter_message_kept_until_opening tomorrow at 10:00"]
    assert rig.rows(tables.handoffs)[0]["state"] == floor.QUEUED
    assert [text for author, text in shown(rig, conversation_id) if author == "customer"] == [
        "Leave a message", "my teapot came broken", "order 1042",
    ]  # fmt: skip
    wait(rig, one, 600)
    assert len(said(rig)) == 2, "the offer is not made again"


def test_who_writes_without_pressing_the_button_is_told_as_well(rig: Rig) -> None:
    _, one = waiting(rig, "person, closed")
    rig.receive("my teapot came broken")
    rig.settle(one)
    assert said(rig) == ["utter_message_kept"]


def test_who_waits_in_the_ordinary_way_is_not_told_anything_more(rig: Rig) -> None:
    _, one = waiting(rig)
    rig.receive("my teapot came broken")
    rig.settle(one)
    assert not said(rig)


def test_who_still_waits_when_the_desk_closes_hears_when_it_opens(rig: Rig) -> None:
    rig.clock.now = FRIDAY_EVENING.timestamp() - 1.05 * HOUR
    _, one = waiting(rig, hours=OFFICE, too_long_seconds=600.0)
    wait(rig, one, 900)
    assert said(rig) == ["utter_waiting_closed tomorrow at 10:00"]


# --- in vain


def test_nobodys_wait_ends_over_a_weekend(rig: Rig) -> None:
    rig.clock.now = FRIDAY_EVENING.timestamp()
    conversation_id, one = waiting(rig, hours=OFFICE)
    rig.clock.now = MONDAY.timestamp()
    one.sweep()
    assert rig.rows(tables.handoffs)[0]["state"] == floor.QUEUED
    rig.clock.now = MONDAY.timestamp() + 6 * HOUR  # four hours of Saturday, five of Monday
    one.sweep()
    assert rig.rows(tables.handoffs)[0]["state"] == floor.EXPIRED
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.BOT


@pytest.mark.parametrize("zone", ["Europe/London", "Pacific/Auckland", "America/St_Johns"])
def test_the_cutoff_is_a_day_and_a_days_work_ago(zone: str) -> None:
    patience = Patience(Hours(zone, OFFICE.week))
    for hours in range(24 * 21):
        now = FRIDAY_EVENING.timestamp() + hours * HOUR
        cutoff = patience.expiry_cutoff(now)
        assert now - cutoff >= EXPIRES_AFTER_SECONDS
        opened = sum(patience.is_open(cutoff + minutes * 60) for minutes in range(0, int(now - cutoff) // 60, 15)) / 4
        assert 8 <= opened <= 10.5, opened  # a day's hours are nine: one that waits 24 h may have seen a bit more
        assert cutoff >= patience.expiry_cutoff(now - HOUR), "time does not go back"


def test_a_desk_that_never_opens_does_not_keep_a_handoff_for_ever() -> None:
    never = Patience(Hours("UTC", ((),) * 7))
    assert never.expiry_cutoff(MONDAY.timestamp()) == pytest.approx(MONDAY.timestamp() - 30 * 24 * HOUR, abs=901)
    assert never.opening(MONDAY.timestamp()) == ""


def test_a_desk_that_is_always_open_waits_a_day() -> None:
    assert Patience().expiry_cutoff(1e9) == 1e9 - EXPIRES_AFTER_SECONDS
    assert Patience().is_open(1e9)


def test_the_next_opening_is_told_on_the_desks_own_clock() -> None:
    patience = Patience(OFFICE)
    assert patience.opening(FRIDAY_EVENING.timestamp()) == "tomorrow at 10:00"
    assert patience.opening(FRIDAY_EVENING.timestamp() + 24 * HOUR) == "on Monday 1 December at 9:00"
    assert patience.opening(MONDAY.timestamp()) == "today at 9:00"
    summer = datetime(2025, 7, 7, 7, 30, tzinfo=ZoneInfo("Europe/London"))
    assert patience.opening(summer.timestamp()) == "today at 9:00"


# --- the bot answers meanwhile


@pytest.fixture
def beside(rig: Rig) -> tuple[str, str, Server]:
    """A customer who waits, and a bot that goes on answering."""
    conversation_id, one = waiting(rig, bot_answers=True)
    return conversation_id, rig.row(conversation_id)["handoff_id"], one


def test_the_bot_answers_until_a_person_comes_and_the_desk_sees_it_all(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    assert (rig.row(conversation_id)["owner"], rig.row(conversation_id)["epoch"]) == (floor.BOT, 0)
    assert rig.rows(tables.handoffs)[0]["state"] == floor.QUEUED
    rig.receive("where is it?")
    rig.settle(one)
    assert said(rig) == ["re:wamid.in.2"]
    assert shown(rig, conversation_id) == [("customer", "where is it?"), ("bot", "re:wamid.in.2")]
    assert story(rig, conversation_id) == ["person please", "pause", "resume", "where is it?"]
    assert rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id).status == 200
    stands = floor.of(rig.row(conversation_id))
    assert (stands.owner, stands.handoff_id, stands.epoch) == (floor.HUMAN, handoff_id, 1)
    rig.receive("thank you")
    rig.settle(one)
    assert len(said(rig)) == 1
    assert story(rig, conversation_id)[-2:] == ["pause", "thank you"]
    rig.resolve(conversation_id)
    rig.settle(one)
    rig.receive("and another thing")
    rig.settle(one)
    (*_, last) = rig.rows(tables.inbox)
    assert said(rig)[-1] == f"re:{last['message_id']}"


def test_a_turn_of_the_bot_that_ends_after_a_person_came_is_not_heard(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    rig.receive("where is it?")
    turn = one.turns(conversation_id)
    for _ in range(4):
        turn.step()
    assert not turn.ended
    rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id)
    turn.run()
    rig.settle(one)
    assert not said(rig)
    assert shown(rig, conversation_id) == [("customer", "where is it?")]


def test_a_person_who_writes_at_once_has_the_floor(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    assert rig.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, text="I am here").status == 200
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.HUMAN and said(rig) == ["*Sam:*\nI am here"]


@pytest.mark.parametrize("data", [{"text": ""}, {"text": "hello", "agent": {"id": "a1"}}])
def test_a_command_that_is_refused_does_not_take_the_floor(data: dict[str, Any], rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, _ = beside
    assert rig.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, **data).status == 400
    assert floor.of(rig.row(conversation_id)).waits(handoff_id)
    assert story(rig, conversation_id)[-1] == "resume"


def test_typing_alone_does_not_take_the_floor(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, _ = beside
    assert rig.command(protocol.AGENT_TYPING, conversation_id, handoff_id).status == 200
    assert rig.row(conversation_id)["owner"] == floor.BOT


def test_the_customer_may_call_it_off(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    press(rig, one, STAY_WITH_BOT, "Stay")
    stands = floor.of(rig.row(conversation_id))
    assert (stands.owner, stands.handoff_id, stands.epoch) == (floor.BOT, None, 0)
    assert rig.told(conversation_id, protocol.HANDOFF_CANCELLED)[0]["by"] == "customer"
    assert said(rig) == [f"re:returned:{handoff_id}"]
    assert rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id).status == 409


def test_the_customer_may_leave_a_message_which_the_bot_does_not_answer(rig: Rig, beside: Any) -> None:
    conversation_id, _, one = beside
    wait(rig, one, 400)
    press(rig, one, LEAVE_MESSAGE)
    rig.receive("my teapot came broken")
    rig.settle(one)
    assert said(rig) == ["utter_waiting_too_long ", "utter_leave_message", "utter_message_kept"]
    assert rig.row(conversation_id)["owner"] == floor.HUMAN


def test_asking_for_a_person_again_asks_for_no_second_one(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    rig.receive("person please")
    rig.settle(one)
    assert floor.of(rig.row(conversation_id)).waits(handoff_id)
    assert len(rig.rows(tables.handoffs)) == 1
    rig.receive("hello?")
    rig.settle(one)
    assert said(rig) == ["re:wamid.in.2", "re:wamid.in.3"]


def test_a_bot_that_fails_while_the_customer_waits_leaves_them_to_the_person(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    rig.receive("broken")
    rig.settle(one)
    assert floor.of(rig.row(conversation_id)).held_by(handoff_id)
    assert said(rig) == ["utter_bot_failure"]
    assert shown(rig, conversation_id) == [("customer", "broken"), ("bot", "utter_bot_failure")]


def test_a_colleague_on_the_phone_takes_the_floor_of_the_same_handoff(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    rig.accept(rig.inbound("I have you, Ana", echo=True))
    rig.settle(one)
    assert floor.of(rig.row(conversation_id)).held_by(handoff_id)
    assert rig.rows(tables.handoffs)[0]["state"] == floor.ACTIVE
    assert shown(rig, conversation_id) == [("human", "I have you, Ana")]


def test_a_wait_beside_the_bot_ends_as_well(rig: Rig, beside: Any) -> None:
    conversation_id, handoff_id, one = beside
    wait(rig, one, 20 * HOUR)
    rig.receive("still nobody?")
    wait(rig, one, 5 * HOUR)
    assert rig.rows(tables.handoffs)[0]["state"] == floor.EXPIRED
    assert floor.of(rig.row(conversation_id)) == floor.Floor(floor.BOT, None, 0)
    assert said(rig)[-1] == f"re:returned:{handoff_id}"
    assert rig.rows(tables.inbox)[-1]["kind"] == inbox.RETURNED


def test_each_step_of_a_wait_beside_the_bot_is_in_the_log(rig: Rig, beside: Any) -> None:
    conversation_id, _, _ = beside
    rig.resolve(conversation_id)
    lines = [(line["kind"], line["owner_after"], line["epoch"]) for line in rig.rows(tables.event_log)]
    assert lines == [("handoff.waits", "bot", 0), ("floor.changed", "human", 1), ("floor.changed", "bot", 2)]
