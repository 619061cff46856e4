"""Times as agents read them: relative in rows, the clock in the transcript, the exact time on hover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import unquote
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Times:
    """Formats Unix seconds for one agent: their zone, and the moment the page is made."""

    now: float
    zone: tzinfo

    def ago(self, at: float) -> str:
        """A span in one unit, as the page's script also writes it: now, 4 min, 2 h, 3 d."""
        return span(self.now - at)

    def clock(self, at: float) -> str:
        return self._local(at).strftime("%H:%M")

    def exact(self, at: float) -> str:
        return self._local(at).strftime("%A %-d %B %Y, %H:%M:%S")

    def iso(self, at: float) -> str:
        return self._local(at).isoformat(timespec="seconds")

    def day(self, at: float) -> str:
        """The name of a day for a separator."""
        day, today = self._local(at).date(), self._local(self.now).date()
        distance = (today - day).days
        if distance in (0, 1):
            return "Today" if distance == 0 else "Yesterday"
        return day.strftime("%A %-d %B" if day.year == today.year else "%A %-d %B %Y")

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.zone)


def span(seconds: float) -> str:
    if seconds < MINUTE:
        return "now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min"
    if seconds < DAY:
        return f"{int(seconds // HOUR)} h"
    return f"{int(seconds // DAY)} d"


def left(seconds: float) -> str:
    """How long a deadline is away: 23 h 10 min."""
    minutes = max(0, int(seconds // MINUTE))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def zone_named(name: str | None) -> tzinfo:
    """The zone that the browser named in a cookie, UTC when it named none that exists."""
    try:
        return ZoneInfo(unquote(name or "UTC"))
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
