"""Who may speak to the customer: the state machine of the floor, and the one function that changes it.

The floor has one owner, the bot or the human. Each change of owner raises the epoch. A message carries the epoch under
which it was made, and is sent only while that epoch lasts. An owner who gives the floor up has had the first word:
what it said before, and was not sent yet, still goes out (`hand_on`). An owner who loses it falls silent at once.

A handoff may wait while the bot goes on answering: it then stands beside the bot's floor, and takes it, with a new
epoch, in the moment in which a person comes. There is one owner at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import event_log, tables

BOT = "bot"
HUMAN = "human"
SYSTEM = "system"

# states of a handoff
REQUESTED = "requested"
QUEUED = "queued"
ACTIVE = "active"
RESOLVED = "resolved"
CANCELLED = "cancelled"
EXPIRED = "expired"
WAITING = (REQUESTED, QUEUED)
OPEN = (REQUESTED, QUEUED, ACTIVE)

# why a handoff starts
CUSTOMER_REQUEST = "customer_request"
FALLBACK = "fallback"
FORM_GAVE_UP = "form_gave_up"
BOT_FAILURE = "bot_failure"
PHONE_REPLY = "phone_reply"
LATE_MESSAGE = "late_message"
POLICY = "policy"
REASONS = (CUSTOMER_REQUEST, FALLBACK, FORM_GAVE_UP, BOT_FAILURE, PHONE_REPLY, LATE_MESSAGE, POLICY)


# Statements of every turn are built once: building one costs more than running it.
_LOCK = (
    sa.select(tables.conversations)
    .where(tables.conversations.c.id == sa.bindparam("conversation_id"))
    .with_for_update()
)


class StaleFloor(Exception):
    """The floor is not (or no longer) where the caller believed it to be. The text is written for an agent."""


@dataclass(frozen=True)
class Floor:
    """``handoff_id``: the handoff by which the human side speaks, or (owner bot) that waits beside the bot."""

    owner: str
    handoff_id: str | None
    epoch: int

    def to_human(self, handoff_id: str) -> Floor:
        if self.owner == HUMAN:
            raise StaleFloor("A person already has this conversation.")
        if self.handoff_id not in (None, handoff_id):
            raise StaleFloor("Another handoff of this conversation waits for a person.")
        return Floor(HUMAN, handoff_id, self.epoch + 1)

    def waiting_beside_bot(self, handoff_id: str) -> Floor:
        """The bot keeps the floor until a person comes. Nobody falls silent, so the epoch stays."""
        if self.owner == HUMAN or self.handoff_id is not None:
            raise StaleFloor("A person already has this conversation, or was asked for.")
        return Floor(BOT, handoff_id, self.epoch)

    def to_bot(self, handoff_id: str | None) -> Floor:
        """The handoff is over: the bot gets the floor, or has it for itself again."""
        if self.waits(handoff_id):
            return Floor(BOT, None, self.epoch)
        if not self.held_by(handoff_id):
            raise StaleFloor("This handoff is over: the conversation is no longer with the person who had it.")
        return Floor(BOT, None, self.epoch + 1)

    def waits(self, handoff_id: str | None) -> bool:
        """Does this handoff wait while the bot answers?"""
        return self.owner == BOT and handoff_id is not None and self.handoff_id == handoff_id

    def held_by(self, handoff_id: str | None) -> bool:
        """Does the human side speak in this conversation, by this handoff?"""
        return self.owner == HUMAN and handoff_id is not None and self.handoff_id == handoff_id

    def lets_pass(self, epoch: int) -> bool:
        """May a message that was made under ``epoch`` still be sent?"""
        return self.epoch == epoch


def of(row: Mapping[str, Any]) -> Floor:
    """The floor in a row of ``conversations``."""
    return Floor(row["owner"], row["handoff_id"], row["epoch"])


def change(
    connection: Connection,
    conversation_id: str,
    before: Floor,
    after: Floor,
    *,
    who: str,
    why: str,
    at: float,
    hand_on: bool,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Move the floor from ``before`` to ``after``, in the caller's transaction: the row, its log line, and the messages
    that wait to be sent (``hand_on``: the old owner leaves by itself, so they keep their right to go out). Also writes
    down that a handoff begins or ceases to wait beside the bot.

    Raises:
        StaleFloor: somebody else moved the floor in the meantime.
    """
    row = tables.conversations
    moved = connection.execute(
        row.update()
        .where(row.c.id == conversation_id, row.c.epoch == before.epoch, row.c.owner == before.owner)
        .where(sa.func.coalesce(row.c.handoff_id, "") == (before.handoff_id or ""))
        .values(owner=after.owner, handoff_id=after.handoff_id, epoch=after.epoch)
    )
    if moved.rowcount != 1:
        raise StaleFloor("The floor changed hands in the meantime.")
    event_log.record(
        connection,
        at=at,
        conversation_id=conversation_id,
        handoff_id=after.handoff_id or before.handoff_id,
        kind=_kind(before, after),
        who=who,
        why=why,
        owner_before=before.owner,
        owner_after=after.owner,
        epoch=after.epoch,
        data=data,
    )
    if hand_on and before.epoch != after.epoch:
        waiting = tables.outbox
        connection.execute(
            waiting.update()
            .where(
                waiting.c.conversation_id == conversation_id,
                waiting.c.lane == "customer",
                waiting.c.status.in_(["pending", "sending"]),
                waiting.c.epoch == before.epoch,
            )
            .values(epoch=after.epoch)
        )


def _kind(before: Floor, after: Floor) -> str:
    if before.owner != after.owner:
        return "floor.changed"
    return "handoff.waits" if after.handoff_id else "handoff.left"


def lock(connection: Connection, conversation_id: str) -> sa.engine.RowMapping | None:
    """The conversation's row, held until the transaction ends (SQLite holds the whole database anyway)."""
    return connection.execute(_LOCK, {"conversation_id": conversation_id}).mappings().first()
