"""What agents see of the 24-hour window, and that the desk does not take what could not be sent."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest

from handoff import protocol
from handoff.desk import window
from handoff.desk.times import Times
from tests.unit.desk_support import DeskUnderTest

pytest_plugins = ["tests.unit.desk_support"]

NOW = 1_700_000_000.0
TIMES = Times(NOW, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "left, text, urgency",
    [
        (23 * 3600 + 600, "23 h 10 min left", ""),
        (3600, "1 h 0 min left", ""),
        (3599, "59 min left", "warning"),
        (900, "15 min left", "warning"),
        (899, "14 min left", "danger"),
        (1, "0 min left", "danger"),
        (0, "Template only", "closed"),
        (-3600, "Template only", "closed"),
    ],
)
def test_the_countdown_warns_before_the_window_closes(left: float, text: str, urgency: str) -> None:
    shown = window.describe(NOW + protocol.WINDOW_MARGIN_SECONDS + left, TIMES)
    assert shown is not None
    assert (shown["text"], shown["urgency"], shown["closed"]) == (text, urgency, urgency == "closed")


def test_a_window_that_nobody_told_of_is_not_shown() -> None:
    assert window.describe(None, TIMES) is None and not window.is_closed(None, NOW)


def test_a_reply_after_the_window_is_not_taken_and_the_agent_hears_why(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted(window_ends_at=time.time() + protocol.WINDOW_MARGIN_SECONDS - 1)
    answer = desk.sam.post(conversation_id, "messages", {"text": "Hello"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "window_closed")
    assert "template" in answer.json()["error"]["message"]
    assert not desk.sam.texts(conversation_id, "human")


def test_a_customer_who_writes_again_opens_the_window_on_the_desk(desk: DeskUnderTest) -> None:
    conversation_id = desk.accepted(window_ends_at=time.time() - 1)
    handoff_id = f"handoff-{conversation_id}"
    desk.calls.say(conversation_id, handoff_id, "hello?", window_ends_at=time.time() + 86_400)
    assert desk.sam.post(conversation_id, "messages", {"text": "Hello"}).status_code in (200, 201, 202)
