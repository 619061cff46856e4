"""News and offers: out at one word, in at one word. Answers to what the customer writes are not news.

The slot ``opted_out`` tells the bridge, which keeps it with the conversation: the next session forgets the slot.
"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher


class ActionStopMessages(Action):
    """The customer wants no news. Said once, with the way back, and not asked about: it is their right."""

    def name(self) -> str:
        return "action_stop_messages"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        dispatcher.utter_message(response="utter_messages_stopped")
        return [SlotSet("opted_out", True)]


class ActionStartMessages(Action):
    """The customer wants news again."""

    def name(self) -> str:
        return "action_start_messages"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        dispatcher.utter_message(response="utter_messages_started")
        return [SlotSet("opted_out", False)]
