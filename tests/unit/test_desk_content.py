"""What customers send besides words: every captured message has its place on the desk's page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Iterator

import httpx
import pytest

from connectors.whatsapp_inbound import parse
from handoff.channel import Inbound
from tests.unit.desk_support import PASSWORD, DeskUnderTest
from tests.unit.test_desk_access import sign_in

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "whatsapp"
MESSAGES = {
    f"{file.stem}-{number}": message
    for file in sorted(FIXTURES.glob("*.json"))
    for number, message in enumerate(parse(json.loads(file.read_text())).messages)
}


@pytest.fixture
def agent(desk: DeskUnderTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.process.url, timeout=20) as client:
        assert sign_in(client, "sam@example.com", PASSWORD).status_code == 303
        yield client


def test_every_message_that_was_captured_can_be_looked_at(desk: DeskUnderTest, agent: httpx.Client) -> None:
    assert len(MESSAGES) > 20
    broken = [name for name, message in MESSAGES.items() if page_with(desk, agent, message).status_code != 200]
    assert not broken


def page_with(desk: DeskUnderTest, agent: httpx.Client, message: Inbound) -> httpx.Response:
    conversation_id = desk.waiting()
    desk.calls.say(
        conversation_id, f"handoff-{conversation_id}", message.text or "",
        kind=message.kind, details=message.content, message_id=message.message_id,
    )  # fmt: skip
    return agent.get(f"/conversations/{conversation_id}")
