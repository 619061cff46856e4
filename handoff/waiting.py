"""What waiting for a person is like: when a wait is too long, and when it has been in vain. Pure: the moment is passed
in. A wait counts while people are there, so that nobody's handoff runs out over a weekend."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from handoff.handoff_file import HandoffFile
from handoff.hours import Hours

STAY_WITH_BOT = "/continue_with_bot"  # the payload of the button by which a waiting customer goes back to the bot
LEAVE_MESSAGE = "/leave_message"  # and of the one by which they rather write down what it is about
CHOICES = (STAY_WITH_BOT, LEAVE_MESSAGE)

EXPIRES_AFTER_SECONDS = 23.5 * 3600.0  # not 24: who wrote once can still be told so, while their window is open
OPEN_BEFORE_EXPIRY_SECONDS = 8 * 3600.0  # a day's work: nobody can say that the desk had no time for it
_LONGEST_LOOK_SECONDS = 30 * 24 * 3600.0
_STEP = 900  # seconds


@dataclass(frozen=True)
class Patience:
    """How long customers wait, and what the bot does meanwhile: ``hours`` and ``waiting`` of handoff.yml."""

    hours: Hours = field(default_factory=Hours)
    too_long_seconds: float = 300.0
    bot_answers: bool = False

    @classmethod
    def of(cls, rules: HandoffFile) -> Patience:
        return cls(rules.hours, rules.waiting.too_long_seconds, rules.waiting.bot_answers)

    def is_open(self, now: float) -> bool:
        return self.hours.is_open(_moment(now))

    def expiry_cutoff(self, now: float) -> float:
        """Whoever has waited since this moment, or longer, has waited in vain: for a day, and for a day's opening hours
        within it. At most `_STEP` late."""
        if self.hours.always:
            return now - EXPIRES_AFTER_SECONDS
        return _cutoff(self.hours, int(now) // _STEP * _STEP)

    def opening(self, now: float) -> str:
        """When people are there again, in words that end a sentence (``tomorrow at 9:00``); empty when nobody knows."""
        return opening_words(self.hours, _moment(now))


def opening_words(hours: Hours, now: datetime) -> str:
    """``tomorrow at 9:00``: the next opening as seen from ``now``, on the desk's clock; empty when there is none."""
    opening = hours.next_opening(now)
    if opening is None:
        return ""
    return day_and_time(opening.astimezone(hours.zone), now.astimezone(hours.zone))


def day_and_time(when: datetime, now: datetime) -> str:
    """``tomorrow at 9:00``, both moments on the same clock."""
    return f"{day_words(when.date(), now.date())} at {when.hour}:{when:%M}"


def day_words(when: date, today: date) -> str:
    """``today``, ``tomorrow``, ``yesterday``, or ``on Thursday 27 November``."""
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((when - today).days)
    return near or f"on {when:%A} {when.day} {when:%B}"


@lru_cache(maxsize=8)  # asked twice a second, and the same for a quarter of an hour
def _cutoff(hours: Hours, now: int) -> float:
    at, opened = float(now), 0.0
    while now - at < _LONGEST_LOOK_SECONDS:
        if opened >= OPEN_BEFORE_EXPIRY_SECONDS and now - at >= EXPIRES_AFTER_SECONDS:
            break
        at -= _STEP
        if hours.is_open(_moment(at)):
            opened += _STEP
    return at


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, timezone.utc) + timedelta(seconds=seconds)
