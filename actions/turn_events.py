"""What happened in this turn, read from the tracker's events: the form asks it before it believes a slot."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

Event = dict[str, Any]


def since_message(tracker: Tracker, form: str) -> list[Event]:
    """The events after the customer's latest message, up to the form's own run.

    Rasa appends the slots to validate after an event of the form's run; at a form's start these hold old values too,
    so they say nothing about this message.
    """
    events = tracker.events or []
    start = _index_of_message(events)
    after: list[Event] = list(events[start + 1 :])
    for index in range(len(after) - 1, -1, -1):
        if after[index].get("event") == "action" and after[index].get("name") == form:
            return after[:index]
    return after


def told_now(tracker: Tracker, form: str) -> set[str]:
    """The slots that the customer's latest message has set."""
    return {event["name"] for event in _of_message(tracker, form) if event.get("event") == "slot"}


def starts_now(tracker: Tracker, form: str) -> bool:
    """Whether the form was opened by the latest message."""
    events = since_message(tracker, form)
    return any(event.get("event") == "active_loop" and event.get("name") == form for event in events)


def comes_first(tracker: Tracker, form: str) -> bool:
    """Whether the form is the first to act on the latest message; False when it comes back after an interruption."""
    return not any(event.get("event") == "action" for event in since_message(tracker, form))


def value_before(tracker: Tracker, slot: str) -> Any:
    """What the slot held before the latest message; None when it held nothing."""
    events = tracker.events or []
    for event in reversed(events[: max(_index_of_message(events), 0)]):
        if event.get("event") == "slot" and event.get("name") == slot:
            return event.get("value")
        if event.get("event") in ("session_started", "reset_slots", "restart"):
            return None
    return None


def value_of_interruption(tracker: Tracker, form: str, slot: str) -> Any:
    """What a message that interrupted the form has put into the slot by the way; None when it did not."""
    found = None
    events = since_message(tracker, form)
    for event in events:
        if event.get("event") == "slot" and event.get("name") == slot:
            found = event.get("value")
        if event.get("event") == "action_execution_rejected" and event.get("name") == form:
            return found
    return None


def _of_message(tracker: Tracker, form: str) -> list[Event]:
    """The events that Rasa took from the message itself: those before anything acted on it."""
    events = since_message(tracker, form)
    for index, event in enumerate(events):
        if event.get("event") == "action":
            return events[:index]
    return events


def _index_of_message(events: list[Event]) -> int:
    return next((index for index in range(len(events) - 1, -1, -1) if events[index].get("event") == "user"), -1)
