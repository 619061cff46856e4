"""Tells the agent channel what concerns a conversation that it knows: one that people had, or have, to do with."""

from __future__ import annotations

from typing import Any, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import outbox, tables

_ANY = sa.select(tables.handoffs.c.id).where(
    tables.handoffs.c.conversation_id == sa.bindparam("conversation_id")
).limit(1)  # fmt: skip


def tell_agents(
    connection: Connection,
    conversation: Mapping[str, Any],
    event_type: str,
    data: Mapping[str, Any],
    *,
    trace_id: str,
    at: float,
) -> None:
    """Queue an event, unless no handoff ever was: then the context of the first one will tell it."""
    if connection.execute(_ANY, {"conversation_id": conversation["id"]}).first() is None:
        return
    outbox.add_event(
        connection, conversation["id"], event_type, data,
        epoch=conversation["epoch"], handoff_id=conversation["handoff_id"], trace_id=trace_id, at=at,
    )  # fmt: skip
