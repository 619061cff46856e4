"""How a handoff starts and ends: the floor, the handoff's row, its context, and the events for tracker and agents, all
in the caller's transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from handoff import context, event_log, floor, inbox, marks, media, outbox, protocol, tables, tracker_events
from handoff.floor import Floor

PRIORITIES = ("low", "normal", "high", "urgent")

TRANSFERRED = "handoff.transferred"  # in the event log

Forms = Mapping[str, Sequence[str]]

_row = tables.handoffs


@dataclass(frozen=True)
class Wish:
    """Why and how a person is needed."""

    reason: str
    detail: str = ""
    topic: str | None = None
    priority: str = "normal"
    skills: tuple[str, ...] = ()


def start(
    connection: Connection,
    conversation: Mapping[str, Any],
    wish: Wish,
    *,
    who: str,
    forms: Forms,
    at: float,
    trace_id: str,
    hand_on: bool,
    state: str = floor.REQUESTED,
    bookkeeping: Collection[str] = (),
    beside_bot: bool = False,
) -> Floor:
    """The human takes the floor; ``beside_bot``: the bot keeps it until a person comes. The tracker's events of this
    turn must be appended already: the context shows them.

    Raises:
        floor.StaleFloor: a person has the floor already, or was asked for.
    """
    before = floor.of(conversation)
    after = before.waiting_beside_bot(_new_id()) if beside_bot else before.to_human(_new_id())
    data = {"topic": wish.topic, "priority": wish.priority, "skills": list(wish.skills), "detail": wish.detail}
    floor.change(
        connection, conversation["id"], before, after,
        who=who, why=wish.reason, at=at, hand_on=hand_on, data=data,
    )  # fmt: skip
    row = {
        "id": after.handoff_id,
        "conversation_id": conversation["id"],
        "state": state,
        "reason": wish.reason,
        "reason_detail": wish.detail,
        "topic": wish.topic,
        "priority": wish.priority,
        "skills": list(wish.skills),
        "requested_at": at,
        "joined_at": at if state == floor.ACTIVE else None,
    }
    row["context"] = _context(connection, conversation, row, forms, bookkeeping)
    connection.execute(_row.insert().values(**row))
    outbox.add_event(
        connection, conversation["id"], protocol.HANDOFF_REQUESTED, {"context": row["context"]},
        epoch=after.epoch, handoff_id=after.handoff_id, trace_id=trace_id, at=at,
    )  # fmt: skip
    return after


def take_floor(
    connection: Connection,
    conversation: Mapping[str, Any],
    *,
    who: str,
    why: str,
    at: float,
    hand_on: bool = True,
) -> RowMapping:
    """The handoff that waited beside the bot takes the floor: a person is there, or the bot gave up. Returns the
    conversation's row as it is now.

    Raises:
        floor.StaleFloor: no handoff waits there.
    """
    before = floor.of(conversation)
    if before.handoff_id is None:
        raise floor.StaleFloor("Nobody waits for a person here.")
    after = before.to_human(before.handoff_id)
    floor.change(connection, conversation["id"], before, after, who=who, why=why, at=at, hand_on=hand_on)
    tracker_events.append(connection, conversation["id"], [{"event": "pause", "timestamp": at}])
    row = floor.lock(connection, conversation["id"])
    assert row is not None
    return row


def end(
    connection: Connection,
    conversation: Mapping[str, Any],
    *,
    state: str,
    outcome: str,
    who: str,
    at: float,
    trace_id: str,
    note: str = "",
    agent_name: str | None = None,
    slots: Mapping[str, Any] | None = None,
    hand_on: bool = False,
) -> Floor:
    """The bot gets the floor back (or keeps it), knowing the outcome, and has the next word (an item in the inbox).

    The tracker resumes here, not in that item: a message that is answered first must find a bot that listens.
    Without an ``action_listen`` after the resume it would stay silent for ever.

    Raises:
        floor.StaleFloor: there is no handoff that could end.
    """
    before = floor.of(conversation)
    after = before.to_bot(before.handoff_id)
    floor.change(
        connection, conversation["id"], before, after,
        who=who, why=state, at=at, hand_on=hand_on, data={"outcome": outcome},
    )  # fmt: skip
    connection.execute(
        _row.update()
        .where(_row.c.id == before.handoff_id)
        .values(state=state, outcome=outcome, note=note, agent_name=agent_name or _row.c.agent_name, closed_at=at)
    )
    told = {**(slots or {}), "handoff_outcome": outcome, "handoff_note": note or None, "handoff_agent": agent_name}
    tracker_events.append(connection, conversation["id"], [*slot_events(told, at), *listening(at)])
    item = {"handoff_id": before.handoff_id, "outcome": outcome}
    inbox.add(connection, conversation, inbox.RETURNED, f"returned:{before.handoff_id}", item, trace_id, at)
    if state == floor.RESOLVED:
        event, data = protocol.HANDOFF_CLOSED, {"outcome": outcome}
    else:
        by = "customer" if state == floor.CANCELLED else "expired"
        event, data = protocol.HANDOFF_CANCELLED, {"by": by, "message": _CANCELLED[by]}
    outbox.add_event(
        connection, conversation["id"], event, data,
        epoch=after.epoch, handoff_id=before.handoff_id, trace_id=trace_id, at=at,
    )  # fmt: skip
    return after


_CANCELLED = {
    "customer": "The customer chose to go on with the bot.",
    "expired": "Nobody could take this handoff in time; the customer was told, and the bot has the conversation again.",
}


def listening(at: float) -> list[dict[str, Any]]:
    """The tracker's events after which a paused bot listens again. Without the second it would stay silent for ever."""
    return [
        {"event": "resume", "timestamp": at},
        {"event": "action", "timestamp": at, "name": "action_listen", "policy": None, "confidence": 1.0},
    ]


def slot_events(slots: Mapping[str, Any], at: float) -> list[dict[str, Any]]:
    """Tracker events for slots that the human side sets; their source stays visible in the next context."""
    return [
        {"event": "slot", "timestamp": at, "name": name, "value": value, "metadata": {"source": "agent"}}
        for name, value in slots.items()
    ]


def note_join(connection: Connection, conversation: Mapping[str, Any], agent: Mapping[str, str], at: float) -> None:
    """A person has taken the handoff, alone or from a colleague."""
    handoff_id = conversation["handoff_id"]
    connection.execute(
        _row.update()
        .where(_row.c.id == handoff_id)
        .values(
            state=floor.ACTIVE,
            agent_id=agent["id"],
            agent_name=agent["name"],
            joined_at=sa.func.coalesce(_row.c.joined_at, at),
        )
    )
    _note(connection, conversation, "agent.joined", f"agent:{agent['id']}", at)


def note_transfer(
    connection: Connection,
    conversation: Mapping[str, Any],
    who: str,
    to: Mapping[str, str] | None,
    reason: str,
    at: float,
) -> None:
    """The handoff goes to another person, or back into the queue."""
    values: dict[str, str | None] = {"state": floor.ACTIVE if to else floor.QUEUED}
    values |= {"agent_id": to["id"] if to else None, "agent_name": to["name"] if to else None}
    connection.execute(_row.update().where(_row.c.id == conversation["handoff_id"]).values(**values))
    _note(connection, conversation, TRANSFERRED, who, at, reason, {"to": dict(to) if to else None})


def current(connection: Connection, conversation: Mapping[str, Any]) -> RowMapping:
    """The handoff that has the floor."""
    query = sa.select(_row).where(_row.c.id == conversation["handoff_id"])
    return connection.execute(query).mappings().one()


def _note(
    connection: Connection,
    conversation: Mapping[str, Any],
    kind: str,
    who: str,
    at: float,
    why: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    owner = conversation["owner"]
    event_log.record(
        connection, at=at, conversation_id=conversation["id"], handoff_id=conversation["handoff_id"], kind=kind,
        who=who, why=why, owner_before=owner, owner_after=owner, epoch=conversation["epoch"], data=data,
    )  # fmt: skip


def _new_id() -> str:
    return uuid.uuid4().hex


def _context(
    connection: Connection,
    conversation: Mapping[str, Any],
    handoff: Mapping[str, Any],
    forms: Forms,
    bookkeeping: Collection[str],
) -> dict[str, Any]:
    window = tracker_events.load_window(connection, conversation["id"])
    earlier = sa.select(_row).where(_row.c.conversation_id == conversation["id"]).order_by(_row.c.requested_at)
    marked = marks.of(connection, conversation["id"])
    said = tracker_events.load_utterances(connection, conversation["id"], context.TRANSCRIPT_LENGTH)
    utterances = marks.each_once(marks.applied(said, marked))
    return context.build(
        handoff=handoff,
        conversation=conversation,
        events=marks.applied(window.all_events(), marked) if window else [],
        utterances=utterances,
        forms=forms,
        earlier=connection.execute(earlier).mappings().all(),
        bookkeeping=bookkeeping,
        files=media.described(connection, context.files_in(utterances)),
    )
