"""Fields of a webhook, any of which may be missing or of another kind than expected."""

from __future__ import annotations

import re
from typing import Any, Mapping

Json = Mapping[str, Any]

_PHONE = re.compile(r"[0-9]{1,20}")
_LATEST = 4102444800.0  # the year 2100: a later timestamp is not in seconds


def object_in(parent: Any, key: str) -> Json:
    """A part of an object; an empty one when it is missing or no object."""
    part = parent.get(key) if isinstance(parent, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def text_of(value: Any) -> str | None:
    """A string with something in it."""
    return value if isinstance(value, str) and value.strip() else None


def phone_of(value: Any) -> str | None:
    """A WhatsApp id: digits only. A user id that turns up in its place is none."""
    return value if isinstance(value, str) and _PHONE.fullmatch(value) else None


def integer_of(value: Any) -> int | None:
    """A whole number of at most 32 bits."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31 else None


def time_of(item: Json, default: float) -> float:
    """A timestamp in Unix seconds: WhatsApp writes it as a string, and in some fields as a number."""
    raw = item.get("timestamp")
    try:
        at = float(raw) if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else 0.0
    except (ValueError, OverflowError):
        at = 0.0
    return at if 0.0 < at < _LATEST else default


def label_of(value: Any) -> str:
    """A name for counting: short, whatever the value is."""
    return value[:40] if isinstance(value, str) else str(integer_of(value) or "?")
