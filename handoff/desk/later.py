"""What happens to a line of the transcript after it was said: its file comes, it is reacted to, edited or deleted."""

from __future__ import annotations

from typing import Any, Mapping

from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import words
from handoff.desk.tables import conversations, handoffs, messages
from handoff.desk.transcript import media_columns

Row = Mapping[str, Any]

GONE = "[deleted]"
LONGEST_REACTION = 64
LOOKED_BACK = 200


def media_changed(connection: Connection, event: protocol.Envelope, now: float) -> None:
    """A customer's file is here, or will not come. A line that is not here yet will come with what is true then."""
    columns = media_columns(event.data.get("media"))
    line = line_of(connection, event)
    if line is not None and columns and line["deleted_at"] is None:
        _set(connection, line, **columns)


def reaction(connection: Connection, event: protocol.Envelope, now: float) -> None:
    """The customer reacts to a line, in another way than before, or takes it back."""
    emoji = event.data.get("emoji")
    line = line_of(connection, event)
    if line is not None:
        _set(connection, line, reaction=str(emoji)[:LONGEST_REACTION] if emoji else None)


def edited(connection: Connection, event: protocol.Envelope, now: float) -> None:
    """A line reads otherwise now; what it read at first is kept. Agents should look at it."""
    line = line_of(connection, event)
    text = str(event.data.get("text") or "")
    if line is None or line["deleted_at"] is not None or line["text"] == text:
        return
    before = line["text"] if line["text_before"] is None else line["text_before"]
    _set(connection, line, text=text, text_before=before, edited_at=float(event.data.get("at") or event.at or now))
    _preview(connection, event.conversation_id, line["text"], text)
    if line["author"] == words.CUSTOMER:
        table = conversations
        here = table.c.id == event.conversation_id
        connection.execute(table.update().where(here).values(unread=table.c.unread + 1))


def deleted(connection: Connection, event: protocol.Envelope, now: float) -> None:
    """The line is blank from now on, wherever its words were kept on this desk."""
    line = line_of(connection, event)
    if line is None:
        return
    blank = {"text": "", "text_before": None, "media": None, "media_id": None, "details": None, "quoted": None}
    _set(connection, line, **blank, reaction=None, deleted_at=float(event.data.get("at") or event.at or now))
    _preview(connection, event.conversation_id, line["text"], "(deleted)")
    said = [text for text in (line["text"], line["text_before"]) if text]
    _forget_in_contexts(connection, event.conversation_id, said, event.data.get("message_id"))


def line_of(connection: Connection, event: protocol.Envelope) -> Row | None:
    """The line of the message that an event is about. What the bot said before a handoff has no id here: it is found
    by its words."""
    data = event.data
    query = select(messages).where(messages.c.conversation_id == event.conversation_id)
    row: Row | None = None
    if data.get("message_id"):
        row = connection.execute(query.where(messages.c.bridge_id == str(data["message_id"]))).mappings().first()
    said = str(data.get("text") or "") if event.type == protocol.MESSAGE_REACTION else ""
    if row is not None or not said:
        return row
    ours = query.where(messages.c.author.in_((words.BOT, words.HUMAN)), messages.c.text != "")
    latest = connection.execute(ours.order_by(messages.c.order_at.desc(), messages.c.id.desc()).limit(LOOKED_BACK))
    return next((line for line in latest.mappings() if line["text"] in said), None)


def _set(connection: Connection, line: Row, **values: Any) -> None:
    connection.execute(messages.update().where(messages.c.id == line["id"]).values(**values))


def _preview(connection: Connection, conversation_id: str, before: str, after: str) -> None:
    """The list shows the last line, too."""
    here = (conversations.c.id == conversation_id, conversations.c.last_text == before[:200])
    connection.execute(conversations.update().where(*here).values(last_text=after[:200]))


def _forget_in_contexts(connection: Connection, conversation_id: str, said: list[str], message_id: Any) -> None:
    query = select(handoffs.c.id, handoffs.c.context).where(handoffs.c.conversation_id == conversation_id)
    for row in connection.execute(query).mappings().all():
        if row["context"]:
            context = _without(row["context"], said, message_id)
            connection.execute(handoffs.update().where(handoffs.c.id == row["id"]).values(context=context))


def _without(value: Any, said: list[str], message_id: Any) -> Any:
    """A handoff's context without these words: where they stand alone, or are quoted in a sentence."""
    if isinstance(value, str):
        if value in said:
            return GONE
        for text in said:
            value = value.replace(f"“{text}”", f"“{GONE}”")
        return value
    if isinstance(value, list):
        return [_without(item, said, message_id) for item in value]
    if not isinstance(value, dict):
        return value
    hidden = ("media", "details") if value.get("message_id") == message_id else ()
    return {name: None if name in hidden else _without(item, said, message_id) for name, item in value.items()}
