"""A message of a type that the bot cannot read: a voice note, a picture, a place on the map."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.handoff import go_on

_KINDS = {
    "audio": "voice messages",
    "contacts": "contact cards",
    "document": "documents",
    "image": "pictures",
    "location": "places on a map",
    "reaction": "reactions",
    "sticker": "stickers",
    "video": "videos",
    "voice": "voice messages",
}


class ActionUnreadableMessage(Action):
    """Run by the bridge: says what the bot can read, offers a person, and goes on where the conversation was."""

    def name(self) -> str:
        return "action_unreadable_message"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        kind = _KINDS.get(str(tracker.get_slot("unreadable_kind")), "this kind of message")
        dispatcher.utter_message(response="utter_unreadable", kind=kind)
        return [go_on(tracker)]
