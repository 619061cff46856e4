"""How much a number may send: messages a second in all, and to one customer. By the pretended clock."""

from __future__ import annotations

from collections import deque
from typing import Callable

from connectors.simulator.errors import GraphError
from connectors.simulator.model import Settings

SECOND = 1.0


class Rates:
    """Counts what was accepted. ``now`` is the pretended time, ``settings`` gives the limits; 0 is none.

    A customer may get one message every ``pair_seconds``, and up to ``pair_burst`` at once: they are borrowed from the
    future, and paid back one by one. After a burst of 20 it takes 20 times ``pair_seconds`` until nothing is owed.
    """

    def __init__(self, now: Callable[[], float], settings: Callable[[], Settings]) -> None:
        self._now = now
        self._settings = settings
        self.forget()

    def forget(self) -> None:
        self._recent: dict[str, deque[float]] = {}
        self._owed_until: dict[tuple[str, str], float] = {}

    def received(self, number: str) -> None:
        """A customer's message: it counts for the number as much as one that is sent."""
        self._last_second(number).append(self._now())

    def spend(self, number: str, user_id: str) -> None:
        """Count a message to a customer.

        Raises:
            GraphError: 130429 too many a second, 131056 too many to this customer; nothing is counted.
        """
        settings, now = self._settings(), self._now()
        recent = self._last_second(number)
        if settings.throughput and len(recent) >= settings.throughput:
            raise GraphError(130429, f"More than {settings.throughput} messages in a second for this number.")
        owed_until = max(now, self._owed_until.get((number, user_id), now))
        if settings.pair_burst and owed_until - now > (settings.pair_burst - 1) * settings.pair_seconds:
            raise GraphError(131056, "Too many messages from this number to the same customer in a short time.")
        self._owed_until[number, user_id] = owed_until + settings.pair_seconds
        recent.append(now)

    def _last_second(self, number: str) -> deque[float]:
        recent = self._recent.setdefault(number, deque())
        while recent and recent[0] <= self._now() - SECOND:
            recent.popleft()
        return recent
