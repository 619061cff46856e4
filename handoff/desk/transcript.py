"""Lines of a conversation's transcript: adding one, and merging what the bridge already knew."""

from __future__ import annotations

import hashlib
from typing import Any, Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from handoff.desk import words
from handoff.desk.database import insert_once
from handoff.desk.tables import conversations, messages

# two records of one line that carry no common id: how far apart their times may be
SAME_LINE_SECONDS = 120.0
PREVIEW_LENGTH = 200


def add_line(connection: Connection, conversation_id: str, author: str, text: str, at: float, **more: Any) -> bool:
    """Add a line at the end of the transcript. False when a line with its id is there already.

    ``more`` are further columns of ``messages``. A line never goes above what people have already read: a customer's
    clock may run behind ours.
    """
    order_at = more.pop("order_at", None)
    if order_at is None:
        order_at = max(at, _end_of(connection, conversation_id))
    values = {"kind": words.KIND_TEXT, **more}
    values.update(conversation_id=conversation_id, author=author, text=text, at=at, order_at=order_at)
    if not insert_once(connection, messages, values):
        return False
    if author in (words.CUSTOMER, words.BOT, words.HUMAN):
        _set_preview(connection, conversation_id, author, more.get("name"), text, values["kind"], order_at)
    return True


def merge(connection: Connection, conversation_id: str, handoff_id: str, lines: Iterable[Any]) -> float:
    """Add the lines of a handoff context's transcript that are not there yet; returns the time of the last one."""
    known = _known_lines(connection, conversation_id)
    order_at = 0.0
    for position, line in enumerate(lines):
        if not isinstance(line, Mapping):
            continue
        author = line.get("author") if line.get("author") in words.AUTHORS else words.SYSTEM
        text = str(line.get("text") or "")
        at = float(line.get("at") or order_at)
        order_at = max(order_at, at)
        bridge_id = line.get("message_id")
        if _take_known(known, bridge_id, str(author), text, at):
            continue
        add_line(
            connection,
            conversation_id,
            str(author),
            text,
            at,
            order_at=order_at,
            handoff_id=handoff_id,
            name=line.get("name"),
            kind=str(line.get("kind") or words.KIND_TEXT)[:32],
            details=line.get("details"),
            **later_columns(line),
            bridge_id=str(bridge_id) if bridge_id else _made_up_id(position, str(author), text, at),
        )
    return order_at


def media_columns(given: Any) -> dict[str, Any]:
    """The columns of a line's file, as the bridge describes it."""
    if not isinstance(given, Mapping) or not given.get("id"):
        return {}
    return {"media_id": str(given["id"])[:64], "media": dict(given)}


def later_columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a line's file, its quote, and what has happened to it by now."""
    columns = media_columns(given.get("media"))
    if isinstance(given.get("quoted"), Mapping):
        columns["quoted"] = dict(given["quoted"])
    if given.get("reaction"):
        columns["reaction"] = str(given["reaction"])[:64]
    for name in ("edited_at", "deleted_at"):
        if isinstance(given.get(name), (int, float)):
            columns[name] = float(given[name])
    if given.get("text_before") is not None:
        columns["text_before"] = str(given["text_before"])
    return columns


def _known_lines(connection: Connection, conversation_id: str) -> list[dict[str, Any]]:
    columns = (messages.c.bridge_id, messages.c.author, messages.c.text, messages.c.at)
    rows = connection.execute(select(*columns).where(messages.c.conversation_id == conversation_id))
    return [dict(row) for row in rows.mappings()]


def _take_known(known: list[dict[str, Any]], bridge_id: Any, author: str, text: str, at: float) -> bool:
    """True when the line is there already; each known line answers for one line only."""
    for index, line in enumerate(known):
        if bridge_id and line["bridge_id"]:
            same = line["bridge_id"] == bridge_id
        else:
            near = abs(line["at"] - at) <= SAME_LINE_SECONDS
            same = line["author"] == author and line["text"] == text and near
        if same:
            del known[index]
            return True
    return False


def _made_up_id(position: int, author: str, text: str, at: float) -> str:
    return "line:" + hashlib.sha256(f"{position}|{author}|{at}|{text}".encode()).hexdigest()[:40]


def _end_of(connection: Connection, conversation_id: str) -> float:
    query = select(func.max(messages.c.order_at)).where(messages.c.conversation_id == conversation_id)
    return float(connection.execute(query).scalar() or 0.0)


def _set_preview(
    connection: Connection,
    conversation_id: str,
    author: str,
    name: str | None,
    text: str,
    kind: str,
    at: float,
) -> None:
    preview = text[:PREVIEW_LENGTH] or words.KINDS.get(kind, f"({kind})")
    connection.execute(
        conversations.update()
        .where(conversations.c.id == conversation_id, conversations.c.last_at <= at)
        .values(last_author=author, last_name=name, last_text=preview, last_at=at)
    )
