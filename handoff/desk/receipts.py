"""What became of an agent's message: the ticks, and the texts that come back."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import words
from handoff.desk.tables import messages

Row = Mapping[str, Any]


def apply_status(connection: Connection, event: protocol.Envelope, now: float) -> None:
    """Apply a `message.status` event to the line it is about; ticks never go back."""
    given = str(event.data.get("status"))
    status = words.RETURNED if given == "refused" else given
    line = _line_of(connection, event)
    if line is None or not _moves_forward(line["status"], status):
        return
    error = event.data.get("error")
    values: dict[str, Any] = {"status": status, "status_at": float(event.data.get("at") or event.at or now)}
    values["error"] = _error_text(error) if status in words.ENDED_STATUSES else None
    connection.execute(messages.update().where(messages.c.id == line["id"]).values(**values))


def _line_of(connection: Connection, event: protocol.Envelope) -> Row | None:
    command_id, bridge_id = event.data.get("command_id"), event.data.get("message_id")
    for column, value in ((messages.c.command_id, command_id), (messages.c.bridge_id, bridge_id)):
        if value:
            query = select(messages).where(column == value)
            query = query.where(messages.c.conversation_id == event.conversation_id)
            row: Row | None = connection.execute(query.with_for_update()).mappings().first()
            if row is not None:
                return row
    return None


def _moves_forward(old: str | None, new: str) -> bool:
    """Ticks only go up; a failure is believed until a delivery says otherwise."""
    if new in words.ENDED_STATUSES:
        return words.STATUS_RANK.get(old or "", 0) < words.STATUS_RANK[words.DELIVERED]
    if new not in words.STATUS_RANK:
        return False
    if old in words.ENDED_STATUSES:
        return new in (words.DELIVERED, words.READ)
    return words.STATUS_RANK[new] > words.STATUS_RANK.get(old or "", -1)


def _error_text(error: Any) -> str:
    if isinstance(error, Mapping) and error.get("message"):
        return str(error["message"])
    return "The message was not accepted; no reason was given."
