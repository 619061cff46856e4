"""Conversations as Rasa's events, for tests of criteria and of what they explain."""

from __future__ import annotations

from typing import Any

from handoff.criteria import Criterion, Looked, decide
from handoff.criteria_explain import as_event
from handoff.criteria_talk import Talk, talk_of
from handoff.handoff_file import read

Events = list[dict[str, Any]]


def said(
    text: str = "hello", intent: str | None = "greet", confidence: float = 0.9, at: float = 1.0, **meta: Any
) -> Events:
    """The bot listened, and the customer wrote."""
    parsed = {"intent": {"name": intent, "confidence": confidence}}
    user = {"event": "user", "text": text, "parse_data": parsed, "metadata": meta, "timestamp": at}
    return [action("action_listen"), user]


def action(name: str) -> dict[str, Any]:
    return {"event": "action", "name": name}


def slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


def asks(form: str = "order_form", wanted: str = "order_number") -> Events:
    """A form ran and put its question."""
    return [action(form), {"event": "active_loop", "name": form}, slot("requested_slot", wanted)]


def with_person(outcome: str = "solved") -> Events:
    """A handoff and its end, as the bridge writes them."""
    return [action("action_handoff"), {"event": "pause"}, slot("handoff_outcome", outcome), {"event": "resume"}]


def talk(events: Events, **slots: Any) -> Talk:
    """What the events tell; the slots are those that they set, and those given."""
    values = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    return talk_of([as_event(event) for event in events], {**values, **slots})


def criteria(*conditions: str) -> tuple[Criterion, ...]:
    """Criteria ``c0``, ``c1``... with these conditions, as YAML."""
    lines = [f"  - {{name: c{number}, when: {condition}}}" for number, condition in enumerate(conditions)]
    return read("version: 1\ncriteria:\n" + "\n".join(lines)).criteria


def fired(condition: str, events: Events, **slots: Any) -> Looked | None:
    return decide(criteria(condition), talk(events, **slots))
