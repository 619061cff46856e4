"""Labelled dialogues (`tests/dialogues/*.yml`): what a customer writes, and at which turn a person should take over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasa.shared.utils.io import read_yaml_file

NEVER = "never"
UNREADABLE = ("voice", "audio", "image", "video", "document", "sticker", "location", "contacts", "reaction")
_KEYS = {"title", "topic", "customer", "handoff_at", "reason", "turns"}
NEW_CUSTOMER = "447700900999"  # a number that no order of the demo's shop belongs to


class DialogueError(Exception):
    """A file of dialogues says something that cannot be meant; the message names file and dialogue."""


@dataclass(frozen=True)
class Said:
    """One turn of the customer. ``kind`` is ``text``, or what the bot cannot read; ``press`` a button's title."""

    text: str | None = None
    kind: str = "text"
    press: str | None = None

    def __str__(self) -> str:
        return self.text or (f"[{self.press}]" if self.press else f"<{self.kind}>")


@dataclass(frozen=True)
class Dialogue:
    """``handoff_at`` is the golden turn, from 1, or None for never. ``customer`` is a phone, digits only."""

    title: str
    topic: str
    handoff_at: int | None
    reason: str
    turns: tuple[Said, ...]
    customer: str = NEW_CUSTOMER


def read_dialogues(folder: Path) -> list[Dialogue]:
    """All dialogues under ``folder``, in the order of the files' names.

    Raises:
        DialogueError: there are none, two have one title, or one is not as it must be.
    """
    found = [
        _dialogue(entry, file)
        for file in sorted(folder.glob("*.yml"))
        for entry in (read_yaml_file(file) or {}).get("dialogues", [])
    ]
    if not found:
        raise DialogueError(f"{folder} has no dialogues: put `dialogues:` lists into *.yml files there.")
    titles = [dialogue.title for dialogue in found]
    twice = sorted({title for title in titles if titles.count(title) > 1})
    if twice:
        raise DialogueError(f"{folder}: two dialogues are called '{twice[0]}'. Give each a title of its own.")
    return found


def _dialogue(entry: dict[str, Any], file: Path) -> Dialogue:
    where = f"{file.name}, '{entry.get('title', '(no title)')}'"
    unknown = set(entry) - _KEYS
    missing = _KEYS - {"customer"} - set(entry)
    if unknown or missing:
        wrong = [f"unknown: {', '.join(sorted(unknown))}"] * bool(unknown)
        wrong += [f"missing: {', '.join(sorted(missing))}"] * bool(missing)
        raise DialogueError(f"{where}: {'; '.join(wrong)}.")
    turns = tuple(_said(turn, where) for turn in entry["turns"])
    return Dialogue(
        title=str(entry["title"]),
        topic=str(entry["topic"]),
        handoff_at=_golden_turn(entry["handoff_at"], len(turns), where),
        reason=str(entry["reason"]),
        turns=turns,
        customer=str(entry.get("customer", NEW_CUSTOMER)),
    )


def _golden_turn(value: Any, turns: int, where: str) -> int | None:
    if value == NEVER:
        return None
    if isinstance(value, int) and 1 <= value <= turns:
        return value
    raise DialogueError(f"{where}: handoff_at is {value!r}; give a turn from 1 to {turns}, or never.")


def _said(turn: Any, where: str) -> Said:
    if isinstance(turn, str) and turn.strip():
        return Said(text=turn)
    if isinstance(turn, dict) and list(turn) == ["press"]:
        return Said(press=str(turn["press"]))
    if isinstance(turn, dict) and list(turn) == ["kind"] and turn["kind"] in UNREADABLE:
        return Said(kind=turn["kind"])
    raise DialogueError(
        f"{where}: the turn {turn!r} is neither a text (in quotes if it is a number, yes or no), nor "
        f"{{press: title of a button}}, nor {{kind: one of {', '.join(UNREADABLE)}}}."
    )
