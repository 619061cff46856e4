"""A command that the bridge did not take: the agent is told, and the desk shows again what is true."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import words
from handoff.desk.events import locked_conversation
from handoff.desk.tables import conversations, handoffs
from handoff.desk.transcript import add_line

_ACTS = {
    protocol.AGENT_JOINED: "Joining",
    protocol.HANDOFF_TRANSFERRED: "The transfer",
    protocol.HANDOFF_RESOLVED: "Giving back to the bot",
}

Row = Mapping[str, Any]


def show(connection: Connection, command: Row, code: str | None, why: str, now: float) -> None:
    """Say in the transcript what was refused and why, and take back what the desk showed ahead of the answer."""
    if code == protocol.NEWER_MESSAGE:
        _reopen(connection, command, now)
        return
    text = f"{_ACTS.get(command['type'], 'A change')} was not accepted: {why}"
    _tell(connection, command, text, now)
    if code == protocol.STALE_FLOOR and command["type"] == protocol.AGENT_JOINED:
        # the bridge says that this handoff does not own the floor: nobody is waiting here any more
        connection.execute(
            conversations.update()
            .where(conversations.c.id == command["conversation_id"])
            .where(conversations.c.handoff_id == command["handoff_id"])
            .where(conversations.c.state.in_(words.OPEN_HANDOFF_STATES))
            .values(state=words.WITH_BOT, owner_id=None, waiting_since=None)
        )


def _reopen(connection: Connection, command: Row, now: float) -> None:
    """The customer wrote before the handoff was closed, and the agent could not know: it is theirs as before."""
    conversation = locked_conversation(connection, command["conversation_id"])
    if conversation is None or conversation["handoff_id"] != command["handoff_id"]:
        return
    agent = command["data"]["agent"]
    came_already = conversation["unread"] > 0  # closing had set it to nothing
    connection.execute(
        conversations.update()
        .where(conversations.c.id == conversation["id"])
        .values(
            state=words.ACTIVE, owner_id=agent["id"], waiting_since=conversation["last_at"] if came_already else None
        )
    )
    connection.execute(
        handoffs.update()
        .where(handoffs.c.id == command["handoff_id"])
        .values(state=words.ACTIVE, agent_id=agent["id"], closed_at=None, outcome=None, note=None)
    )
    who = conversation["customer_name"] or "The customer"
    text = f"{who} wrote again before this was closed. It is still with {agent['name']}: answer, then close it again."
    _tell(connection, command, text, now)


def _tell(connection: Connection, command: Row, text: str, now: float) -> None:
    add_line(
        connection, command["conversation_id"], words.SYSTEM, text, now,
        handoff_id=command["handoff_id"], kind="problem",
    )  # fmt: skip
