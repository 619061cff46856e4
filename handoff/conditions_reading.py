"""Reads each kind of condition that a criterion of `handoff.yml` can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping

from handoff import criteria_conditions as conditions
from handoff.criteria_conditions import Condition
from handoff.criteria_values import COMPARISONS, Comparison
from handoff.language import NAMES
from handoff.strict_yaml import Mistakes, Section, Value, listed, shown

KINDS = ("audio", "voice", "document", "image", "video", "sticker", "location", "contacts", "order", "form",
         "button", "text", "edit", "unsupported")  # fmt: skip
ATTRIBUTES = ("name", "phone", "user_id", "username")
_NUMERIC = ("above", "below")


@dataclass(frozen=True)
class Domain:
    """The names that domain.yml has. `nlu_fallback` is among the intents."""

    intents: frozenset[str]
    slots: frozenset[str]
    forms: frozenset[str]
    responses: frozenset[str]


@dataclass(frozen=True)
class Context:
    """What conditions need to know of the rest: the languages of the bot, and the domain if it is at hand."""

    languages: tuple[str, ...]
    domain: Domain | None

    def names(self, kind: str) -> frozenset[str] | None:
        return getattr(self.domain, kind) if self.domain else None


Reader = Callable[[Value, str, Mistakes, Context], "Condition | None"]


def _intent(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    if not isinstance(value.data, dict):
        value = Value({"is": value}, value.line, {"is": value.line})
    section = Section(value, where, mistakes, ("is", "confidence"))
    names = section.words("is") if section.required("is") else ()
    section.known("is", names, context.names("intents"), "intent")
    confidence = section.number("confidence", 0.0, 0.0, 1.0)
    return conditions.Intent(names, confidence) if names else None


def _fallback_count(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("at_least", "turns", "also"))
    also = section.words("also")
    section.known("also", also, context.names("intents"), "intent")
    return conditions.FallbackCount(*_count(section), also)


def _same_intent_again(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("at_least", "turns", "except", "same_slots"))
    besides, same_slots = section.words("except"), section.words("same_slots")
    section.known("except", besides, context.names("intents"), "intent")
    section.known("same_slots", same_slots, context.names("slots"), "slot")
    return conditions.SameIntentAgain(*_count(section), besides, same_slots)


def _sentiment(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("below", "turns"))
    section.required("below")
    return conditions.Sentiment(section.number("below", -0.5, -1.0, 1.0), section.whole("turns", 3))


def _slot(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("name", *COMPARISONS))
    name = section.text("name") if section.required("name") else None
    if name:
        section.known("name", [name], context.names("slots"), "slot")
    comparison = _comparison(section)
    return conditions.Slot(name, comparison) if name and comparison else None


def _customer(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("attribute", *COMPARISONS))
    section.required("attribute")
    attribute = section.choice("attribute", ATTRIBUTES, ATTRIBUTES[0])
    comparison = _comparison(section)
    return conditions.Customer(attribute, comparison) if comparison else None


def _form_stuck(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("times", "form", "slot"))
    section.required("times")
    form, slot = section.text("form"), section.text("slot")
    section.known("form", [form] if form else [], context.names("forms"), "form")
    section.known("slot", [slot] if slot else [], context.names("slots"), "slot")
    return conditions.FormStuck(section.whole("times", 3, 2), form, slot)


def _message_type(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(Value({"kinds": value}, value.line), where, mistakes, ("kinds",))
    kinds = section.words_in(value, "message_type")
    for kind in kinds:
        if kind not in KINDS:
            section.wrong(value, f"'{kind}' is no type of message; allowed: {listed(KINDS)}")
    return conditions.MessageType(kinds) if kinds else None


def _language(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    if value.data == "unspoken":
        return conditions.Language(context.languages)
    if not isinstance(value.data, dict):
        mistakes.add(value.line, f"{where}: write 'unspoken', or {{not_in: [en]}}, not {shown(value.data)}")
        return None
    section = Section(value, where, mistakes, ("not_in",))
    spoken = section.words("not_in") if section.required("not_in") else ()
    for language in spoken:
        if language not in NAMES:
            section.wrong(section.get("not_in"), f"'{language}' is no language here; allowed: {listed(NAMES)}")
    return conditions.Language(spoken) if spoken else None


def _rating(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("at_most", "slot"))
    section.required("at_most")
    slot = section.text("slot", conditions.Rating.slot) or conditions.Rating.slot
    names = context.names("slots")
    if names is not None and slot not in names:
        section.wrong(section.get("slot"), f"the domain has no slot '{slot}'; 'slot' says where the rating is kept")
    return conditions.Rating(section.number("at_most", 2.0, -1000.0, 1000.0), slot)


def _bot_failure(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(value, where, mistakes, ("at_least", "turns", "responses"))
    responses = section.words("responses")
    section.known("responses", responses, context.names("responses"), "response")
    return conditions.BotFailure(*_count(section), responses)


def _keyword(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    section = Section(Value({"words": value}, value.line), where, mistakes, ("words",))
    words = section.words_in(value, "keyword")
    return conditions.Keyword(words) if words else None


CONDITIONS: Mapping[str, Reader] = {
    "intent": _intent,
    "fallback_count": _fallback_count,
    "same_intent_again": _same_intent_again,
    "sentiment": _sentiment,
    "slot": _slot,
    "form_stuck": _form_stuck,
    "message_type": _message_type,
    "language": _language,
    "rating": _rating,
    "bot_failure": _bot_failure,
    "keyword": _keyword,
    "customer": _customer,
}


def _count(section: Section) -> tuple[int, int]:
    """``at_least`` so many of the last ``turns`` messages."""
    section.required("at_least")
    at_least = section.whole("at_least", 2)
    turns = section.whole("turns", max(6, at_least))
    if turns < at_least:
        section.wrong(section.get("turns"), f"{at_least} of {turns} messages cannot be: raise 'turns'")
    return at_least, turns


def _comparison(section: Section) -> Comparison | None:
    ways = [way for way in COMPARISONS if way in section]
    if len(ways) != 1:
        section.wrong(None, f"one comparison is needed; allowed: {listed(COMPARISONS)}")
        return None
    way, value = ways[0], section.get(ways[0])
    assert value is not None
    wrong = _wrong_for(way, value)
    if wrong:
        section.wrong(value, f"'{way}' must be {wrong}, not {shown(value.data)}")
        return None
    plain: Any = value.plain
    return Comparison(way, tuple(plain) if way == "in" else plain)


def _wrong_for(way: str, value: Value) -> str | None:
    """What the value of a comparison should have been; None when it is right."""
    data = value.data
    if way == "in":
        good = isinstance(data, list) and bool(data) and all(_is_single(item.data) for item in data)
        return None if good else "a list"
    if way == "is_set":
        return None if isinstance(data, bool) else "true or false"
    if way in _NUMERIC:
        return None if isinstance(data, (int, float)) and not isinstance(data, bool) else "a number"
    return None if _is_single(data) else "a single value"


def _is_single(data: Any) -> bool:
    return isinstance(data, (str, int, float, bool))
