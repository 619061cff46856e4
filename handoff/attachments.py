"""Files in what the bot says. Their bytes travel once, as ``data:`` addresses, and are not kept beyond that: not in the
tracker, not in a transcript, not in the outbox once they are sent."""

from __future__ import annotations

import re
from typing import Any, Mapping

MAX_NAME = 240

_BYTES = re.compile(r"(data:[\w.+-]+/[\w.+-]+[\w.+;=-]{0,200};base64,)[A-Za-z0-9+/]")


_CUT = re.compile(r"data:[\w.+-]+/[\w.+-]+[\w.+;=-]{0,200};base64,")


def without_bytes(value: Any) -> Any:
    """The same JSON value, with every ``data:`` address cut after its type; the value itself when there is none."""
    if isinstance(value, str):
        start = _BYTES.match(value)
        return start.group(1) if start else value
    if isinstance(value, Mapping):
        cut = {key: without_bytes(item) for key, item in value.items()}
        return cut if any(cut[key] is not value[key] for key in cut) else value
    if isinstance(value, list):
        items = [without_bytes(item) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def has_lost_bytes(value: Any) -> bool:
    """Has a ``data:`` address been cut after its type somewhere in this JSON value? Then it cannot be sent again."""
    if isinstance(value, str):
        return _CUT.fullmatch(value) is not None
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(has_lost_bytes(item) for item in items)


def kind_in(event: Mapping[str, Any]) -> str | None:
    """What kind of file a bot's event carries, such as ``document``; None when it carries none."""
    attachment = (event.get("data") or {}).get("attachment") if event.get("event") == "bot" else None
    kind = attachment.get("type") if isinstance(attachment, Mapping) else None
    return kind[:32] if isinstance(kind, str) and kind else None


def words_of(event: Mapping[str, Any]) -> str:
    """How the file in a bot's event reads in a transcript: ``[document] invoice-1042.pdf``."""
    kind = kind_in(event)
    if kind is None:
        return ""
    payload = event["data"]["attachment"].get("payload")
    fields = payload if isinstance(payload, Mapping) else {}
    names = (fields.get(key) for key in ("filename", "link", "url", "src"))
    name = next((name for name in names if isinstance(name, str) and name), "")
    caption = fields.get("caption")
    said = f"{caption}\n" if isinstance(caption, str) and caption else ""
    return f"{said}[{kind}] {without_bytes(name)[:MAX_NAME]}".rstrip()
