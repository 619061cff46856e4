"""`handoff.yml`: when a person is needed, when people are there, what waiting is like. Mistakes are told by line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from handoff.conditions_reading import Domain
from handoff.criteria import Criterion
from handoff.criteria_reading import Defaults, read_criteria, read_defaults
from handoff.hours import Hours
from handoff.hours_reading import read_hours
from handoff.strict_yaml import Mistakes, Section, Value, parse, shown

FILE = "handoff.yml"
VERSION = 1
_KEYS = ("version", "languages", "topics", "skills", "hours", "waiting", "defaults", "criteria")


class HandoffFileError(ValueError):
    """The file has mistakes; the message has one line for each."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Waiting:
    """What the bot does while a customer waits, and after how many seconds a wait is too long."""

    bot_answers: bool = False
    too_long_seconds: float = 300.0


@dataclass(frozen=True)
class HandoffFile:
    """All that handoff.yml says. What the file leaves out is as here: one language, always open, no criteria."""

    languages: tuple[str, ...] = ("en",)
    hours: Hours = field(default_factory=Hours)
    waiting: Waiting = field(default_factory=Waiting)
    defaults: Defaults = field(default_factory=Defaults)
    criteria: tuple[Criterion, ...] = ()


def load(path: Path | str = FILE, domain: Domain | None = None) -> HandoffFile:
    """Read and check a file. With the domain's names, those that the file mentions are checked, too.

    Raises:
        HandoffFileError: the file is not there, or has mistakes; all of them are told.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HandoffFileError((f"{path.name}: the file cannot be read ({error}).",)) from error
    return read(text, domain, path.name)


def rules_of(path: Path | str = FILE) -> HandoffFile:
    """A file for those who only need its hours and what waiting is like: without the file, as `HandoffFile` says.

    Raises:
        HandoffFileError: the file has mistakes.
    """
    return load(path) if Path(path).exists() else HandoffFile()


def read(text: str, domain: Domain | None = None, name: str = FILE) -> HandoffFile:
    """The same for a text. ``name`` stands in the messages.

    Raises:
        HandoffFileError: the text has mistakes; all of them are told.
    """
    mistakes = Mistakes(name)
    document = parse(text, mistakes)
    made = _file(document or Value({}, 1), domain, mistakes)
    if len(mistakes):
        raise HandoffFileError(mistakes.lines())
    return made


def _file(document: Value, domain: Domain | None, mistakes: Mistakes) -> HandoffFile:
    if len(mistakes) and not document.data:
        return HandoffFile()
    section = Section(document, "", mistakes, _KEYS)
    version = section.required("version")
    if version and version.data != VERSION:
        section.wrong(version, f"'version' must be {VERSION}, not {shown(version.data)}")
    languages = section.words("languages") or HandoffFile.languages
    for language in languages:
        if not re.fullmatch("[a-z]{2}", language):
            section.wrong(section.get("languages"), f"'{language}' is no language; write two letters, such as en")
    defaults = read_defaults(section)
    return HandoffFile(
        languages=languages,
        hours=read_hours(section.get("hours"), mistakes),
        waiting=_waiting(section.get("waiting"), mistakes),
        defaults=defaults,
        criteria=read_criteria(section, defaults, languages, domain),
    )


def _waiting(value: Value | None, mistakes: Mistakes) -> Waiting:
    if value is None:
        return Waiting()
    section = Section(value, "waiting", mistakes, ("bot_answers", "too_long"))
    return Waiting(
        section.flag("bot_answers", Waiting.bot_answers), section.seconds("too_long", None) or Waiting.too_long_seconds
    )
