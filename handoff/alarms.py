"""An error line for what only whoever runs the service can mend; one a minute for each cause."""

from __future__ import annotations

from typing import Any

import structlog

from handoff.channel import DeliveryError, MediaError, Remedy
from handoff.clock import Clock

log = structlog.get_logger(__name__)

TELL_EVERY = 60.0


class Alarms:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._told: dict[int | str, float] = {}

    def tell(self, error: DeliveryError | None) -> None:
        """Say so, if this error is the operator's: whether messages wait (PARK), or are lost until it is mended."""
        if error is not None and error.operator:
            messages = "wait" if error.remedy is Remedy.PARK else "are given up"
            self._say(error.code, code=error.code, reason=str(error), messages=messages)

    def tell_of_file(self, error: MediaError) -> None:
        """The same of a customer's file that does not come, or cannot be kept."""
        if error.operator:
            self._say(str(error), reason=str(error), files="wait")

    def _say(self, cause: int | str, **facts: Any) -> None:
        now = self.clock()
        if now - self._told.get(cause, -TELL_EVERY) >= TELL_EVERY:
            self._told[cause] = now
            log.error("baton.operator_needed", **facts)
