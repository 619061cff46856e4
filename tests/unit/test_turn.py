"""What a turn gathers: responses, with the customer's message in place of "last"."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from handoff import inbox
from handoff.turn import Turn


@pytest.mark.parametrize("kind, wanted", [(inbox.CUSTOMER, "wamid.7"), (inbox.RETURNED, None)])
def test_last_is_the_message_that_the_turn_answers(kind: str, wanted: str | None) -> None:
    item: Any = SimpleNamespace(kind=kind, message_id="wamid.7")
    turn = Turn(item)
    said = {"text": "This one?", "reply_to": "last"}
    turn.say(said)
    turn.say({"custom": {"reply_to": "last", "reaction": {"message_id": "last", "emoji": "x"}}})
    turn.say({"text": "That one", "reply_to": "wamid.3"})
    assert [response.get("reply_to") for response in turn.responses] == [wanted, None, "wamid.3"]
    assert turn.responses[1]["custom"] == {"reply_to": wanted, "reaction": {"message_id": wanted, "emoji": "x"}}
    assert said["reply_to"] == "last"
