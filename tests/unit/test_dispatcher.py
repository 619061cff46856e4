"""What the dispatcher says to whoever runs the service."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from handoff.channel import DeliveryError
from handoff.dispatcher import TELL_OPERATOR_EVERY, Dispatcher


def test_the_operator_is_told_once_a_minute_what_only_they_can_mend() -> None:
    nobody: Any = None
    now = 1000.0
    dispatcher = Dispatcher(nobody, nobody, nobody, "server/1/a", lambda: now)
    expired = DeliveryError("The token has expired.", retry=True, code=190, operator=True)
    with capture_logs() as told:
        for outcome in (expired, expired, DeliveryError("Busy.", retry=True, code=131016), "wamid.1", None):
            dispatcher._tell_operator(outcome)
        assert [(line["event"], line["code"], line["log_level"]) for line in told] == [
            ("baton.operator_needed", 190, "error")
        ]
        now += TELL_OPERATOR_EVERY
        dispatcher._tell_operator(expired)
        assert len(told) == 2
