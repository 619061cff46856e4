"""What an agent does with a conversation. Each act is one transaction: state, transcript, command and log together."""

from __future__ import annotations

import secrets
from typing import Any, Mapping

from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import window, words
from handoff.desk.commands import enqueue
from handoff.desk.events import locked_conversation
from handoff.desk.journal import record
from handoff.desk.people import Agent
from handoff.desk.tables import agents, conversations, handoffs, messages
from handoff.desk.transcript import add_line

LONGEST_MESSAGE = 20_000

Row = Mapping[str, Any]


class ActRefused(Exception):
    """The act does not fit the conversation's state; nothing was changed. ``status`` is the HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def new_id(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(12)}"


def accept(connection: Connection, conversation_id: str, agent: Agent, now: float) -> None:
    """Take a waiting conversation. One agent gets it; doing it again changes nothing.

    Raises:
        ActRefused: 404 unknown, 409 somebody else has it or nobody waits.
    """
    conversation = load(connection, conversation_id)
    if conversation["state"] == words.ACTIVE and conversation["owner_id"] == agent.id:
        return
    if conversation["state"] == words.ACTIVE:
        owner = _name_of(connection, conversation["owner_id"])
        raise ActRefused(409, "taken", f"{owner} has this conversation. Ask them to transfer it to you.")
    if conversation["state"] != words.QUEUED:
        raise ActRefused(409, "not_waiting", "Nobody is waiting here: the bot has this conversation.")
    set_columns(connection, conversation_id, state=words.ACTIVE, owner_id=agent.id, unread=0)
    handoff = handoffs.c.id == conversation["handoff_id"]
    taken = {"state": words.ACTIVE, "agent_id": agent.id}
    connection.execute(handoffs.update().where(handoff).values(**taken))
    first_time = handoffs.c.accepted_at.is_(None)
    connection.execute(handoffs.update().where(handoff, first_time).values(accepted_at=now))
    _say(connection, conversation, f"{agent.name} joined", now, agent)
    enqueue(connection, new_id("join"), protocol.AGENT_JOINED, conversation, {"agent": agent.for_bridge()}, now)
    log(connection, "accepted", conversation, agent, now)


def reply(
    connection: Connection, conversation_id: str, agent: Agent, text: str, now: float, key: str | None = None,
    quoted: Row | None = None,
) -> str:  # fmt: skip
    """Send a text to the customer; returns the command's id. ``key`` makes sending it twice the same as once.
    ``quoted``: the customer's message that it replies to (`quotes.of_line`).

    Raises:
        ActRefused: 400 empty or too long, 404 unknown, 409 the agent does not have the conversation.
    """
    text = text.strip()
    if not text:
        raise ActRefused(400, "empty", "Write something first: the message is empty.")
    if len(text) > LONGEST_MESSAGE:
        raise ActRefused(400, "too_long", f"The message is too long: at most {LONGEST_MESSAGE} characters.")
    conversation = load(connection, conversation_id)
    command_id = f"msg-{agent.id}-{key}"[:255] if key else new_id("msg")
    known = select(messages.c.id).where(messages.c.command_id == command_id)
    if connection.execute(known).first() is not None:
        return command_id
    require_owner(connection, conversation, agent)
    if window.is_closed(conversation["window_ends_at"], now):
        raise ActRefused(409, "window_closed", "The 24 hours are over, so this was not sent. Send a template.")
    add_line(
        connection, conversation_id, words.HUMAN, text, now,
        name=agent.name, agent_id=agent.id, command_id=command_id, status=words.SENDING, status_at=now,
        handoff_id=conversation["handoff_id"], quoted=dict(quoted) if quoted else None,
    )  # fmt: skip
    set_columns(connection, conversation_id, unread=0, waiting_since=None)
    data = {"agent": agent.for_bridge(), "text": text, **({"reply_to": quoted["message_id"]} if quoted else {})}
    enqueue(connection, command_id, protocol.AGENT_MESSAGE, conversation, data, now)
    log(connection, "replied", conversation, agent, now, {"command_id": command_id})
    return command_id


def note(
    connection: Connection, conversation_id: str, agent: Agent, text: str, now: float, key: str | None = None
) -> None:
    """Leave a note that only agents see. ``key`` makes leaving it twice the same as once."""
    text = text.strip()
    if not text:
        raise ActRefused(400, "empty", "Write something first: the note is empty.")
    conversation = load(connection, conversation_id)
    added = add_line(
        connection, conversation_id, words.NOTE, text[:LONGEST_MESSAGE], now, name=agent.name, agent_id=agent.id,
        handoff_id=conversation["handoff_id"], bridge_id=f"note-{agent.id}-{key}"[:255] if key else None,
    )  # fmt: skip
    if added:
        log(connection, "noted", conversation, agent, now)


def transfer(
    connection: Connection, conversation_id: str, agent: Agent, to: Agent | None, reason: str, now: float
) -> None:
    """Give the conversation to another agent, or (``to`` None) back to the queue.

    Raises:
        ActRefused: 404 unknown, 409 the agent does not have it or it would go to themselves.
    """
    conversation = load(connection, conversation_id)
    require_owner(connection, conversation, agent)
    if to is not None and to.id == agent.id:
        raise ActRefused(409, "same_agent", "You have this conversation already. Choose somebody else.")
    owner = {"state": words.ACTIVE if to else words.QUEUED, "owner_id": to.id if to else None}
    waiting_since = conversation["waiting_since"] or now
    set_columns(
        connection,
        conversation_id,
        unread=max(1, conversation["unread"]),
        waiting_since=waiting_since,
        **owner,
    )
    connection.execute(
        handoffs.update()
        .where(handoffs.c.id == conversation["handoff_id"])
        .values(state=owner["state"], agent_id=owner["owner_id"])
    )
    target = to.name if to else "the queue"
    _say(connection, conversation, f"{agent.name} transferred this to {target}" + _because(reason), now, agent)
    data = {"agent": agent.for_bridge(), "to": to.for_bridge() if to else None, "reason": reason.strip()}
    enqueue(connection, new_id("transfer"), protocol.HANDOFF_TRANSFERRED, conversation, data, now)
    log(connection, "transferred", conversation, agent, now, {"to": owner["owner_id"]})


def resolve(
    connection: Connection, conversation_id: str, agent: Agent, outcome: str, note_text: str,
    slots: Mapping[str, Any], now: float, state: str = words.RESOLVED,
) -> None:  # fmt: skip
    """Close the handoff with an outcome, a note for the bot and corrected slots; the floor goes back to the bot.

    ``state`` is WITH_BOT when the agent only gives it back (see ``give_back``).

    Raises:
        ActRefused: 400 the outcome is not known, 404 unknown, 409 the agent does not have it.
    """
    if outcome not in protocol.OUTCOMES:
        raise ActRefused(400, "unknown_outcome", f"The outcome must be one of: {', '.join(protocol.OUTCOMES)}.")
    conversation = load(connection, conversation_id)
    require_owner(connection, conversation, agent)
    note_text = note_text.strip()[:LONGEST_MESSAGE]
    set_columns(connection, conversation_id, state=state, owner_id=None, waiting_since=None, unread=0)
    closed = {
        "state": words.RESOLVED,
        "closed_at": now,
        "outcome": outcome,
        "note": note_text,
        "agent_id": agent.id,
    }
    connection.execute(handoffs.update().where(handoffs.c.id == conversation["handoff_id"]).values(**closed))
    told = words.OUTCOME_LABELS[outcome].lower() if state == words.RESOLVED else "given back to the bot"
    verb = "resolved this: " if state == words.RESOLVED else "ended: "
    _say(connection, conversation, f"{agent.name} {verb}{told}" + _because(note_text), now, agent)
    data = {"agent": agent.for_bridge(), "outcome": outcome, "note": note_text, "slots": dict(slots)}
    data["seen_seq"] = conversation["seen_seq"]
    enqueue(connection, new_id("resolve"), protocol.HANDOFF_RESOLVED, conversation, data, now)
    kind = "resolved" if state == words.RESOLVED else "returned"
    log(connection, kind, conversation, agent, now, {"outcome": outcome, "slots": sorted(slots)})


def give_back(
    connection: Connection,
    conversation_id: str,
    agent: Agent,
    note_text: str,
    slots: Mapping[str, Any],
    now: float,
) -> None:
    """Let the bot go on: to the bridge this is a resolve with the outcome `unsolved` and a note."""
    resolve(connection, conversation_id, agent, "unsolved", note_text, slots, now, state=words.WITH_BOT)


def mark_read(connection: Connection, conversation_id: str) -> None:
    set_columns(connection, conversation_id, unread=0)


def load(connection: Connection, conversation_id: str) -> Row:
    conversation = locked_conversation(connection, conversation_id)
    if conversation is None:
        raise ActRefused(404, "unknown_conversation", "There is no such conversation on this desk.")
    return conversation


def require_owner(connection: Connection, conversation: Row, agent: Agent) -> None:
    if conversation["state"] == words.QUEUED:
        raise ActRefused(409, "not_accepted", "Nobody has accepted this conversation. Accept it first.")
    if conversation["state"] != words.ACTIVE:
        raise ActRefused(409, "stale_floor", "The bot has this conversation now, so nothing was sent.")
    if conversation["owner_id"] != agent.id:
        owner = _name_of(connection, conversation["owner_id"])
        raise ActRefused(409, "taken", f"{owner} has this conversation now. Leave a note, or ask for a transfer.")


def _name_of(connection: Connection, agent_id: str | None) -> str:
    name = connection.execute(select(agents.c.name).where(agents.c.id == agent_id)).scalar()
    return str(name or "Somebody else")


def set_columns(connection: Connection, conversation_id: str, **values: Any) -> None:
    connection.execute(conversations.update().where(conversations.c.id == conversation_id).values(**values))


def _say(connection: Connection, conversation: Row, text: str, now: float, agent: Agent) -> None:
    add_line(
        connection, conversation["id"], words.SYSTEM, text, now,
        handoff_id=conversation["handoff_id"], agent_id=agent.id,
    )  # fmt: skip


def log(
    connection: Connection, kind: str, conversation: Row, agent: Agent, now: float, data: Row | None = None
) -> None:
    record(connection, kind, now, conversation["id"], conversation["handoff_id"], agent.id, data)


def _because(text: str) -> str:
    return f" ({text.strip()})" if text.strip() else ""
