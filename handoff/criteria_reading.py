"""Reads the criteria of `handoff.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection

from handoff.conditions_reading import CONDITIONS, Context, Domain
from handoff.criteria import All, Any_, Criterion, Not
from handoff.criteria_conditions import Condition
from handoff.strict_yaml import Mistakes, Section, Value, listed, shown

PRIORITIES = ("low", "normal", "high", "urgent")
_JOINED = ("any", "all", "not")
_KEYS = ("name", "when", "priority", "topic", "skills", "message", "again_after")


@dataclass(frozen=True)
class Defaults:
    """What a criterion has when it does not say otherwise."""

    priority: str = "normal"
    topic: str | None = None
    skills: tuple[str, ...] = ()


def read_defaults(file: Section) -> Defaults:
    value = file.get("defaults")
    if value is None:
        return Defaults()
    section = Section(value, "defaults", file.mistakes, ("priority", "topic", "skills"))
    return Defaults(
        section.choice("priority", PRIORITIES, Defaults.priority),
        _one_of(section, "topic", file.words("topics")),
        _some_of(section, "skills", file.words("skills")),
    )


def read_criteria(
    file: Section, defaults: Defaults, languages: tuple[str, ...], domain: Domain | None
) -> tuple[Criterion, ...]:
    """The criteria in the order of the file; without those that have mistakes."""
    value = file.get("criteria")
    if value is None or value.data is None:
        return ()
    if not isinstance(value.data, list):
        file.wrong(value, "'criteria' must be a list; begin each criterion with '- name: ...'")
        return ()
    context = Context(languages, domain)
    lines: dict[str, int] = {}
    found = [_criterion(item, file, defaults, context, lines) for item in value.data]
    return tuple(criterion for criterion in found if criterion)


def _criterion(
    item: Value, file: Section, defaults: Defaults, context: Context, lines: dict[str, int]
) -> Criterion | None:
    named = item.data.get("name") if isinstance(item.data, dict) else None
    name = str(named.data) if named else ""
    section = Section(item, f"criterion '{name}'" if name else "criterion", file.mistakes, _KEYS)
    if section.required("name") and section.text("name"):
        if name in lines:
            section.wrong(named, f"the name is taken; the first is in line {lines[name]}")
        lines.setdefault(name, item.line)
    message = section.text("message")
    if message and context.domain:
        section.known("message", [message], context.domain.responses, "response")
    when = section.required("when")
    condition = _condition(when, section.where, file.mistakes, context) if when else None
    if condition is None:
        return None
    if not _says_what(condition):
        section.wrong(when, "this says only what must not be; say in 'all' what must be, too")
    return Criterion(
        name=name,
        when=condition,
        priority=section.choice("priority", PRIORITIES, defaults.priority),
        topic=_one_of(section, "topic", file.words("topics")) or defaults.topic,
        skills=_some_of(section, "skills", file.words("skills")) or defaults.skills,
        message=message,
        again_after=section.seconds("again_after", None),
        line=item.line,
    )


def _condition(value: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    """One condition: a mapping with one name."""
    allowed = [*CONDITIONS, *_JOINED]
    section = Section(value, where, mistakes, allowed)
    names = [name for name in (value.data if isinstance(value.data, dict) else ()) if name in allowed]
    if isinstance(value.data, dict) and len(value.data) != 1:
        one = "one condition" if names or not value.data else "a condition that is known"
        section.wrong(value, f"this must be {one}; join several with 'all' or 'any', each with a '-' before it")
        return None
    if not names:
        return None
    name, content = names[0], value.data[names[0]]
    if name == "not":
        part = _condition(content, where, mistakes, context)
        return Not(part) if part else None
    if name in _JOINED:
        return _joined(name, content, where, mistakes, context)
    return CONDITIONS[name](content, f"{where}, {name}", mistakes, context)


def _joined(name: str, content: Value, where: str, mistakes: Mistakes, context: Context) -> Condition | None:
    if not isinstance(content.data, list) or not content.data:
        mistakes.add(content.line, f"{where}: '{name}' must be a list of conditions, not {shown(content.data)}")
        return None
    parts = [_condition(item, where, mistakes, context) for item in content.data]
    good = tuple(part for part in parts if part)
    if not good:
        return None
    return All(good) if name == "all" else Any_(good)


def _says_what(condition: Condition) -> bool:
    """It needs something to be so: `not` alone would hold at nearly every message."""
    if isinstance(condition, All):
        return any(map(_says_what, condition.parts))
    if isinstance(condition, Any_):
        return all(map(_says_what, condition.parts))
    return not isinstance(condition, Not)


def _one_of(section: Section, name: str, allowed: Collection[str]) -> str | None:
    """A text from the file's own list; without a list, any."""
    word = section.text(name)
    if word and allowed and word not in allowed:
        section.wrong(section.get(name), f"'{word}' is not among the '{name}s' of this file: {listed(allowed)}")
    return word


def _some_of(section: Section, name: str, allowed: Collection[str]) -> tuple[str, ...]:
    words = section.words(name)
    for word in words:
        if allowed and word not in allowed:
            section.wrong(section.get(name), f"'{word}' is not among the '{name}' of this file: {listed(allowed)}")
    return words
