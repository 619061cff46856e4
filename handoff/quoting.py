"""The message that a customer's message is about: answered, reacted to, edited or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import floor, tables

CUSTOMER = "customer"  # who wrote it, beside the owners of the floor

_sent = tables.outbox
_came = tables.inbox

_OURS = sa.select(_sent.c.id, _sent.c.author, _sent.c.text).where(
    _sent.c.provider_id == sa.bindparam("provider_id"), _sent.c.conversation_id == sa.bindparam("conversation_id")
)
_THEIRS = sa.select(_came.c.message_id, _came.c.kind, _came.c.message).where(
    _came.c.number == sa.bindparam("number"),
    _came.c.message_id == sa.bindparam("message_id"),
    _came.c.conversation_id == sa.bindparam("conversation_id"),
)


@dataclass(frozen=True)
class Target:
    """``message_id`` is the one by which agents know it; None when it is not known here."""

    message_id: str | None = None
    author: str | None = None
    text: str | None = None

    def as_quote(self) -> dict[str, str | None]:
        return {"message_id": self.message_id, "author": self.author, "text": self.text}


def find(connection: Connection, conversation: Mapping[str, Any], provider_id: str) -> Target:
    """The message with the channel's id ``provider_id``: one of ours, one of theirs, or a colleague's by phone."""
    of = {"conversation_id": conversation["id"], "number": conversation["number"]}
    ours = connection.execute(_OURS, {**of, "provider_id": provider_id}).mappings().first()
    if ours is not None:
        author = floor.HUMAN if ours["author"] == floor.HUMAN else floor.BOT
        return Target(ours["id"], author, ours["text"])
    theirs = connection.execute(_THEIRS, {**of, "message_id": provider_id}).mappings().first()
    if theirs is None:
        return Target()
    message = theirs["message"]
    author = floor.HUMAN if theirs["kind"] == "echo" else CUSTOMER
    return Target(theirs["message_id"], author, message.get("text") or f"[{message.get('kind')}]")
