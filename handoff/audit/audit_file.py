"""`audit.yml`: what counts as a path to a person, in which words people ask for one, and from where. Mistakes are told
by line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from handoff.strict_yaml import Mistakes, Section, Value, parse, shown

VERSION = 1
# The ways out that WhatsApp's Business Messaging Policy accepts (section 2), and `offer`: a button that leads to
# one of them, and is pressed before it counts.
PATHS = ("transfer", "phone", "email", "web", "store", "form")
OFFER = "offer"
_KEYS = ("version", "paths", "ways", "situations")
_SITUATION = ("name", "form", "customer", "says", "waiting")


class AuditFileError(ValueError):
    """The file has mistakes; the message has one line for each."""


@dataclass(frozen=True)
class Step:
    """One thing that the customer does: a text, a button or row with this title, or (``kind``) another type."""

    text: str | None = None
    press: str | None = None
    kind: str | None = None

    def __str__(self) -> str:
        return self.text or (f"[{self.press}]" if self.press else f"<{self.kind}>")


@dataclass(frozen=True)
class Situation:
    """Where a conversation stands when the customer asks. ``form`` is the one that is open or was just left, for the
    reader. ``customer`` is a phone, digits only; None: somebody new each time. ``waiting``: a person was promised on
    the way here, so that asking again may be met by silence."""

    name: str
    steps: tuple[Step, ...] = ()
    form: str | None = None
    customer: str | None = None
    waiting: bool = False


@dataclass(frozen=True)
class AuditFile:
    """``paths``: what the business says, as patterns by the kind of path."""

    paths: dict[str, tuple[re.Pattern[str], ...]]
    ways: tuple[str, ...]
    situations: tuple[Situation, ...]


def load(path: Path) -> AuditFile:
    """Read and check a file.

    Raises:
        AuditFileError: it is not there, or has mistakes; all of them are told.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AuditFileError(f"{path}: the file cannot be read ({error}).") from error
    return read(text, path.name)


def read(text: str, file: str = "audit.yml") -> AuditFile:
    """Check what is in a file.

    Raises:
        AuditFileError: it has mistakes; all of them are told.
    """
    mistakes = Mistakes(file)
    top = Section(parse(text, mistakes) or Value({}, 1), "", mistakes, _KEYS)
    if top.whole("version", 0, least=0) != VERSION:
        top.wrong(top.get("version"), f"'version' must be {VERSION}")
    paths = _paths(top, mistakes)
    top.required("ways")
    ways = top.words("ways")
    situations = _situations(top, mistakes)
    if len(mistakes):
        raise AuditFileError("\n".join(mistakes.lines()))
    return AuditFile(paths, ways, situations)


def _paths(top: Section, mistakes: Mistakes) -> dict[str, tuple[re.Pattern[str], ...]]:
    value = top.required("paths")
    if value is None:
        return {}
    section = Section(value, "paths", mistakes, (*PATHS, OFFER))
    found = {name: _patterns(section, name) for name in (*PATHS, OFFER) if name in section}
    if not any(found.get(name) for name in PATHS):
        section.wrong(value, f"at least one of {', '.join(PATHS)} must have words")
    return found


def _patterns(section: Section, name: str) -> tuple[re.Pattern[str], ...]:
    patterns = []
    for word in section.words(name):
        try:
            patterns.append(re.compile(word, re.IGNORECASE))
        except re.error as error:
            section.wrong(section.get(name), f"{shown(word)} is no regular expression: {error}")
    return tuple(patterns)


def _situations(top: Section, mistakes: Mistakes) -> tuple[Situation, ...]:
    value = top.required("situations")
    if value is None:
        return ()
    if not isinstance(value.data, list) or not value.data:
        top.wrong(value, f"'situations' must be a list, not {shown(value.data)}")
        return ()
    found: list[Situation] = []
    for entry in value.data:
        situation = _situation(entry, mistakes)
        if situation.name in {one.name for one in found}:
            mistakes.add(entry.line, f"there are two situations called '{situation.name}'")
        found.append(situation)
    return tuple(found)


def _situation(entry: Value, mistakes: Mistakes) -> Situation:
    section = Section(entry, "situation", mistakes, _SITUATION)
    section.required("name")
    customer = section.text("customer")
    if customer and not customer.isdigit():
        section.wrong(section.get("customer"), "'customer' must be the digits of a phone number, in quotes")
    says = section.get("says")
    entries = says.data if says is not None and isinstance(says.data, list) else []
    if says is not None and not isinstance(says.data, list):
        section.wrong(says, f"'says' must be a list, not {shown(says.data)}")
    return Situation(
        name=section.text("name") or "",
        steps=tuple(_step(item, mistakes) for item in entries),
        form=section.text("form"),
        customer=customer,
        waiting=section.flag("waiting", False),
    )


def _step(entry: Value, mistakes: Mistakes) -> Step:
    if isinstance(entry.data, (str, int)) and not isinstance(entry.data, bool):
        return Step(text=str(entry.data))
    section = Section(entry, "step", mistakes, ("press", "kind"))
    press, kind = section.text("press"), section.text("kind")
    if (press is None) == (kind is None):
        section.wrong(entry, "a step is a text, {press: the title of a button}, or {kind: sticker}")
    return Step(press=press, kind=kind)
