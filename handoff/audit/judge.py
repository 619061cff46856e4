"""Is there a path to a person in what the business said? Pure: messages in, kinds of paths out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from handoff.audit.audit_file import OFFER, AuditFile

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A button or row: how its reply is sent, its id, its title, and the message that offers it."""

    kind: str
    id: str
    title: str
    message_id: str


def paths_in(messages: Iterable[Message], rules: AuditFile) -> tuple[str, ...]:
    """The kinds of path that the business has shown in these messages. An offer that was not pressed is none."""
    words = "\n".join(_words(message) for message in messages)
    return tuple(kind for kind, patterns in rules.paths.items() if kind != OFFER and _any(patterns, words))


def offer_in(messages: Iterable[Message], rules: AuditFile) -> Choice | None:
    """The latest button or row that says it leads to a person."""
    patterns = rules.paths.get(OFFER, ())
    offers = [choice for message in messages for choice in choices_in(message) if _any(patterns, choice.title)]
    return offers[-1] if offers else None


def choices_in(message: Message) -> Iterator[Choice]:
    """Every button and list row in a message of the business."""
    interactive = (message.get("payload") or {}).get("interactive") or {}
    action = interactive.get("action") or {}
    for button in action.get("buttons") or []:
        reply = button.get("reply") or {}
        yield Choice("button_reply", str(reply.get("id")), str(reply.get("title")), str(message["id"]))
    for section in action.get("sections") or []:
        for row in section.get("rows") or []:
            yield Choice("list_reply", str(row.get("id")), str(row.get("title")), str(message["id"]))


def _words(message: Message) -> str:
    """What the customer reads, with the address behind a button that opens one."""
    parameters = ((message.get("payload") or {}).get("interactive") or {}).get("action", {}).get("parameters") or {}
    return f"{message.get('text') or ''}\n{parameters.get('url') or ''}"


def _any(patterns: Iterable[re.Pattern[str]], words: str) -> bool:
    return any(pattern.search(words) for pattern in patterns)
