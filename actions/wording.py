"""Days, lists and waits as people say them, to be put into the responses of domain.yml."""

from __future__ import annotations

from datetime import date
from typing import Sequence

from handoff.waiting import day_words


def day(when: date, today: date) -> str:
    """``today``, ``tomorrow``, ``yesterday``, or ``on Thursday 27 November``."""
    return day_words(when, today)


def listed(items: Sequence[str]) -> str:
    """``teapot, mugs and spoon``; the first letter of each small, because it stands in a sentence."""
    words = [item[:1].lower() + item[1:] for item in items]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def money(pence: int) -> str:
    """``34 pounds``, ``34.50 pounds``, ``1 pound``."""
    if pence == 100:
        return "1 pound"
    return f"{pence // 100} pounds" if pence % 100 == 0 else f"{pence // 100}.{pence % 100:02} pounds"


def wait(seconds: int) -> str:
    """A wait in whole minutes, rounded up: nobody is promised less than it takes."""
    minutes = max(1, -(-seconds // 60))
    if minutes == 1:
        return "a minute"
    return f"{minutes} minutes" if minutes < 60 else "an hour or more"
