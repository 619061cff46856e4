from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Mapping

import pytest
from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecuted, ConversationPaused, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.desk import Availability
from actions.handoff import ActionHandoff, ActionHandoffReturn
from actions.unreadable import ActionUnreadableMessage
from handoff.handoff_file import HandoffFile

NOW = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


def said(intent: str) -> EventType:
    return {"event": "user", "text": "...", "parse_data": {"intent": {"name": intent}}}


def tracker(intents: list[str], form: str | None = None, **slots: Any) -> Tracker:
    events = [event for intent in intents for event in (said(intent), ActionExecuted("action_listen"))]
    latest = {"intent": {"name": intents[-1]}} if intents else {}
    return Tracker("ana", slots, latest, events, False, None, {"name": form} if form else {}, None)


async def hand_off(tracker: Tracker) -> tuple[list[EventType], list[dict[str, Any]]]:
    async def silent(_wanted: Mapping[str, str]) -> Availability | None:
        return None

    dispatcher = CollectingDispatcher()
    action = ActionHandoff(silent, HandoffFile, lambda: NOW)
    return await action.run(dispatcher, tracker, {}), dispatcher.messages


def slots_in(events: list[EventType]) -> dict[str, Any]:
    return {event["name"]: event["value"] for event in events if event["event"] == "slot"}


@pytest.mark.parametrize(
    ("intents", "form", "slots", "reason", "topic"),
    [
        (["return_item", "inform", "affirm"], None, {"order_number": "1062"}, "customer_request", "returns"),
        (["account_problem", "affirm"], None, {}, "customer_request", "account"),
        (["payment_problem", "request_human"], "payment_problem_form", {}, "customer_request", "payments"),
        (["request_human"], None, {}, "customer_request", None),
        (["greet", "request_human"], None, {"order_number": "1042"}, "customer_request", "orders"),
        (["track_order", "request_human"], "track_order_form", {}, "customer_request", "orders"),
        (["track_order", "inform", "affirm"], None, {"order_misses": 3.0}, "form_gave_up", "orders"),
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
    ("outcome", "responses"),
    [
        ("solved", ["utter_back_solved", "utter_anything_else"]),
        ("unsolved", ["utter_back_unsolved"]),
        ("follow_up", ["utter_back_follow_up"]),
        ("cancelled", ["utter_back_cancelled", "utter_what_can_i_do"]),
        ("expired", ["utter_handoff_expired"]),
        ("with_bot", ["utter_with_bot_already", "utter_what_can_i_do"]),
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
