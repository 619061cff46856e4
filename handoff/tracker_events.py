"""The tracker's events as they are stored: Rasa's own dictionaries, appended in order, read back from a window.

A WhatsApp conversation does not end, so a turn must not load all of it. Every so often a checkpoint keeps the state
(slots, active form) as it stood before the last few turns; a tracker is then made of that state and the events since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import attachments, tables

Event = Mapping[str, Any]

_row = tables.events
_checkpoint = tables.checkpoints

_INSERT = _row.insert()
_CHECKPOINT = sa.select(_checkpoint).where(_checkpoint.c.conversation_id == sa.bindparam("conversation_id"))
_EVENTS = (
    sa.select(_row.c.id, _row.c.data)
    .where(_row.c.sender_id == sa.bindparam("conversation_id"), _row.c.id > sa.bindparam("after"))
    .order_by(_row.c.id)
)


@dataclass(frozen=True)
class State:
    """Slots and active form at some point of a conversation."""

    slots: Mapping[str, Any]
    active_loop: Mapping[str, Any] | None = None

    def as_events(self, at: float) -> list[dict[str, Any]]:
        """Events that bring a fresh tracker to this state. They are never stored."""
        made: list[dict[str, Any]] = [
            {"event": "slot", "timestamp": at, "name": name, "value": value} for name, value in self.slots.items()
        ]
        if self.active_loop:
            made.append({"event": "active_loop", "timestamp": at, "name": self.active_loop["name"]})
            if self.active_loop.get("is_interrupted"):
                made.append({"event": "loop_interrupted", "timestamp": at, "is_interrupted": True})
        return made


@dataclass(frozen=True)
class Window:
    """The recent part of a conversation: a state, the events after it with their row ids."""

    state: State
    ids: Sequence[int]
    events: Sequence[Event]

    def all_events(self) -> list[Event]:
        at = self.events[0].get("timestamp", 0.0) if self.events else 0.0
        return [*self.state.as_events(at), *self.events]


def append(connection: Connection, conversation_id: str, events: Iterable[Event]) -> None:
    """Append events, in the shape of Rasa's SQLTrackerStore. The caller holds the conversation's row.

    Of a file that the bot sends, all but its bytes is kept: each later turn reads what is stored here.
    """
    rows = [
        {
            "sender_id": conversation_id,
            "type_name": event["event"],
            "timestamp": event.get("timestamp"),
            "intent_name": ((event.get("parse_data") or {}).get("intent") or {}).get("name"),
            "action_name": event.get("name"),
            "data": json.dumps(attachments.without_bytes(event) if event["event"] == "bot" else event),
        }
        for event in events
    ]
    if rows:
        connection.execute(_INSERT, rows)


def load_window(connection: Connection, conversation_id: str) -> Window | None:
    """The events since the newest checkpoint. None for a conversation without events."""
    checkpoint = connection.execute(_CHECKPOINT, {"conversation_id": conversation_id}).mappings().first()
    after = checkpoint["event_id"] if checkpoint else 0
    found = connection.execute(_EVENTS, {"conversation_id": conversation_id, "after": after}).all()
    if not found and not checkpoint:
        return None
    state = State(checkpoint["state"]["slots"], checkpoint["state"]["active_loop"]) if checkpoint else State({})
    return Window(state, [row.id for row in found], [json.loads(row.data) for row in found])


def load_all(connection: Connection, conversation_id: str) -> list[Event]:
    query = sa.select(_row.c.data).where(_row.c.sender_id == conversation_id).order_by(_row.c.id)
    return [json.loads(data) for data in connection.execute(query).scalars()]


def load_utterances(connection: Connection, conversation_id: str, limit: int) -> list[Event]:
    """The last ``limit`` things that anybody said, oldest first."""
    query = (
        sa.select(_row.c.data)
        .where(_row.c.sender_id == conversation_id, _row.c.type_name.in_(["user", "bot", "agent"]))
        .order_by(_row.c.id.desc())
        .limit(limit)
    )
    return [json.loads(data) for data in reversed(connection.execute(query).scalars().all())]


def cut(window: Window, turns: int) -> int | None:
    """Where a new checkpoint should go: the index of the ``action_listen`` that opens the last ``turns`` turns, once
    there are twice as many in the window. None while the window is short."""
    starts = [
        index
        for index, event in enumerate(window.events)
        if event["event"] == "user" and index > 0 and _is_listen(window.events[index - 1])
    ]
    if len(starts) < 2 * turns or starts[-turns] < 2:
        return None
    return starts[-turns] - 1


def save_checkpoint(connection: Connection, conversation_id: str, event_id: int, state: State) -> None:
    values = {"event_id": event_id, "state": {"slots": dict(state.slots), "active_loop": state.active_loop}}
    where = _checkpoint.c.conversation_id == conversation_id
    if not connection.execute(_checkpoint.update().where(where).values(**values)).rowcount:
        connection.execute(_checkpoint.insert().values(conversation_id=conversation_id, **values))


def _is_listen(event: Event) -> bool:
    return event["event"] == "action" and event.get("name") == "action_listen"
