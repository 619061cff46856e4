"""What was not understood: the likeliest readings as buttons. (A second time in a row: data/rules/fallback.yml.)"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

READINGS_OFFERED = 2
_READING = "utter_reading_"
_PERSON = "request_human"
# Below this a reading is noise: offering it would show the customer that the bot guesses.
LEAST_CONFIDENCE = 0.1


class ActionClarify(Action):
    """Asks back with the two likeliest readings, and a person, as buttons."""

    def name(self) -> str:
        return "action_clarify"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        titles = reading_titles(domain)
        readings = likeliest_readings(tracker.latest_message.get("intent_ranking") or [], titles)
        offered = [name for name in readings if name != _PERSON] + [_PERSON]
        dispatcher.utter_message(
            response="utter_clarify" if len(offered) > 1 else "utter_clarify_nothing_near",
            buttons=[{"title": titles[name], "payload": f"/{name}"} for name in offered if name in titles],
        )
        return []


def reading_titles(domain: dict[str, Any]) -> dict[str, str]:
    """Intent -> title of its button, from the ``utter_reading_<intent>`` responses of the domain."""
    return {
        name[len(_READING) :]: variations[0]["text"]
        for name, variations in domain.get("responses", {}).items()
        if name.startswith(_READING) and variations
    }


def likeliest_readings(ranking: list[dict[str, Any]], titles: dict[str, str]) -> list[str]:
    """The names of the likeliest intents that have a title, best first, at most `READINGS_OFFERED`."""
    near = [
        str(reading["name"])
        for reading in sorted(ranking, key=lambda reading: -float(reading["confidence"]))
        if reading["name"] in titles and float(reading["confidence"]) >= LEAST_CONFIDENCE
    ]
    return near[:READINGS_OFFERED]
