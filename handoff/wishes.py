"""What a bot's turn asks of the bridge, read from its events: a handoff (slots say why), an end of unasked messages."""

from __future__ import annotations

from typing import Any, Mapping

from handoff import floor, handoffs
from handoff.criteria import Criterion
from handoff.handoffs import Wish
from handoff.tracker_events import Event

OPTED_OUT = "opted_out"  # the slot by which the bot says so; what lasts is the conversation's column


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


def wish_for_failure(criterion: Criterion | None, error: str) -> Wish:
    """The handoff that the bridge asks for when the bot has failed; the criterion about `bot_failure`, if handoff.yml
    has one, says what kind of person."""
    if criterion is None:
        return Wish(floor.BOT_FAILURE, error, priority="high")
    return Wish(floor.BOT_FAILURE, error, criterion.topic, criterion.priority, criterion.skills)


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


def opt_out_in(events: list[Event]) -> bool | None:
    """Whether these events say that the customer wants no unasked messages (or wants them again); None: neither."""
    said = [event.get("value") for event in events if event["event"] == "slot" and event.get("name") == OPTED_OUT]
    return bool(said[-1]) if said and said[-1] is not None else None
