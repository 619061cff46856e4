"""The outbox: what is to be delivered, to the customer or to the agent channel. It is written in the transaction that
decides it, and sent afterwards, one at a time and in order within a conversation's lane."""

from __future__ import annotations

import uuid
from typing import Any, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from handoff import attachments, floor, protocol, tables
from handoff.channel import Rendered

CUSTOMER = "customer"
AGENT = "agent"

PENDING = "pending"
SENDING = "sending"
SENT = "sent"
REFUSED = "refused"
DEAD = "dead"

_row = tables.outbox
_INSERT = _row.insert()
_UPDATE = _row.update().where(_row.c.seq == sa.bindparam("row_seq"))  # sets the columns that are given with it
_OFFERED = sa.select(tables.offers.c.payload).where(
    tables.offers.c.conversation_id == sa.bindparam("conversation_id"),
    tables.offers.c.payload == sa.bindparam("payload"),
)
_OFFER = {
    "sqlite": sqlite.insert(tables.offers).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(tables.offers).on_conflict_do_nothing(),
}


def add_message(
    connection: Connection,
    conversation_id: str,
    rendered: Rendered,
    *,
    author: str,
    epoch: int,
    trace_id: str,
    at: float,
    handoff_id: str | None = None,
    command_id: str | None = None,
) -> str:
    """Queue one message for the customer, made under ``epoch``. Returns its id."""
    outbox_id = _add(
        connection, conversation_id, CUSTOMER, rendered.kind, dict(rendered.payload),
        author=author, epoch=epoch, trace_id=trace_id, at=at, handoff_id=handoff_id, command_id=command_id,
        text=rendered.text,
    )  # fmt: skip
    offered = [{"conversation_id": conversation_id, "payload": payload} for payload in dict.fromkeys(rendered.offers)]
    if offered:
        connection.execute(_OFFER[connection.dialect.name], offered)
    return outbox_id


def add_event(
    connection: Connection,
    conversation_id: str,
    event_type: str,
    data: Mapping[str, Any],
    *,
    epoch: int,
    handoff_id: str | None,
    trace_id: str,
    at: float,
) -> str:
    """Queue one event for the agent channel. Returns its id."""
    return _add(
        connection, conversation_id, AGENT, event_type, dict(data),
        author=floor.SYSTEM, epoch=epoch, trace_id=trace_id, at=at, handoff_id=handoff_id, command_id=None,
    )  # fmt: skip


def was_offered(connection: Connection, conversation_id: str, payload: str) -> bool:
    """Was this customer ever sent a button or row with this payload?"""
    return connection.execute(_OFFERED, {"conversation_id": conversation_id, "payload": payload}).first() is not None


def update(connection: Connection, seq: int, **values: Any) -> None:
    """Set columns of one row."""
    connection.execute(_UPDATE, {"row_seq": seq, **values})


def without_file(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What to change in a row that is done with: nobody needs its file any more, and each later receipt reads it."""
    kept = attachments.without_bytes(payload)
    return {} if kept is payload else {"payload": kept}


def tell_agent(
    connection: Connection,
    row: Mapping[str, Any],
    status: str,
    at: float,
    code: str | None = None,
    text: str | None = None,
) -> None:
    """The agent channel hears what became of what its people wrote."""
    if row["command_id"] is None:
        return
    error = {"code": code or "", "message": text or ""} if code or text else None
    data = {"command_id": row["command_id"], "message_id": row["id"], "status": status, "at": at, "error": error}
    add_event(
        connection, row["conversation_id"], protocol.MESSAGE_STATUS, data,
        epoch=row["epoch"], handoff_id=row["handoff_id"], trace_id=row["trace_id"], at=at,
    )  # fmt: skip


def _add(
    connection: Connection, conversation_id: str, lane: str, kind: str, payload: dict[str, Any], **values: Any
) -> str:
    outbox_id = uuid.uuid4().hex
    row = {
        "id": outbox_id,
        "conversation_id": conversation_id,
        "lane": lane,
        "kind": kind,
        "payload": payload,
        "status": PENDING,
        "created_at": values.pop("at"),
    }
    connection.execute(_INSERT, {**row, **values})
    return outbox_id
