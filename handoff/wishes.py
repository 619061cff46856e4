"""The handoff that a bot's turn asks for, read from its events: designers say with slots why a person is needed."""

from __future__ import annotations

from typing import Any, Mapping

from handoff import floor, handoffs
from handoff.handoffs import Wish
from handoff.tracker_events import Event


def wish_in(events: list[Event]) -> Wish | None:
    """The handoff that a turn's events ask for: the last word between pause and resume counts."""
    paused = False
    action = ""
    slots: dict[str, Any] = {}
    for event in events:
        if event["event"] == "pause":
            paused = True
        elif event["event"] == "resume":
            paused = False
        elif event["event"] == "action":
            action = event.get("name") or action
        elif event["event"] == "slot":
            slots[event["name"]] = event.get("value")
    return _wish(slots, action) if paused else None


def _wish(slots: Mapping[str, Any], action: str) -> Wish:
    reason = slots.get("handoff_reason")
    known = reason in floor.REASONS
    priority = slots.get("handoff_priority")
    return Wish(
        reason=str(reason) if known else floor.POLICY,
        detail=str(slots.get("handoff_reason_detail") or ("" if known else reason or action)),
        topic=str(slots["handoff_topic"]) if slots.get("handoff_topic") else None,
        priority=priority if priority in handoffs.PRIORITIES else "normal",
        skills=_words(slots.get("handoff_skills")),
    )


def _words(value: Any) -> tuple[str, ...]:
    """A list of words, however a designer's action wrote it: a handoff must not fail because of it."""
    several = value if isinstance(value, list) else [value]
    return tuple(str(word) for word in several if word)
