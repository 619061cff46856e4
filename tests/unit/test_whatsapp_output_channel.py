"""Rasa's output channel: all that the bot says goes into the turn, whole, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.whatsapp import WhatsAppOutput
from handoff.inbox import Item
from handoff.turn import Turn, in_turn


@pytest.fixture
def turn() -> Turn:
    return Turn(item=object.__new__(Item))


async def test_a_response_is_said_whole_and_as_a_copy(turn: Turn) -> None:
    response: dict[str, Any] = {"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/yes"}], "image": "i"}
    with in_turn(turn):
        await WhatsAppOutput().send_response("c1", response)
    response["buttons"].clear()
    assert turn.responses == [{"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/yes"}], "image": "i"}]


async def test_every_way_in_which_rasa_sends_goes_into_the_turn(turn: Turn) -> None:
    channel = WhatsAppOutput()
    with in_turn(turn):
        await channel.send_text_message("c1", "Hello", extra=1)
        await channel.send_image_url("c1", "https://example.com/a.jpg")
        await channel.send_attachment("c1", "https://example.com/a.pdf")
        await channel.send_text_with_buttons("c1", "?", [{"title": "Yes"}])
        await channel.send_quick_replies("c1", "?", [{"title": "No"}])
        await channel.send_elements("c1", iter([{"title": "Mug"}]))
        await channel.send_custom_json("c1", {"whatsapp": {}})
    assert turn.responses == [
        {"text": "Hello", "extra": 1},
        {"image": "https://example.com/a.jpg"},
        {"attachment": "https://example.com/a.pdf"},
        {"text": "?", "buttons": [{"title": "Yes"}]},
        {"text": "?", "quick_replies": [{"title": "No"}]},
        {"elements": [{"title": "Mug"}]},
        {"custom": {"whatsapp": {}}},
    ]


async def test_outside_a_turn_nothing_can_be_said() -> None:
    with pytest.raises(LookupError):
        await WhatsAppOutput().send_text_message("c1", "Hello")
