"""The message that an agent replies to: which of the customer's lines can be quoted, and what of it is shown."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff.desk import words
from handoff.desk.tables import messages

SHOWN = 300
_MADE_UP = ("line:", "event:")  # ids that the desk gave itself: WhatsApp does not know them

Row = Mapping[str, Any]


def may_be_quoted(line: Row) -> bool:
    """Is this a message of the customer's that WhatsApp knows by its id?"""
    known = bool(line["bridge_id"]) and not str(line["bridge_id"]).startswith(_MADE_UP)
    return known and line["author"] == words.CUSTOMER and line["deleted_at"] is None


def of_line(connection: Connection, conversation_id: str, line_id: int) -> dict[str, str] | None:
    """The quote of a line; None when it cannot be quoted."""
    return _quote(connection, messages.c.id == line_id, messages.c.conversation_id == conversation_id)


def of_message(connection: Connection, conversation_id: str, message_id: str) -> dict[str, str] | None:
    """The same by the message's id."""
    return _quote(connection, messages.c.bridge_id == message_id, messages.c.conversation_id == conversation_id)


def _quote(connection: Connection, *which: Any) -> dict[str, str] | None:
    line = connection.execute(select(messages).where(*which)).mappings().first()
    if line is None or not may_be_quoted(line):
        return None
    text = str(line["text"] or f"({line['kind']})")[:SHOWN]
    return {"message_id": str(line["bridge_id"]), "author": words.CUSTOMER, "text": text}
