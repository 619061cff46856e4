"""What a person says to the customer: words, perhaps with buttons or in reply to one message; or a template."""

from __future__ import annotations

from typing import Any, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from handoff import floor, handoffs, outbox, tables, tracker_events
from handoff.channel import MARKETING, CustomerChannel, Rendered, TemplateProblem
from handoff.protocol import Envelope, ProtocolError

MAX_TEXT = 20_000
MAX_BUTTONS = 10

Agent = Mapping[str, str]


def send(
    connection: Connection,
    channel: CustomerChannel,
    conversation: RowMapping,
    command: Envelope,
    agent: Agent,
    now: float,
) -> Mapping[str, Any]:
    """Add a person's message to the tracker and the outbox.

    Raises:
        ProtocolError: 400 a field is wrong, 409 this customer may not be sent this.
    """
    rendered, words, metadata = _rendered(connection, channel, conversation, command, agent)
    said = {
        "event": "agent",
        "timestamp": now,
        "text": words,
        "metadata": {"agent_name": agent["name"], "command_id": command.id, **metadata},
    }
    tracker_events.append(connection, conversation["id"], [said])
    ids = [
        outbox.add_message(
            connection, conversation["id"], each,
            author=floor.HUMAN, epoch=conversation["epoch"], trace_id=command.id, at=now,
            handoff_id=conversation["handoff_id"], command_id=command.id,
        )
        for each in rendered
    ]  # fmt: skip
    return {"message_id": ids[0] if ids else None}


def _rendered(
    connection: Connection, channel: CustomerChannel, conversation: RowMapping, command: Envelope, agent: Agent
) -> tuple[list[Rendered], str, dict[str, Any]]:
    """The messages, their words for the tracker, and what else is known of them."""
    number, template = conversation["number"], command.data.get("template")
    if template is not None:
        message = _template(channel, conversation, template)
        return [message], message.text, {"template": template["name"]}
    text = command.data.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
        raise ProtocolError(400, "wrong_field", f"'data.text' must be a text of 1 to {MAX_TEXT} characters.")
    response: dict[str, Any] = {"text": _introduced(connection, conversation, agent, text)}
    if command.data.get("buttons"):
        response["buttons"] = _buttons(command.data["buttons"])
    metadata: dict[str, Any] = {}
    if command.data.get("reply_to"):
        response["reply_to"] = metadata["reply_to"] = _quoted(connection, conversation, command.data["reply_to"])
    return channel.render([response], number), text, metadata


def _template(channel: CustomerChannel, conversation: RowMapping, template: Any) -> Rendered:
    if not isinstance(template, dict):
        raise ProtocolError(400, "wrong_field", "'data.template' must be an object with name, language and parameters.")
    try:
        message = channel.template(conversation["number"], template)
    except TemplateProblem as problem:
        raise ProtocolError(400, "wrong_template", str(problem)) from problem
    if message.kind == MARKETING and conversation["opted_out"]:
        words = "This customer has asked for no more marketing messages, so this template was not sent."
        raise ProtocolError(400, "opted_out", words)
    return message


def _buttons(buttons: Any) -> list[dict[str, str]]:
    usable = isinstance(buttons, list) and len(buttons) <= MAX_BUTTONS
    if not usable or not all(isinstance(each, dict) and isinstance(each.get("title"), str) for each in buttons):
        words = f"'data.buttons' must be a list of at most {MAX_BUTTONS} objects with 'title' and perhaps 'payload'."
        raise ProtocolError(400, "wrong_field", words)
    return [{"title": each["title"], "payload": str(each.get("payload") or each["title"])} for each in buttons]


def _quoted(connection: Connection, conversation: RowMapping, message_id: Any) -> str:
    """The provider's id of a message of this conversation, given by that id or, of our own, by the outbox's."""
    came, went = tables.inbox.c, tables.outbox.c
    query = sa.select(came.message_id).where(came.conversation_id == conversation["id"], came.message_id == message_id)
    ours = sa.select(went.provider_id).where(went.conversation_id == conversation["id"])
    ours = ours.where(sa.or_(went.id == message_id, went.provider_id == message_id), went.provider_id.is_not(None))
    found = None
    if isinstance(message_id, str):
        found = connection.execute(query).scalar() or connection.execute(ours).scalar()
    if found is None:
        raise ProtocolError(400, "unknown_message", "The message to reply to is not in this conversation.")
    return str(found)


def _introduced(connection: Connection, conversation: RowMapping, agent: Agent, text: str) -> str:
    """The customer always knows who has them: a person's first words carry their name. It costs no message."""
    handoff = handoffs.current(connection, conversation)
    if handoff["greeted_by"] == agent["id"]:
        return text
    connection.execute(
        tables.handoffs.update().where(tables.handoffs.c.id == handoff["id"]).values(greeted_by=agent["id"])
    )
    return f"*{agent['name']}:*\n{text}"
