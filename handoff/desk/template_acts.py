"""Sending a template: the one thing that reaches a customer whose 24 hours are over."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import words
from handoff.desk.acts import ActRefused, load, log, new_id, require_owner, set_columns
from handoff.desk.commands import enqueue
from handoff.desk.people import Agent
from handoff.desk.tables import messages
from handoff.desk.template_shelf import words as words_of
from handoff.desk.transcript import add_line

KIND = "template"

Row = Mapping[str, Any]


def send_template(
    connection: Connection, conversation_id: str, agent: Agent, template: Row, values: Mapping[str, str], now: float,
    key: str | None = None,
) -> str:  # fmt: skip
    """Send a template with its gaps filled; returns the command's id. ``key`` makes sending it twice the same as once.

    Raises:
        ActRefused: 400 a gap is empty, 404 unknown, 409 the agent does not have the conversation.
    """
    empty = [str(field["name"]) for field in template["fields"] if not values.get(field["key"], "").strip()]
    if empty:
        raise ActRefused(400, "empty", f"Fill in every gap first: {', '.join(empty)}.")
    filled_in = {"name": template["name"], "language": template["language"], "parameters": dict(values)}
    return _send(connection, conversation_id, agent, filled_in, words_of(template, values), now, key)


def send_again(connection: Connection, conversation_id: str, agent: Agent, line: Row, now: float) -> str:
    """Send the template of a line once more, as a new message."""
    template = (line["details"] or {})["template"]
    return _send(connection, conversation_id, agent, template, line["text"], now, f"retry-{line['id']}")


def _send(
    connection: Connection, conversation_id: str, agent: Agent, template: Row, text: str, now: float, key: str | None
) -> str:
    conversation = load(connection, conversation_id)
    command_id = f"msg-{agent.id}-{key}"[:255] if key else new_id("msg")
    if connection.execute(select(messages.c.id).where(messages.c.command_id == command_id)).first() is not None:
        return command_id
    require_owner(connection, conversation, agent)
    add_line(
        connection, conversation_id, words.HUMAN, text, now, name=agent.name, agent_id=agent.id, kind=KIND,
        command_id=command_id, status=words.SENDING, status_at=now, handoff_id=conversation["handoff_id"],
        details={"template": dict(template)},
    )  # fmt: skip
    set_columns(connection, conversation_id, unread=0, waiting_since=None)
    data = {"agent": agent.for_bridge(), "template": dict(template)}
    enqueue(connection, command_id, protocol.AGENT_MESSAGE, conversation, data, now)
    log(connection, "replied", conversation, agent, now, {"command_id": command_id, "template": template["name"]})
    return command_id
