"""Lines of a conversation as the templates want them: who said what, with which file, and what became of it."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from handoff.desk import quotes, view_content, words
from handoff.desk.times import Times
from handoff.desk.view_media import media_item

SAME_BREATH_SECONDS = 300.0

Row = Mapping[str, Any]

KINDS = words.KINDS
STATUS_LABELS = {
    words.SENDING: "Sending",
    words.SENT: "Sent",
    words.DELIVERED: "Delivered",
    words.READ: "Read",
    words.FAILED: "Not delivered",
    words.RETURNED: "Not sent",
}
CANNOT_BE_SHOWN = "WhatsApp does not pass this kind of message on. If it matters, ask them to write it."


def transcript(lines: Sequence[Row], sending: Mapping[str, Row], may_retry: bool, times: Times) -> list[dict[str, Any]]:
    """The lines with day separators between; consecutive messages of one author share a label.

    ``sending``: what is known of commands still on their way, by command id.
    """
    items: list[dict[str, Any]] = []
    day, before = None, None
    for line in lines:
        if times.day(line["order_at"]) != day:
            day, before = times.day(line["order_at"]), None
            items.append({"type": "day", "key": f"day-{line['id']}", "text": day})
        item = _line(line, sending, may_retry, times)
        item["joined"] = before is not None and _same_breath(before, line)
        items.append(item)
        before = line if item["type"] == "message" else None
    return items


def _line(line: Row, sending: Mapping[str, Row], may_retry: bool, times: Times) -> dict[str, Any]:
    key = f"line-{line['id']}"
    if line["kind"] == words.KIND_HANDOFF:
        topic = words.topic_label((line["details"] or {}).get("topic"))
        return {"type": "handoff", "key": key, "text": line["text"], "topic": topic, "at": line["at"]}
    if line["author"] == words.SYSTEM:
        problem = line["kind"] == "problem"
        return {"type": "system", "key": key, "text": line["text"], "at": line["at"], "problem": problem}
    ended = line["status"] in words.ENDED_STATUSES
    return {
        "type": "message",
        "key": key,
        "id": line["id"],
        "author": line["author"],
        "name": _speaker(line),
        "at": line["at"],
        "status": line["status"],
        "status_label": STATUS_LABELS.get(line["status"] or ""),
        "error": _error(line, sending.get(line["command_id"] or "")),
        "ended": ended,
        "may_retry": ended and may_retry,
        "may_be_quoted": quotes.may_be_quoted(line),
        **_said(line),
    }


def _said(line: Row) -> dict[str, Any]:
    """What is in the bubble."""
    details = line["details"] if isinstance(line["details"], Mapping) else {}
    deleted = line["deleted_at"] is not None
    media = None if deleted else media_item(line["media"])
    content = {} if deleted else view_content.of(details)
    # the bot's own text names what it sent; a file, a place or a card says itself what it is
    named = line["author"] != words.BOT and not media and not deleted
    kind = KINDS.get(line["kind"]) if named and line["kind"] != words.KIND_TEXT else None
    text = line["text"] or ""
    if not (text or media or content or kind or deleted):
        text = CANNOT_BE_SHOWN
    return {
        "kind": kind,
        "text": "" if deleted else text,
        "media": media,
        "content": content,
        "quoted": _quoted(line["quoted"]),
        "reaction": None if deleted else line["reaction"],
        "text_before": None if deleted else line["text_before"],
        "edited_at": None if deleted else line["edited_at"],
        "deleted": deleted,
    }


def _quoted(quoted: Any) -> dict[str, str] | None:
    """The message that is answered: who said it, and how it began."""
    if not isinstance(quoted, Mapping):
        return None
    who = {words.CUSTOMER: "Customer", words.BOT: "Bot", words.HUMAN: "Agent"}.get(str(quoted.get("author")), "")
    return {"who": who, "text": str(quoted.get("text") or "A message that is not on this desk")[:300]}


def _speaker(line: Row) -> str:
    defaults = {words.CUSTOMER: "Customer", words.BOT: "Bot", words.HUMAN: "Agent", words.NOTE: "Agent"}
    return str(line["name"] or defaults[line["author"]])


def _error(line: Row, command: Row | None) -> str | None:
    if line["status"] == words.SENDING and command and command["attempts"] > 1:
        return f"Still trying: {command['error'] or 'the bot server does not answer.'}"
    return str(line["error"]) if line["error"] else None


def _same_breath(before: Row, line: Row) -> bool:
    same = (before["author"], before["name"]) == (line["author"], line["name"])
    return bool(same and line["order_at"] - before["order_at"] < SAME_BREATH_SECONDS)
