"""When people are there: opening hours and holidays in a time zone. Pure: the moment is always passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Iterator
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOOK_AHEAD_DAYS = 800
_MIDNIGHT = time(0)


@dataclass(frozen=True)
class Span:
    """Open from ``start`` until ``end`` on the clock of the wall. An end at 00:00 is the end of the day."""

    start: time
    end: time

    def holds(self, clock: time) -> bool:
        return self.start <= clock and (self.end == _MIDNIGHT or clock < self.end)


@dataclass(frozen=True)
class Holiday:
    """Closed all day, from ``first`` to ``last``, both included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Hours:
    """Opening hours. ``week`` has the spans of Monday to Sunday; None: always open. Moments must be time zone aware."""

    time_zone: str = "UTC"
    week: tuple[tuple[Span, ...], ...] | None = None
    holidays: tuple[Holiday, ...] = ()

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.time_zone)

    @property
    def always(self) -> bool:
        return self.week is None

    def is_open(self, at: datetime) -> bool:
        if self.week is None:
            return True
        local = at.astimezone(self.zone)
        clock = local.time()
        return any(span.holds(clock) for span in self._spans(local.date()))

    def next_opening(self, at: datetime) -> datetime | None:
        """The first moment from ``at`` on that is open, in UTC (``.astimezone(hours.zone)`` for people): ``at`` itself
        while it is open, None when nothing opens within about two years."""
        if self.is_open(at):
            return at.astimezone(timezone.utc)
        today = at.astimezone(self.zone).date()
        for days in range(LOOK_AHEAD_DAYS):
            day = today + timedelta(days)
            later = [moment for moment in self._beginnings(day) if moment >= at and self.is_open(moment)]
            if later:
                return min(later)
        return None

    def _spans(self, day: date) -> tuple[Span, ...]:
        if self.week is None or any(holiday.holds(day) for holiday in self.holidays):
            return ()
        return self.week[day.weekday()]

    def _beginnings(self, day: date) -> Iterator[datetime]:
        """Every moment (UTC) of a day at which it may open: a span's start, twice where the clock goes back over it,
        and the change of the clock itself, which can jump into a span."""
        spans = self._spans(day)
        for span in spans:
            for fold in (0, 1):
                yield datetime.combine(day, span.start, self.zone).replace(fold=fold).astimezone(timezone.utc)
        change = self._change_of_clock(day) if spans else None
        if change and change.astimezone(self.zone).date() == day:
            yield change

    def _change_of_clock(self, day: date) -> datetime | None:
        """The moment (UTC, to the second) at which the clock changes on this day."""
        # a little around it: in some zones the clock changes at midnight, and that midnight is not there
        start = datetime.combine(day, _MIDNIGHT, self.zone).astimezone(timezone.utc) - timedelta(hours=2)
        end = start + timedelta(hours=28)
        before = self._offset(start)
        if self._offset(end) == before:
            return None
        low, high = 0, int((end - start).total_seconds())
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(start + timedelta(seconds=middle)) == before else (low, middle)
        return start + timedelta(seconds=high)

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self.zone).utcoffset()
