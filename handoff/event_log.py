"""The append-only event log: every change of the floor and of a handoff, one line each; reports come from it."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy.engine import Connection

from handoff import tables


def record(
    connection: Connection,
    *,
    at: float,
    conversation_id: str,
    kind: str,
    who: str,
    why: str,
    owner_before: str,
    owner_after: str,
    epoch: int,
    handoff_id: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Append one line, in the caller's transaction."""
    line = {
        "at": at,
        "conversation_id": conversation_id,
        "handoff_id": handoff_id,
        "kind": kind,
        "who": who,
        "why": why,
        "owner_before": owner_before,
        "owner_after": owner_after,
        "epoch": epoch,
        "data": dict(data or {}),
    }
    connection.execute(tables.event_log.insert(), line)
