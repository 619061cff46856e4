"""A message that failed, sent again as what it was: words, or a template."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff.desk import acts, template_acts, words
from handoff.desk.people import Agent
from handoff.desk.tables import messages


def retry(connection: Connection, conversation_id: str, agent: Agent, line_id: int, now: float) -> None:
    """Send a message that failed once more, as a new message; the old one keeps its mark.

    Raises:
        ActRefused: as ``reply``; 404 when there is no such failed message.
    """
    query = select(messages).where(messages.c.id == line_id, messages.c.conversation_id == conversation_id)
    line = connection.execute(query).mappings().first()
    if line is None or line["status"] not in words.ENDED_STATUSES:
        raise acts.ActRefused(404, "not_failed", "There is no message here that failed.")
    if (line["details"] or {}).get("template"):
        template_acts.send_again(connection, conversation_id, agent, line, now)
    else:
        acts.reply(connection, conversation_id, agent, line["text"], now, f"retry-{line_id}", line["quoted"])
