"""The append-only event log: one line for whatever happened, in the transaction that made it happen."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy.engine import Connection

from handoff.desk.tables import event_log


def record(
    connection: Connection,
    kind: str,
    at: float,
    conversation_id: str | None = None,
    handoff_id: str | None = None,
    agent_id: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Add one line. ``kind`` is a protocol type or an agent's act; ``data`` holds no message text."""
    connection.execute(
        event_log.insert().values(
            at=at,
            type=kind,
            conversation_id=conversation_id,
            handoff_id=handoff_id,
            agent_id=agent_id,
            data=dict(data or {}),
        )
    )
