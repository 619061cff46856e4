"""Reads the `hours` of handoff.yml: days, times, holidays, time zone."""

from __future__ import annotations

import re
from datetime import date, time
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handoff.hours import DAYS, Holiday, Hours, Span
from handoff.strict_yaml import Mistakes, Section, Value, listed, shown

ALWAYS = "always"
_SPAN = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")
_WHERE = "hours"


def read_hours(value: Value | None, mistakes: Mistakes) -> Hours:
    """``always``, or time_zone, open and holidays. Without hours it is always open."""
    if value is None or value.data == ALWAYS:
        return Hours()
    section = Section(value, _WHERE, mistakes, ("time_zone", "open", "holidays"))
    zone = section.text("time_zone") if section.required("time_zone") else None
    if zone is not None and not _is_zone(zone):
        section.wrong(section.get("time_zone"), f"'{zone}' is no time zone; write one such as Europe/London")
        zone = None
    opening = section.required("open")
    week = _week(opening, mistakes) if opening else [()] * len(DAYS)
    holidays = section.get("holidays")
    return Hours(zone or "UTC", tuple(week), _holidays(holidays, section) if holidays else ())


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _week(value: Value, mistakes: Mistakes) -> list[tuple[Span, ...]]:
    week: list[tuple[Span, ...]] = [()] * len(DAYS)
    if not isinstance(value.data, dict) or not value.data:
        mistakes.add(value.line, f"{_WHERE}: 'open' must say days and times, such as {{mon-fri: \"09:00-18:00\"}}")
        return week
    for words, times in value.data.items():
        spans = _spans(times, mistakes)
        for day in _days(words, value.keys[words], mistakes):
            if week[day]:
                mistakes.add(
                    value.keys[words], f"{_WHERE}: {DAYS[day]} has hours already; put all its times in one list"
                )
            week[day] = spans
    return week


def _days(words: str, line: int, mistakes: Mistakes) -> list[int]:
    """The days of ``sat``, ``mon-fri`` or ``mon, wed``; Monday is 0."""
    found: list[int] = []
    for part in words.lower().split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or any(end not in DAYS for end in ends):
            mistakes.add(
                line, f"{_WHERE}: '{part.strip()}' is no day; allowed: {listed(DAYS)}, and spans such as mon-fri"
            )
            continue
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        found += range(first, last + 1) if first <= last else [*range(first, len(DAYS)), *range(last + 1)]
    return found


def _spans(value: Value, mistakes: Mistakes) -> tuple[Span, ...]:
    spans = [_span(item, mistakes) for item in (value.data if isinstance(value.data, list) else [value])]
    good = sorted((span for span in spans if span), key=lambda span: span.start)
    for earlier, later in pairwise(good):
        if earlier.end == time(0) or later.start < earlier.end:
            mistakes.add(value.line, f"{_WHERE}: two times of a day overlap")
    return tuple(good)


def _span(item: Value, mistakes: Mistakes) -> Span | None:
    found = _SPAN.fullmatch(item.data.strip()) if isinstance(item.data, str) else None
    if found is None:
        mistakes.add(item.line, f'{_WHERE}: {shown(item.data)} is no time of the day; write "09:00-18:00", with quotes')
        return None
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or start >= 24 * 60 or end > 24 * 60 or start >= end:
        mistakes.add(item.line, f"{_WHERE}: {shown(item.data)} must begin before it ends, within one day (up to 24:00)")
        return None
    return Span(time(from_hour, from_minute), time(to_hour % 24, to_minute))


def _holidays(value: Value, section: Section) -> tuple[Holiday, ...]:
    if not isinstance(value.data, list):
        section.wrong(value, "'holidays' must be a list of dates, or of {from: date, to: date}")
        return ()
    found = [_holiday(item, section) for item in value.data]
    return tuple(holiday for holiday in found if holiday)


def _holiday(item: Value, section: Section) -> Holiday | None:
    if not isinstance(item.data, dict):
        day = _date(item, section)
        return Holiday(day, day) if day else None
    ends = Section(item, f"{_WHERE}, holidays", section.mistakes, ("from", "to"))
    values = [ends.required("from"), ends.required("to")]
    first, last = [_date(value, section) if value else None for value in values]
    if first and last and first > last:
        section.wrong(item, f"a holiday from {first} cannot last until {last}")
        return None
    return Holiday(first, last) if first and last else None


def _date(item: Value, section: Section) -> date | None:
    try:
        return date.fromisoformat(item.data)
    except (TypeError, ValueError):
        section.wrong(item, f"{shown(item.data)} is no date; write it as 2026-12-25")
        return None
