"""WhatsApp's 24-hour window as agents see it: how long they may still answer freely, and that it is closed."""

from __future__ import annotations

from typing import Any

from handoff import protocol
from handoff.desk.times import DAY, HOUR, MINUTE, Times, left

WINDOW_SECONDS = float(DAY)
SOON_SECONDS = float(HOUR)
LAST_SECONDS = 15.0 * MINUTE


def closes_at(window_ends_at: float) -> float:
    """When the bridge lets no more free-form messages out: a little before WhatsApp does."""
    return window_ends_at - protocol.WINDOW_MARGIN_SECONDS


def is_closed(window_ends_at: float | None, now: float) -> bool:
    """A window that nobody told us of is not called closed: the bridge knows."""
    return window_ends_at is not None and now >= closes_at(window_ends_at)


def describe(window_ends_at: float | None, times: Times) -> dict[str, Any] | None:
    """The window in words, how urgent it is, and what the page needs to count on; None when it is not known."""
    if window_ends_at is None:
        return None
    closes = closes_at(window_ends_at)
    rest = closes - times.now
    return {
        "text": f"{left(rest)} left" if rest > 0 else "Template only",
        "urgency": _urgency(rest),
        "closed": rest <= 0,
        "closes_at": closes,
        "exact": ("They can be answered freely until " if rest > 0 else "Only a template reaches them since ")
        + times.exact(closes),
        "share": round(100 * min(1.0, max(0.0, rest / WINDOW_SECONDS))),
    }


def _urgency(rest: float) -> str:
    if rest <= 0:
        return "closed"
    if rest < LAST_SECONDS:
        return "danger"
    return "warning" if rest < SOON_SECONDS else ""
