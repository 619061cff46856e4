"""Which criteria were near and which fired, turn by turn: a conversation or a story told again to the criteria."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Iterable, Iterator, Mapping, Sequence

from handoff.criteria import Criterion, Looked, look
from handoff.criteria_talk import Message, talk_of

# What Rasa adds between a message and the policies' say.
_BEFORE_POLICIES = ("slot", "entities", "user_featurization")
_FORGETS = ("session_started", "restart", "reset_slots")
_ANNOTATED = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


@dataclass(frozen=True)
class Turn:
    """One message of the customer. ``looked`` is empty while a person had the floor."""

    message: Message
    looked: tuple[Looked, ...]
    with_person: bool = False

    @property
    def fired(self) -> Looked | None:
        return next((looked for looked in self.looked if looked.fires), None)

    @property
    def worth_telling(self) -> list[Looked]:
        return [looked for looked in self.looked if looked.verdict != "no"]


def explain(
    events: Iterable[Mapping[str, Any]], criteria: Sequence[Criterion], initial: Mapping[str, Any] | None = None
) -> list[Turn]:
    """The turns of a conversation, each as the policy saw it.

    Args:
        events: Rasa's events as dictionaries, oldest first.
        initial: the slots' initial values.
    """
    told: list[Any] = []
    slots = dict(initial or {})
    turns: list[Turn] = []
    heard = paused = False
    for event in [*map(as_event, events), SimpleNamespace(type_name="end")]:
        if heard and (event.type_name not in _BEFORE_POLICIES or _is_policys(event)):
            turns.append(_turn(told, slots, criteria, paused))
            heard = False
        if event.type_name == "user":
            heard = True
        elif event.type_name in ("pause", "resume"):
            paused = event.type_name == "pause"
        elif event.type_name == "slot":
            slots[event.key] = event.value
        elif event.type_name in _FORGETS:
            slots = dict(initial or {})
        told.append(event)
    return turns


def _is_policys(event: Any) -> bool:
    return event.type_name == "slot" and str(event.key).startswith("handoff_")


def _turn(told: list[Any], slots: Mapping[str, Any], criteria: Sequence[Criterion], paused: bool) -> Turn:
    talk = talk_of(told, slots)
    return Turn(talk.current, () if paused else tuple(look(criteria, talk)), paused)


def as_event(event: Mapping[str, Any]) -> Any:
    """A stored event with the attributes of Rasa's own object, as far as criteria read them."""
    kind = str(event["event"])
    parsed = event.get("parse_data") or {}
    return SimpleNamespace(
        type_name=kind,
        name=event.get("name"),
        key=event.get("name"),
        action_name=event.get("name"),
        value=event.get("value"),
        text=event.get("text"),
        intent=parsed.get("intent"),
        metadata=event.get("metadata"),
        timestamp=event.get("timestamp"),
        is_interrupted=event.get("is_interrupted"),
    )


def story_events(story: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A test story as events. The intents are those that the story names."""
    for at, step in enumerate(story.get("steps") or []):
        if "user" in step or "intent" in step:
            text = _ANNOTATED.sub(r"\1", str(step.get("user") or f"/{step['intent']}")).strip()
            intent = {"name": step.get("intent"), "confidence": 1.0 if step.get("intent") else 0.0}
            yield {"event": "action", "name": "action_listen"}
            yield {"event": "user", "text": text, "parse_data": {"intent": intent}, "timestamp": float(at)}
        elif "action" in step:
            yield {"event": "action", "name": step["action"]}
        elif "active_loop" in step:
            yield {"event": "active_loop", "name": step["active_loop"]}
        for slots in step.get("slot_was_set") or []:
            items = slots.items() if isinstance(slots, Mapping) else [(slots, True)]
            yield from ({"event": "slot", "name": name, "value": value} for name, value in items)


def table(turns: Sequence[Turn], width: int = 44) -> str:
    """The turns as text for a terminal."""
    lines = []
    for number, turn in enumerate(turns, 1):
        said = turn.message
        text = " ".join(said.text.split())
        intent = f"{said.intent or '-'} {said.confidence:.2f}"
        shown = text if len(text) <= width else f"{text[: width - 3]}..."
        lines.append(f"{number:3}  {shown:{width}}  {'(a person had the floor)' if turn.with_person else intent}")
        lines += [f"     {_verdict(looked)}" for looked in turn.worth_telling]
    return "\n".join(lines) or "No message of the customer yet."


def _verdict(looked: Looked) -> str:
    name, finding = looked.criterion.name, looked.finding
    if looked.verdict == "fired":
        return f"FIRED  {name}: {finding.detail}"
    if looked.verdict == "holds":
        return f"held   {name}: {finding.detail}; {looked.why_not}"
    return f"near   {name}: {finding.progress}"
