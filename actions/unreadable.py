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
    "form": "forms",
    "image": "pictures",
    "location": "places on a map",
    "order": "orders from the catalogue",
    "sticker": "stickers",
    "video": "videos",
    "voice": "voice messages",
}


# What is special about this one, rather than its kind.
_RESPONSES = {"noted_file": "utter_file_noted", "lost": "utter_message_lost", "edit": "utter_edit_unknown"}


class ActionUnreadableMessage(Action):
    """Run by the bridge: says what the bot can read, offers a person, and goes on where the conversation was. A file
    that the active form takes is thanked for."""

    def name(self) -> str:
        return "action_unreadable_message"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        kind = str(tracker.get_slot("unreadable_kind"))
        if kind in _RESPONSES:
            dispatcher.utter_message(response=_RESPONSES[kind])
        else:
            dispatcher.utter_message(response="utter_unreadable", kind=_KINDS.get(kind, "this kind of message"))
        return [go_on(tracker)]
