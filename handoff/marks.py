"""What happens to a message after it was said, kept beside it: reactions, edits, deletions."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from handoff import tables

REACTION = "reaction"
EDITED = "edited"
DELETED = "deleted"
GONE = "[deleted]"  # what is left of the words of a message that its sender has deleted

Event = Mapping[str, Any]

_row = tables.marks
_KEY = ("conversation_id", "message_id", "kind")


def put(connection: Connection, conversation_id: str, message_id: str, kind: str, value: Any, at: float) -> None:
    """Keep one mark; an earlier one of its kind goes."""
    insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name](_row)
    given = {"conversation_id": conversation_id, "message_id": message_id, "kind": kind, "value": value, "at": at}
    connection.execute(insert.values(given).on_conflict_do_update(index_elements=_KEY, set_={"value": value, "at": at}))


def take_away(connection: Connection, conversation_id: str, message_id: str, kind: str) -> None:
    this = (_row.c.conversation_id == conversation_id, _row.c.message_id == message_id, _row.c.kind == kind)
    connection.execute(_row.delete().where(*this))


def of(connection: Connection, conversation_id: str) -> list[Mapping[str, Any]]:
    query = sa.select(_row).where(_row.c.conversation_id == conversation_id).order_by(_row.c.at)
    return [dict(row) for row in connection.execute(query).mappings()]


def applied(events: Sequence[Event], marks: Iterable[Mapping[str, Any]]) -> list[Event]:
    """The events as they stand now: deleted words are gone, edited ones are the new ones, reactions in the metadata.

    What the bot said has no id of its own there (several responses may be one message): it is found by its words.
    """
    marked = list(events)
    for mark in marks:
        index = _place(marked, mark)
        if index is not None:
            marked[index] = _with(marked[index], mark)
    return marked


def each_once(events: Sequence[Event]) -> list[Event]:
    """Without the corrected messages that the bot heard anew: the message that they correct reads as they do."""
    here = {event.get("message_id") for event in events}
    return [event for event in events if _meta(event).get("edits") is None or _meta(event)["edits"] not in here]


def _place(events: Sequence[Event], mark: Mapping[str, Any]) -> int | None:
    said = str((mark["value"] or {}).get("said") or "")
    found = None
    for index, event in enumerate(events):
        if mark["message_id"] in (event.get("message_id"), _meta(event).get("message_id")):
            return index
        text = event.get("text")
        if said and event["event"] in ("bot", "agent") and text and text in said:
            found = index
    return found


def _with(event: Event, mark: Mapping[str, Any]) -> Event:
    value, meta = mark["value"] or {}, _meta(event)
    if mark["kind"] == REACTION:
        return {**event, "metadata": {**meta, "reaction": value.get("emoji")}}
    if mark["kind"] == DELETED:
        return {**event, "text": GONE, "metadata": {**_without_content(meta), "deleted_at": mark["at"]}}
    if meta.get("deleted_at"):
        return event
    before = {"text_before": event.get("text"), "edited_at": mark["at"]}
    return {**event, "text": value.get("text"), "metadata": {**meta, **before}}


def _without_content(meta: Mapping[str, Any]) -> dict[str, Any]:
    hidden = ("media", "content", "title", "text_before", "quoted", "reaction")
    return {name: value for name, value in meta.items() if name not in hidden}


def _meta(event: Event) -> Mapping[str, Any]:
    return event.get("metadata") or {}
