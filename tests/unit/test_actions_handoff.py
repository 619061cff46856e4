from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecuted, ConversationPaused, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.desk import Availability
from actions.handoff import ActionHandoff, ActionHandoffReturn, announcement
from actions.unreadable import ActionUnreadableMessage

TODAY = date(2026, 3, 2)


def said(intent: str) -> EventType:
    return {"event": "user", "text": "...", "parse_data": {"intent": {"name": intent}}}


def tracker(intents: list[str], form: str | None = None, **slots: Any) -> Tracker:
    events = [event for intent in intents for event in (said(intent), ActionExecuted("action_listen"))]
    latest = {"intent": {"name": intents[-1]}} if intents else {}
    return Tracker("ana", slots, latest, events, False, None, {"name": form} if form else {}, None)


async def hand_off(tracker: Tracker) -> tuple[list[EventType], list[dict[str, Any]]]:
    async def silent() -> Availability | None:
        return None

    dispatcher = CollectingDispatcher()
    return await ActionHandoff(silent).run(dispatcher, tracker, {}), dispatcher.messages


def slots_in(events: list[EventType]) -> dict[str, Any]:
    return {event["name"]: event["value"] for event in events if event["event"] == "slot"}


@pytest.mark.parametrize(
    ("intents", "form", "slots", "reason", "topic"),
    [
        (["request_human"], None, {}, "customer_request", None),
        (["greet", "request_human"], None, {"order_number": "1042"}, "customer_request", "order"),
        (["track_order", "request_human"], "track_order_form", {}, "customer_request", "order"),
        (["track_order", "inform", "affirm"], None, {"order_misses": 3.0}, "form_gave_up", "order"),
        (["complaint", "affirm"], None, {}, "customer_request", "complaint"),
        (["complaint", "affirm"], None, {"order_number": "1042"}, "customer_request", "complaint"),
        (["complaint", "greet", "request_human"], None, {}, "customer_request", None),
        (["nlu_fallback", "nlu_fallback"], None, {}, "fallback", None),
    ],
)
async def test_a_handoff_says_why_and_about_what(
    intents: list[str], form: str | None, slots: dict[str, Any], reason: str, topic: str | None
) -> None:
    events, _ = await hand_off(tracker(intents, form, **slots))
    assert slots_in(events) == {"handoff_reason": reason, "handoff_topic": topic}


async def test_the_pause_is_the_last_event_and_the_form_stays_active() -> None:
    events, messages = await hand_off(tracker(["request_human"], "track_order_form"))
    assert events[-1] == ConversationPaused()
    assert not [event for event in events if event["event"] in ("active_loop", "followup")]
    assert [message["response"] for message in messages] == ["utter_handoff_requested"]


@pytest.mark.parametrize(
    ("desk", "response", "values"),
    [
        (None, "utter_handoff_requested", {}),
        (Availability(True, 2), "utter_handoff_requested", {}),
        (Availability(True, 2, None, 30), "utter_handoff_requested_wait", {"wait": "a minute"}),
        (Availability(True, 2, None, 61), "utter_handoff_requested_wait", {"wait": "2 minutes"}),
        (Availability(True, 2, None, 9000), "utter_handoff_requested_wait", {"wait": "an hour or more"}),
        (Availability(True, 0), "utter_handoff_requested_closed", {"opening": ""}),
        (
            Availability(False, 0, "2026-03-03T09:00:00+00:00"),
            "utter_handoff_requested_closed",
            {"opening": " (we are back tomorrow at 9:00)"},
        ),
        (Availability(False, 0, "soon"), "utter_handoff_requested_closed", {"opening": ""}),
    ],
)
def test_what_is_promised_depends_on_the_desk(desk: Availability | None, response: str, values: dict[str, str]) -> None:
    assert announcement(desk, TODAY) == (response, values)


@pytest.mark.parametrize(
    ("outcome", "responses"),
    [
        ("solved", ["utter_back_solved", "utter_anything_else"]),
        ("unsolved", ["utter_back_unsolved"]),
        ("follow_up", ["utter_back_follow_up"]),
        ("cancelled", ["utter_back_cancelled", "utter_what_can_i_do"]),
        ("expired", ["utter_handoff_expired"]),
        (None, ["utter_back", "utter_what_can_i_do"]),
        ("something new", ["utter_back", "utter_what_can_i_do"]),
    ],
)
async def test_the_bot_comes_back_knowing_the_outcome(outcome: str | None, responses: list[str]) -> None:
    dispatcher = CollectingDispatcher()
    back = tracker(["request_human"], handoff_outcome=outcome, handoff_agent="Bea")
    events = await ActionHandoffReturn().run(dispatcher, back, {})
    assert [message["response"] for message in dispatcher.messages] == responses
    assert dispatcher.messages[0]["agent"] == "Bea"
    assert events == [SlotSet("order_misses", 0), FollowupAction("action_listen")]


async def test_an_interrupted_form_goes_on_when_the_bot_is_back() -> None:
    back = tracker(["request_human"], "track_order_form", handoff_outcome="solved")
    dispatcher = CollectingDispatcher()
    events = await ActionHandoffReturn().run(dispatcher, back, {})
    assert events[-1] == FollowupAction("track_order_form")
    assert [message["response"] for message in dispatcher.messages] == ["utter_back_solved", "utter_back_form_goes_on"]


@pytest.mark.parametrize(("form", "next_action"), [(None, "action_listen"), ("track_order_form", "track_order_form")])
async def test_what_the_bot_cannot_read_is_said_and_the_conversation_goes_on(
    form: str | None, next_action: str
) -> None:
    dispatcher = CollectingDispatcher()
    events = await ActionUnreadableMessage().run(dispatcher, tracker(["greet"], form, unreadable_kind="image"), {})
    assert [(message["response"], message["kind"]) for message in dispatcher.messages] == [
        ("utter_unreadable", "pictures")
    ]
    assert events == [FollowupAction(next_action)]
