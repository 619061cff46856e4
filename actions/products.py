"""Questions about the goods: the answer that Rasa's response selector chose, or a list when it is not sure."""

from __future__ import annotations

from typing import Any, Mapping

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.choices import pressed

INTENT = "product_question"
# Below this the selector guesses, and a wrong answer is worse than a list.
LEAST_CONFIDENCE = 0.35


class ActionProductQuestion(Action):
    """Answers. A pressed button asks nothing by itself: then the message before it is the question."""

    def name(self) -> str:
        return "action_product_question"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        topic = pressed(tracker, "product_topic")
        response = f"utter_{INTENT}/{topic}" if topic else selected(question(tracker))
        known = response in domain.get("responses", {})
        dispatcher.utter_message(response=response if known else "utter_ask_product_topic")
        return []


def question(tracker: Tracker) -> Mapping[str, Any]:
    """The parsed message that asked: the latest, or the unclear one that a pressed button gives its reading to."""
    if not str(tracker.latest_message.get("text") or "").startswith("/"):
        return dict(tracker.latest_message)
    parsed = [event.get("parse_data") or {} for event in tracker.events if event.get("event") == "user"]
    before: dict[str, Any] = parsed[-2] if len(parsed) > 1 else {}
    return before if (before.get("intent") or {}).get("name") == "nlu_fallback" else {}


def selected(parsed: Mapping[str, Any]) -> str | None:
    """The response that the selector chose for a parsed message; None when it did not, or is not sure."""
    selectors = parsed.get("response_selector") or {}
    chosen = (selectors.get(INTENT) or selectors.get("default") or {}).get("response") or {}
    if float(chosen.get("confidence") or 0) < LEAST_CONFIDENCE:
        return None
    name = chosen.get("utter_action")
    return None if name is None else str(name)
