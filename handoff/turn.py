"""A turn: one item of the inbox and all that it causes, gathered here until it is saved in one transaction."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping

from handoff.inbox import CUSTOMER, Item

LAST = "last"

_current: ContextVar[Turn] = ContextVar("turn")


class TurnFailed(BaseException):
    """Something in a turn failed, so nothing of it may be saved; it is tried again.

    Not an `Exception`: Rasa catches those around every action, logs them and goes on as if nothing had happened, and
    the customer would meet a bot that skipped a step.
    """


@dataclass
class Turn:
    """What a turn has said so far. ``committed`` once the tracker, with everything else, is in the database."""

    item: Item
    responses: list[Mapping[str, Any]] = field(default_factory=list)
    committed: bool = False
    next_item: Item | None = None

    def say(self, response: Mapping[str, Any]) -> None:
        """Add one Rasa response. It goes out only if the turn is saved. ``reply_to: last`` (and a reaction to ``last``)
        means the customer's message that this turn answers."""
        said = copy.deepcopy(dict(response))
        custom = said.get("custom")
        reaction = custom.get("reaction") if isinstance(custom, dict) else None
        for fields, key in ((said, "reply_to"), (custom, "reply_to"), (reaction, "message_id")):
            if isinstance(fields, dict) and fields.get(key) == LAST:
                fields[key] = self.item.message_id if self.item.kind == CUSTOMER else None
        self.responses.append(said)


def current_turn() -> Turn:
    """The turn that this code runs in.

    Raises:
        LookupError: it runs outside any turn.
    """
    return _current.get()


@contextmanager
def in_turn(turn: Turn) -> Iterator[Turn]:
    token = _current.set(turn)
    try:
        yield turn
    finally:
        _current.reset(token)
