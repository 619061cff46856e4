"""What a customer is told when a person is needed: a word about the reason, then who comes and when, in one bubble. All
words are responses of domain.yml; here is only decided which of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Mapping

from rasa_sdk import Tracker

from actions import wording
from actions.desk import Availability
from handoff.handoff_file import HandoffFile
from handoff.waiting import day_and_time, opening_words

Responses = Mapping[str, Any]
Said = list[tuple[str, dict[str, str]]]  # responses with the values for their texts

_SOMEBODY = "A colleague"


@dataclass(frozen=True)
class Asked:
    """Why a person is needed, about what, and how. ``message`` is the response that the criterion brings along."""

    reason: str
    topic: str | None = None
    message: str | None = None
    priority: str = "normal"
    skills: tuple[str, ...] = ()

    def for_desk(self) -> dict[str, str]:
        """What the desk has to know to say how long it takes."""
        return {"language": "en", "priority": self.priority, "skills": ",".join(self.skills)}


def asked(tracker: Tracker, reason: str, topic: str | None) -> Asked:
    """What the turn's slots say; ``reason`` and ``topic`` where they say nothing. What an earlier handoff left in the
    slots is not meant: only what was set since the customer's message counts."""
    slots = slots_of_turn(tracker)
    plain = Asked(str(slots.get("handoff_reason") or reason), slots.get("handoff_topic") or topic)
    skills = slots.get("handoff_skills")
    return replace(
        plain,
        message=slots.get("handoff_message"),
        priority=str(slots.get("handoff_priority") or plain.priority),
        skills=tuple(map(str, skills)) if isinstance(skills, list) else (),
    )


def slots_of_turn(tracker: Tracker) -> dict[str, Any]:
    """The slots that were set since the customer's latest message."""
    slots: dict[str, Any] = {}
    for event in tracker.events or []:
        if event.get("event") == "user":
            slots = {}
        elif event.get("event") == "slot":
            slots[str(event["name"])] = event.get("value")
    return slots


def announcement(
    why: Asked, desk: Availability | None, rules: HandoffFile, now: datetime, responses: Responses
) -> Said:
    """The responses to say, in order; the last one brings the buttons."""
    first = _about(why, responses)
    said: Said = [(first, {})] if first else []
    if rules.waiting.bot_answers:
        said.append(("utter_handoff_bot_answers", {}))
    return [*said, _who_and_when(desk, rules, now, responses)]


def _about(why: Asked, responses: Responses) -> str | None:
    """The criterion's own words, else those for the reason with the topic, for the reason, for the topic; if any."""
    names = (
        why.message,
        f"utter_handoff_because_{why.reason}_{why.topic}",
        f"utter_handoff_because_{why.reason}",
        f"utter_handoff_about_{why.topic}",
    )
    return next((name for name in names if name and name in responses), None)


def _who_and_when(
    desk: Availability | None, rules: HandoffFile, now: datetime, responses: Responses
) -> tuple[str, dict[str, str]]:
    closed, opening = _closed(desk, rules, now)
    if closed and opening:
        return "utter_handoff_requested_closed", {"opening": opening}
    if closed:
        return "utter_handoff_requested_closed_for_now", {}
    if desk is None:
        return "utter_handoff_requested", {"who": _SOMEBODY}
    who = desk.team or (f"My colleague {desk.name}" if desk.name else _SOMEBODY)
    if desk.available == 0:
        return "utter_handoff_requested_busy", {"who": who, "place": _place(desk, responses)}
    if desk.expected_wait_seconds is None:
        return "utter_handoff_requested", {"who": who}
    wait = wording.wait(desk.expected_wait_seconds)
    return "utter_handoff_requested_wait", {"who": who, "wait": wait, "place": _place(desk, responses)}


def _closed(desk: Availability | None, rules: HandoffFile, now: datetime) -> tuple[bool, str]:
    """Whether people are away until a next opening, and the words for that opening. Another agent channel than the
    desk may know its own hours."""
    if not rules.hours.is_open(now):
        return True, opening_words(rules.hours, now)
    if desk is not None and not desk.open and desk.next_opening:
        return True, _read_opening(desk.next_opening, now)
    return False, ""


def _read_opening(iso: str, now: datetime) -> str:
    try:
        opening = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return ""
    return day_and_time(opening, now.astimezone(opening.tzinfo))


def _place(desk: Availability, responses: Responses) -> str:
    """`` You are next.`` or the like, to be put after a sentence; empty when the desk does not say."""
    if desk.place is None:
        return ""
    name = "utter_handoff_place_next" if desk.place == 1 else "utter_handoff_place"
    variations = responses.get(name) or [{}]
    text = str(variations[0].get("text") or "").replace("{place}", str(desk.place))
    return f" {text}" if text else ""
