"""The inbox: what came in, kept before it is acknowledged, and taken by turns one conversation at a time, in order."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any, Callable, Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, RowMapping

from handoff import conversations, floor, media, quoting, tables
from handoff.channel import Inbound

CUSTOMER = "customer"
ECHO = "echo"
ASIDE = "aside"  # not a message: something that happened, such as a reaction
CALL = "call"  # of the asides, the one that opens the window as a message does
RETURNED = "returned"  # not a message: the floor came back to the bot, which has something to say

PENDING = "pending"
DONE = "done"
PARKED = "parked"

MAX_ATTEMPTS = 5
LEASE_SECONDS = 30.0

_row = tables.inbox
_conversation = tables.conversations

# a literal, not a parameter: only so does SQLite use the index on what is pending
_IS_PENDING = _row.c.status == sa.literal_column("'pending'")

_ADD = {
    "sqlite": sqlite.insert(_row).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_row).on_conflict_do_nothing(),
}
_KEPT = sa.select(_row.c.seq).where(
    _row.c.number == sa.bindparam("number"), _row.c.message_id == sa.bindparam("message_id")
)
_HEAD = (
    sa.select(_row)
    .where(_row.c.conversation_id == sa.bindparam("conversation_id"), _IS_PENDING)
    .order_by(_row.c.seq)
    .limit(1)
)
_UPDATE = _row.update().where(_row.c.seq == sa.bindparam("row_seq"))  # sets the columns that are given with it
_DUE = (
    sa.select(_row.c.conversation_id)
    .join(_conversation, _conversation.c.id == _row.c.conversation_id)
    .where(_IS_PENDING, _row.c.next_try_at <= sa.bindparam("now"))
    .where(sa.or_(_conversation.c.lease_owner.is_(None), _conversation.c.lease_until <= sa.bindparam("now")))
    .group_by(_row.c.conversation_id)
    .order_by(sa.func.min(_row.c.seq))
    .limit(500)
)


@dataclass(frozen=True)
class Item:
    """One thing to do in a conversation, with the conversation as it stood when the item was taken."""

    seq: int
    kind: str
    message_id: str
    message: Mapping[str, Any]
    attempts: int
    trace_id: str
    conversation: RowMapping

    @property
    def conversation_id(self) -> str:
        return str(self.conversation["id"])


def accept(connection: Connection, message: Inbound, trace_id: str, at: float) -> str | None:
    """Keep one message. Returns its conversation's id, or None when it is here already (WhatsApp delivers again)."""
    kept = {"number": message.address.number, "message_id": message.message_id}
    if connection.execute(_KEPT, kept).first():
        return None  # before anything is learnt from it: the address in an old message may have a new owner
    conversation = conversations.for_address(connection, message.address, at)
    kind = ECHO if message.echo else ASIDE if message.aside else CUSTOMER
    if not add(connection, conversation, kind, message.message_id, _stored(message), trace_id, at):
        return None
    if message.media is not None:
        media.add(connection, message, conversation["id"], trace_id, at)
    window = conversations.window_after(conversation, message)
    if kind == CUSTOMER:
        conversations.update(connection, conversation["id"], window_ends_at=window, last_message_id=message.message_id)
    elif kind == ASIDE and message.kind == CALL:
        conversations.update(connection, conversation["id"], window_ends_at=window)
    return str(conversation["id"])


def add(
    connection: Connection,
    conversation: Mapping[str, Any],
    kind: str,
    message_id: str,
    message: Mapping[str, Any],
    trace_id: str,
    at: float,
) -> bool:
    """Append an item, unless its message id is here already."""
    row = {
        "number": conversation["number"],
        "message_id": message_id,
        "conversation_id": conversation["id"],
        "kind": kind,
        "message": dict(message),
        "status": PENDING,
        "trace_id": trace_id,
        "received_at": at,
    }
    return bool(connection.execute(_ADD[connection.dialect.name], row).rowcount)


def take_next(connection: Connection, conversation_id: str, server: str, now: float) -> Item | None:
    """Take (or keep) the conversation's lease and return its next item; without one that is due, give the lease up.

    Returns None as well while another server holds the lease: it will see this conversation's new items itself, since
    it looks for the next one in the transaction that would end its lease.
    """
    conversation = floor.lock(connection, conversation_id)
    if conversation is None:
        return None
    if conversation["lease_owner"] not in (None, server) and (conversation["lease_until"] or 0) > now:
        return None
    row = connection.execute(_HEAD, {"conversation_id": conversation_id}).mappings().first()
    due = row is not None and row["next_try_at"] <= now
    if due:
        conversations.update(connection, conversation_id, lease_owner=server, lease_until=now + LEASE_SECONDS)
    elif conversation["lease_owner"] is not None:
        conversations.update(connection, conversation_id, lease_owner=None, lease_until=None)
    if row is None or not due:
        return None
    message = row["message"]
    if row["kind"] == CUSTOMER and message.get("reply_to") and not message.get("payload"):
        message = {**message, "quoted": quoting.find(connection, conversation, message["reply_to"]).as_quote()}
    return Item(row["seq"], row["kind"], row["message_id"], message, row["attempts"], row["trace_id"], conversation)


def finish(connection: Connection, seq: int, at: float, status: str = DONE, error: str | None = None) -> None:
    connection.execute(_UPDATE, {"row_seq": seq, "status": status, "done_at": at, "error": error})


def try_later(connection: Connection, item: Item, error: str, now: float) -> int:
    """Note a failed attempt; the pauses grow (about 1, 2, 4, 8 s). Returns how many attempts there were."""
    attempts = item.attempts + 1
    pause = 2 ** (attempts - 1) * random.uniform(0.75, 1.25)
    tried = {"attempts": attempts, "next_try_at": now + pause, "error": error}
    connection.execute(_UPDATE, {"row_seq": item.seq, **tried})
    return attempts


def due(connection: Connection, now: float) -> list[str]:
    """Conversations with an item that is due and a lease that nobody holds: what a crash or a pause has left."""
    return list(connection.execute(_DUE, {"now": now}).scalars())


def renew(connection: Connection, conversation_ids: list[str], server: str, now: float) -> None:
    """Keep the leases of turns that take long."""
    if not conversation_ids:
        return
    connection.execute(
        _conversation.update()
        .where(_conversation.c.id.in_(conversation_ids), _conversation.c.lease_owner == server)
        .values(lease_until=now + LEASE_SECONDS)
    )


def release_leases_of(connection: Connection, gone: Callable[[Iterable[str]], list[str]]) -> None:
    """Release the conversations of servers that ended without releasing them."""
    owner = _conversation.c.lease_owner
    holders = connection.execute(sa.select(owner).where(owner.is_not(None)).distinct()).scalars()
    connection.execute(
        _conversation.update().where(owner.in_(gone(holders))).values(lease_owner=None, lease_until=None)
    )


def _stored(message: Inbound) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(message).items() if name != "address"}
    if message.media is not None:
        kept["media"]["id"] = media.id_of(message)
    return kept
