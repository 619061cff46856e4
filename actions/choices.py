"""Questions with a list of answers. The list stands in domain.yml as the buttons of a response; the customer presses a
row or says it in words. ``words`` beside a button are the other ways to say it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Sequence

from rasa_sdk import Tracker

# What a customer writes when they answer, whatever it was taken for. Anything else asks for something of its own.
ANSWERS = frozenset({"inform", "affirm", "nlu_fallback", "out_of_scope", None})


@dataclass(frozen=True)
class Choice:
    """One answer: the ``value`` that goes into the slot, the ``title`` of its button, and ``words`` that mean it."""

    value: str
    title: str
    words: tuple[str, ...] = ()


def choices(domain: dict[str, Any], response: str, entity: str) -> tuple[Choice, ...]:
    """The choices of a response in the domain: its buttons that carry a value of ``entity``."""
    variations = domain.get("responses", {}).get(response) or [{}]
    found = []
    for button in variations[0].get("buttons") or []:
        value = payload_value(str(button.get("payload")), entity)
        if value is not None:
            words = tuple(word.strip().lower() for word in str(button.get("words") or "").split(",") if word.strip())
            found.append(Choice(value, str(button["title"]), words))
    return tuple(found)


def payload_value(payload: str, entity: str) -> str | None:
    """The value of an entity in a button's payload, ``/intent{"entity": "value"}``; braces may stand doubled."""
    start, end = payload.find("{"), payload.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        entities = json.loads("{" + payload[start : end + 1].strip("{}") + "}")
    except ValueError:
        return None
    value = entities.get(entity)
    return None if value is None else str(value)


def chosen(text: str, offered: Sequence[Choice]) -> str | None:
    """The value that was meant by a text; None when it fits none of them. The longest words that fit decide."""
    plain = _plain(text)
    best: tuple[int, str] | None = None
    for choice in offered:
        for words in (_plain(choice.title), *choice.words):
            if re.search(rf"(?<!\w){re.escape(words)}(?!\w)", plain) and (best is None or len(words) > best[0]):
                best = (len(words), choice.value)
    return best[1] if best else None


def choice_in(tracker: Tracker, domain: dict[str, Any], response: str, entity: str) -> str | None:
    """The value that the latest message chooses from a response's list: pressed, or said in words."""
    return pressed(tracker, entity) or chosen(typed(tracker), choices(domain, response, entity))


def typed(tracker: Tracker) -> str:
    """What the customer typed; nothing when they pressed a button."""
    text = str(tracker.latest_message.get("text") or "")
    return "" if text.startswith("/") else text


def pressed(tracker: Tracker, entity: str) -> str | None:
    """The value that came with a pressed button or row."""
    value = next(tracker.get_latest_entity_values(entity), None)
    return None if value is None else str(value)


def intent_of(tracker: Tracker) -> str | None:
    """What the customer's latest message was taken for."""
    name = (tracker.latest_message.get("intent") or {}).get("name")
    return None if name is None else str(name)


def is_answer(tracker: Tracker) -> bool:
    """Whether the latest message can be meant as an answer to the form's question."""
    return intent_of(tracker) in ANSWERS


def is_starting(tracker: Tracker, form: str) -> bool:
    """Whether this message opens the form: what its slots still hold is then from an earlier time."""
    if (tracker.active_loop or {}).get("name") != form:
        return True
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "active_loop" and event.get("name") == form:
            return True
    return False


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("\u2019", "'").split())
