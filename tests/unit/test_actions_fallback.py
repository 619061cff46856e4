from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.fallback import ActionClarify

DOMAIN = {
    "responses": {
        "utter_reading_track_order": [{"text": "Track an order"}],
        "utter_reading_delivery_options": [{"text": "Delivery times"}],
        "utter_reading_complaint": [{"text": "Make a complaint"}],
        "utter_reading_request_human": [{"text": "Talk to a person"}],
        "utter_greet": [{"text": "Hello"}],
    }
}


async def clarify(*ranking: tuple[str, float]) -> dict[str, Any]:
    latest = {"intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in ranking]}
    dispatcher = CollectingDispatcher()
    await ActionClarify().run(dispatcher, Tracker("ana", {}, latest, [], False, None, {}, None), DOMAIN)
    (message,) = dispatcher.messages
    return message


def payloads(message: dict[str, Any]) -> list[str]:
    return [button["payload"] for button in message["buttons"]]


async def test_the_two_likeliest_readings_and_a_person_are_offered() -> None:
    message = await clarify(("nlu_fallback", 0.55), ("delivery_options", 0.3), ("track_order", 0.4), ("complaint", 0.2))
    assert message["response"] == "utter_clarify"
    assert message["buttons"] == [
        {"title": "Track an order", "payload": "/track_order"},
        {"title": "Delivery times", "payload": "/delivery_options"},
        {"title": "Talk to a person", "payload": "/request_human"},
    ]


async def test_a_reading_without_a_title_is_never_offered() -> None:
    message = await clarify(("inform", 0.5), ("greet", 0.4), ("complaint", 0.1))
    assert payloads(message) == ["/complaint", "/request_human"]


async def test_a_person_among_the_readings_is_offered_once() -> None:
    assert payloads(await clarify(("request_human", 0.5), ("track_order", 0.4))) == ["/track_order", "/request_human"]


async def test_noise_is_not_offered_as_a_reading() -> None:
    message = await clarify(("track_order", 0.04), ("complaint", 0.03))
    assert message["response"] == "utter_clarify_nothing_near"
    assert payloads(message) == ["/request_human"]
