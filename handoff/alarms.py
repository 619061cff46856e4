"""An error line for what only whoever runs the service can mend; one a minute for each code."""

from __future__ import annotations

import structlog

from handoff.channel import DeliveryError, Remedy
from handoff.clock import Clock

log = structlog.get_logger(__name__)

TELL_EVERY = 60.0


class Alarms:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._told: dict[int, float] = {}

    def tell(self, error: DeliveryError | None) -> None:
        """Say so, if this error is the operator's: whether messages wait (PARK), or are lost until it is mended."""
        if error is None or not error.operator:
            return
        now = self.clock()
        if now - self._told.get(error.code, -TELL_EVERY) >= TELL_EVERY:
            self._told[error.code] = now
            messages = "wait" if error.remedy is Remedy.PARK else "are given up"
            log.error("baton.operator_needed", code=error.code, reason=str(error), messages=messages)
