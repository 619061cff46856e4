"""What happens to a line of the transcript after it was said: its file comes."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk.tables import messages
from handoff.desk.transcript import media_columns

Row = Mapping[str, Any]


def media_changed(connection: Connection, event: protocol.Envelope, now: float) -> None:
    """A customer's file is here, or will not come. A line that is not here yet will come with what is true then."""
    columns = media_columns(event.data.get("media"))
    line = line_of(connection, event.conversation_id, event.data.get("message_id"))
    if line is not None and columns and line["deleted_at"] is None:
        connection.execute(messages.update().where(messages.c.id == line["id"]).values(**columns))


def line_of(connection: Connection, conversation_id: str, message_id: Any) -> Row | None:
    """The line of a message that the bridge names."""
    query = select(messages).where(messages.c.conversation_id == conversation_id)
    row: Row | None = connection.execute(query.where(messages.c.bridge_id == str(message_id))).mappings().first()
    return row
