"""What the dispatcher says to whoever runs the service."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from structlog.testing import capture_logs

from handoff import outbox
from handoff.alarms import TELL_EVERY, Alarms
from handoff.channel import DeliveryError, MediaError
from handoff.dispatcher import Dispatcher


async def test_a_delivery_that_waits_for_the_operator_tells_them() -> None:
    async def refuse(*_: Any, **__: Any) -> str:
        raise DeliveryError("The token has expired.", retry=True, code=190, operator=True)

    nobody: Any = None
    channel: Any = SimpleNamespace(deliver=refuse)
    dispatcher = Dispatcher(nobody, channel, nobody, "server/1/a", lambda: 1000.0)
    delivery: Any = SimpleNamespace(lane=outbox.CUSTOMER, to=None, payload={}, id="o1", trace_id="t", kind="text",
                                    conversation_id="c", attempts=0)  # fmt: skip
    with capture_logs() as told:
        await dispatcher._deliver(delivery)
    assert [line["event"] for line in told if line["log_level"] == "error"] == ["baton.operator_needed"]


def test_the_operator_is_told_once_a_minute_what_only_they_can_mend() -> None:
    now = 1000.0
    alarms = Alarms(lambda: now)
    expired = DeliveryError("The token has expired.", retry=True, code=190, operator=True)
    with capture_logs() as told:
        for outcome in (expired, expired, DeliveryError("Busy.", retry=True, code=131016), None):
            alarms.tell(outcome)
        assert [(line["event"], line["code"], line["log_level"]) for line in told] == [
            ("baton.operator_needed", 190, "error")
        ]
        now += TELL_EVERY
        alarms.tell(expired)
        assert len(told) == 2


def test_the_operator_is_told_once_a_minute_why_files_do_not_come() -> None:
    now = [0.0]
    alarms = Alarms(lambda: now[0])
    full = MediaError("The file could not be kept (OSError).", retry=True, operator=True)
    with capture_logs() as told:
        for moment in (0.0, 1.0, 59.0, 61.0):
            now[0] = moment
            alarms.tell_of_file(full)
            alarms.tell_of_file(MediaError("WhatsApp does not answer.", retry=True))
    assert [line["reason"] for line in told] == [str(full)] * 2
