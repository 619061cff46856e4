"""Commands on their way to the bridge: stored with the act that made them, sent in order, remembered when answered."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import refusals, words
from handoff.desk.journal import record
from handoff.desk.tables import commands, messages

CLAIM_SECONDS = 20.0  # longer than the courier waits for an answer
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the bridge said. ``state``: DONE, REFUSED (409, the floor changed), DEAD (other 4xx), WAITING (again)."""

    state: str
    message_id: str | None = None
    code: str | None = None
    error: str | None = None


def enqueue(
    connection: Connection, command_id: str, kind: str, conversation: Row, data: Mapping[str, Any], now: float
) -> None:
    """Keep a command to be sent. Its id was made with the agent's act and never changes."""
    connection.execute(
        commands.insert().values(
            id=command_id,
            conversation_id=conversation["id"],
            handoff_id=conversation["handoff_id"],
            epoch=conversation["epoch"],
            type=kind,
            data=dict(data),
            created_at=now,
            state=words.WAITING,
        )
    )


def claim_due(connection: Connection, now: float, limit: int) -> list[dict[str, Any]]:
    """Take the first waiting command of each conversation whose time has come, for CLAIM_SECONDS.

    A claim that runs out (its desk died) is taken again: the bridge knows the id and applies it once.
    """
    free = or_(commands.c.claimed_until.is_(None), commands.c.claimed_until < now)
    query = (
        select(commands)
        .where(commands.c.position.in_(_heads()), commands.c.next_attempt_at <= now, free)
        .order_by(commands.c.position)
        .limit(limit)
    )
    query = query.with_for_update(skip_locked=True)
    taken = [dict(row) for row in connection.execute(query).mappings() if row["state"] == words.WAITING]
    if taken:
        positions = [row["position"] for row in taken]
        connection.execute(
            commands.update()
            .where(commands.c.position.in_(positions))
            .values(claimed_until=now + CLAIM_SECONDS, attempts=commands.c.attempts + 1)
        )
    return taken


def next_due_at(connection: Connection) -> float | None:
    """When the next command may be tried, None when nothing waits."""
    query = select(commands.c.next_attempt_at, commands.c.claimed_until).where(commands.c.position.in_(_heads()))
    times = [max(row.next_attempt_at, row.claimed_until or 0.0) for row in connection.execute(query)]
    return min(times) if times else None


def release_claims(connection: Connection) -> None:
    """At the start of a desk that has its database to itself: whoever held a claim is gone."""
    connection.execute(commands.update().where(commands.c.state == words.WAITING).values(claimed_until=None))


def settle(connection: Connection, command: Row, answer: Answer, now: float) -> None:
    """Write down what the bridge answered, and show it where the agent looks."""
    mine = commands.c.position == command["position"]
    if answer.state == words.WAITING:
        pause = pause_before(command["attempts"] + 1)
        values: dict[str, Any] = {
            "next_attempt_at": now + pause,
            "claimed_until": None,
            "error": answer.error,
        }
        connection.execute(commands.update().where(mine).values(**values))
        return
    values = {"state": answer.state, "answered_at": now, "error_code": answer.code, "error": answer.error}
    connection.execute(commands.update().where(mine).values(claimed_until=None, **values))
    if command["type"] == protocol.AGENT_MESSAGE:
        _settle_message(connection, command, answer, now)
    elif answer.state != words.DONE:
        refusals.show(connection, command, answer.code, str(answer.error), now)
    record(
        connection, f"command.{answer.state}", now, command["conversation_id"], command["handoff_id"],
        data={"command_id": command["id"], "type": command["type"], "code": answer.code},
    )  # fmt: skip


def pause_before(attempt: int, chance: random.Random | None = None) -> float:
    """Seconds before try number ``attempt`` (2 is the first repeat): doubling, with jitter, at most 30."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempt - 2, 10))
    return longest * (chance or random).uniform(0.5, 1.0)


def waiting_count(connection: Connection) -> int:
    query = select(func.count()).select_from(commands).where(commands.c.state == words.WAITING)
    return int(connection.execute(query).scalar() or 0)


def states_of(connection: Connection, command_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """``{command id: {"attempts", "error"}}`` for those that are still on their way."""
    query = select(commands.c.id, commands.c.attempts, commands.c.error)
    query = query.where(commands.c.id.in_(command_ids), commands.c.state == words.WAITING)
    return {row["id"]: dict(row) for row in connection.execute(query).mappings()}


def _heads() -> Any:
    """The first waiting command of each conversation."""
    waiting = commands.c.state == words.WAITING
    return select(func.min(commands.c.position)).where(waiting).group_by(commands.c.conversation_id)


def _settle_message(connection: Connection, command: Row, answer: Answer, now: float) -> None:
    line = messages.c.command_id == command["id"]
    if answer.state == words.DONE:
        if answer.message_id:
            _drop_copy(connection, command, answer.message_id)
            connection.execute(messages.update().where(line).values(bridge_id=answer.message_id))
        return
    status = words.RETURNED if answer.state == words.REFUSED else words.FAILED
    connection.execute(messages.update().where(line).values(status=status, status_at=now, error=answer.error))


def _drop_copy(connection: Connection, command: Row, bridge_id: str) -> None:
    """A later handoff's transcript may have brought this message before its answer was written down."""
    connection.execute(
        messages.delete().where(
            messages.c.conversation_id == command["conversation_id"],
            messages.c.bridge_id == bridge_id,
            messages.c.command_id.is_(None),
        )
    )
