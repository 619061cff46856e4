from __future__ import annotations

import pytest
from rasa_sdk import Action

from actions.messages import ActionStartMessages, ActionStopMessages
from tests.unit.care_support import responses, run, tracker


@pytest.mark.parametrize(
    ("action", "opted_out", "said"),
    [(ActionStopMessages(), True, "utter_messages_stopped"), (ActionStartMessages(), False, "utter_messages_started")],
)
async def test_news_stop_and_start_at_one_word_and_it_is_said_once(action: Action, opted_out: bool, said: str) -> None:
    slots, messages = await run(action, tracker())
    assert slots == {"opted_out": opted_out}
    assert responses(messages) == [said]
