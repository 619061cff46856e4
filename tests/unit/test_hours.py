"""Opening hours: what is open now, and when it opens next, over days on which the clock changes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handoff.handoff_file import HandoffFileError, read
from handoff.hours import Holiday, Hours, Span

LONDON = ZoneInfo("Europe/London")
SHOP = """
version: 1
hours:
  time_zone: Europe/London
  open: {mon-fri: "09:00-18:00", sat: ["10:00-12:00", "13:00-14:00"]}
  holidays: [2026-12-25, {from: 2026-12-31, to: 2027-01-01}]
"""


def hours() -> Hours:
    return read(SHOP).hours


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("now", "is_open", "opens"),
    [
        ("2026-11-23 08:59", False, "2026-11-23 09:00"),
        ("2026-11-23 09:00", True, "2026-11-23 09:00"),
        ("2026-11-23 17:59", True, "2026-11-23 17:59"),
        ("2026-11-23 18:00", False, "2026-11-24 09:00"),
        ("2026-11-21 12:30", False, "2026-11-21 13:00"),  # lunch on Saturday
        ("2026-11-21 14:00", False, "2026-11-23 09:00"),
        ("2026-12-24 18:00", False, "2026-12-26 10:00"),  # over Christmas
        ("2026-12-30 18:00", False, "2027-01-02 10:00"),
        ("2026-12-31 11:00", False, "2027-01-02 10:00"),
    ],
)
def test_the_shop_as_its_sign_says(now: str, is_open: bool, opens: str) -> None:
    assert hours().is_open(london(now)) is is_open
    assert hours().next_opening(london(now)) == london(opens)


def test_the_answer_is_in_utc_and_can_be_shown_in_the_shops_own_time() -> None:
    opens = hours().next_opening(london("2026-07-06 03:00"))
    assert opens is not None and opens.isoformat() == "2026-07-06T08:00:00+00:00"
    assert opens.astimezone(hours().zone).isoformat() == "2026-07-06T09:00:00+01:00"


def test_a_day_whose_clock_changes_is_open_by_the_clock_on_the_wall() -> None:
    sunday = Hours("Europe/London", (*[()] * 6, (Span(time(9), time(18)),)))
    assert sunday.next_opening(london("2026-03-29 00:10")) == datetime(2026, 3, 29, 8, 0, tzinfo=timezone.utc)
    assert sunday.next_opening(london("2026-10-25 00:10")) == datetime(2026, 10, 25, 9, 0, tzinfo=timezone.utc)


def test_hours_that_the_clock_jumps_over_begin_with_the_jump() -> None:
    sunday = Hours("Europe/London", (*[()] * 6, (Span(time(1, 30), time(3)),)))
    assert sunday.next_opening(london("2026-03-29 00:10")) == datetime(2026, 3, 29, 1, 0, tzinfo=timezone.utc)


def test_a_change_of_the_clock_tomorrow_is_not_todays() -> None:
    """Its jump is inside tomorrow's hours, which began before it."""
    week = (*[()] * 5, (Span(time(0), time(0, 1)),), (Span(time(0), time(3, 1)),))
    saturday_evening = datetime(2026, 3, 8, 0, 0, tzinfo=timezone.utc)
    assert Hours("America/New_York", week).next_opening(saturday_evening) == saturday_evening + timedelta(hours=5)


def test_an_hour_that_comes_twice_opens_twice() -> None:
    sunday = Hours("Europe/London", (*[()] * 6, (Span(time(0, 30), time(1, 15)),)))
    between = datetime(2026, 10, 25, 0, 40, tzinfo=timezone.utc)  # 01:40, the first time
    assert not sunday.is_open(between)
    assert sunday.next_opening(between) == datetime(2026, 10, 25, 1, 0, tzinfo=timezone.utc)


def test_an_opening_in_the_hour_that_comes_twice_is_its_first_time_or_its_second() -> None:
    sunday = Hours("Europe/London", (*[()] * 6, (Span(time(1, 30), time(1, 40)),)))
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=timezone.utc) for hour in (0, 1))
    assert sunday.next_opening(london("2026-10-25 00:10")) == first
    assert sunday.next_opening(first + timedelta(minutes=20)) == second


def test_always_is_always() -> None:
    always = read("version: 1\nhours: always").hours
    assert always.always and always.is_open(london("2026-12-25 03:00"))
    assert always.next_opening(london("2026-12-25 03:00")) == london("2026-12-25 03:00")


def test_what_never_opens_has_no_next_opening() -> None:
    closed = Hours("Europe/London", tuple([()] * 7))
    assert closed.next_opening(london("2026-12-25 03:00")) is None


ZONES = ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"]
MINUTES = st.integers(0, 24 * 60)


@st.composite
def _spans(draw: Any) -> tuple[Span, ...]:
    ends = sorted(draw(st.lists(MINUTES, max_size=4, unique=True)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return tuple(Span(_clock(start), _clock(end)) for start, end in pairs if start < 24 * 60)


def _clock(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


@st.composite
def _hours(draw: Any) -> Hours:
    week = tuple(draw(_spans()) for _ in range(7))
    first = draw(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
    holidays = [Holiday(first, first + timedelta(draw(st.integers(0, 9))))] if draw(st.booleans()) else []
    return Hours(draw(st.sampled_from(ZONES)), week, tuple(holidays))


# around the days on which clocks change, and anywhere
CHANGES = [
    datetime(2026, *day, tzinfo=timezone.utc) for day in ((3, 8), (3, 29), (4, 4), (9, 6), (10, 4), (10, 25), (11, 1))
]
MOMENTS = st.builds(
    lambda base, minutes: base + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-2000, 3000)
) | st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(timezone.utc))


@settings(max_examples=300, deadline=None)
@given(_hours(), MOMENTS, st.lists(st.floats(0, 1), max_size=20))
@example(
    Hours("America/Santiago", ((Span(time(0, 30), time(2)),),) * 7),
    datetime(2026, 9, 6, 3, 50, tzinfo=timezone.utc),
    [],
)
def test_the_next_opening_is_open_and_nothing_before_it_is(hours: Hours, at: datetime, probes: list[float]) -> None:
    opens = hours.next_opening(at)
    if opens is None:
        assert not hours.week or not any(hours.week) or hours.holidays
        return
    assert opens >= at and hours.is_open(opens)
    gap = opens - at
    steps = [gap * share for share in probes] + [gap - timedelta(seconds=back) for back in (1, 60, 1800, 3600, 7200)]
    minutes = [timedelta(minutes=step) for step in range(0, min(int(gap.total_seconds() // 60), 3000), 15)]
    for step in [*steps, *minutes]:
        if timedelta(0) <= step < gap:
            assert not hours.is_open(at + step), f"open at {at + step}, before {opens}"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("open: {mon-fry: '09:00-18:00'}", "line 4: hours: 'mon-fry' is no day"),
        ("open: {mon: '18:00-09:00'}", "must begin before it ends"),
        ("open: {mon: '09:00'}", "is no time of the day"),
        ("open: {mon: ['09:00-12:00', '11:00-13:00']}", "two times of a day overlap"),
        ("open: {mon-fri: '09:00-12:00', tue: '13:00-14:00'}", "tue has hours already"),
        ("open: {mon: '09:00-18:00'}\n  holidays: [2026-13-01]", "line 5: hours: '2026-13-01' is no date"),
        ("open: {mon: '09:00-18:00'}\n  holidays: [{from: 2026-12-31, to: 2026-01-01}]", "cannot last until"),
    ],
)
def test_a_mistake_in_the_hours_is_told_by_line(wrong: str, message: str) -> None:
    with pytest.raises(HandoffFileError) as caught:
        read(f"version: 1\nhours:\n  time_zone: Europe/London\n  {wrong}\n")
    assert message in str(caught.value)


def test_a_zone_that_is_not_known_is_told() -> None:
    with pytest.raises(HandoffFileError, match="'Europe/Londn' is no time zone"):
        read("version: 1\nhours: {time_zone: Europe/Londn, open: {mon: '09:00-18:00'}}")


def test_the_week_may_be_written_over_its_end() -> None:
    week = read("version: 1\nhours: {time_zone: UTC, open: {'sat-mon, wed': '09:00-24:00'}}").hours.week
    assert week is not None and [bool(spans) for spans in week] == [True, False, True, False, False, True, True]
    assert week[0][0].holds(time(23, 59, 59))
