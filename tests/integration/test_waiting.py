"""Waiting for a person, on real processes: the desk is closed, or the bot answers meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.support.records import Records
from tests.support.stack import Stack

ASK_FOR_A_PERSON = "i want to talk to a person please"
STAY = "Stay with the bot"
PATIENCE = 60
RULES = """
version: 1
hours: {hours}
waiting: {{bot_answers: {bot_answers}, too_long: 5 min}}
"""


def rules(folder: Path, hours: str = "always", bot_answers: bool = False) -> dict[str, str]:
    """The setting that names a handoff.yml with these lines."""
    path = folder / "handoff.yml"
    path.write_text(RULES.format(hours=hours, bot_answers=str(bot_answers).lower()))
    return {"HANDOFF_FILE": str(path)}


def choices(message: dict[str, Any]) -> list[str]:
    return [button["reply"]["title"] for button in message["payload"]["interactive"]["action"]["buttons"]]


def test_out_of_hours_a_customer_leaves_a_message_that_an_agent_answers_later(start_stack: Any, tmp_path: Path) -> None:
    holiday = f"{{from: {date.today() - timedelta(1)}, to: {date.today() + timedelta(2)}}}"
    hours = f'{{time_zone: UTC, open: {{mon-sun: "00:00-24:00"}}, holidays: [{holiday}]}}'
    stack: Stack = start_stack(environ=rules(tmp_path, hours=hours))
    ana, sam = stack.phone("Ana"), stack.agent("sam")
    opening = date.today() + timedelta(3)
    ana.send(ASK_FOR_A_PERSON)
    closed = ana.wait_for("We are closed now", PATIENCE)
    assert f"{opening:%A} {opening.day} {opening:%B} at 0:00" in closed["text"]
    assert choices(closed) == ["Leave a message", STAY]
    ana.press("Leave a message")
    ana.wait_for("Please write here", PATIENCE)
    ana.send("my teapot came broken")
    ana.wait_for(f"your message is kept. We open on {opening:%A}", PATIENCE)
    ana.send("it was order 1043")
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    sam.wait_for_text(conversation_id, "order 1043", PATIENCE)
    sam.wait_for_text(conversation_id, "your message is kept", PATIENCE)
    sam.accept(conversation_id)
    sam.say(conversation_id, "I send another one.")
    ana.wait_for("another one", PATIENCE)
    assert len([message for message in ana.received() if "is kept" in message["text"]]) == 1


def test_a_bot_that_answers_while_the_customer_waits_falls_silent_when_a_person_comes(
    start_stack: Any, tmp_path: Path
) -> None:
    stack: Stack = start_stack(environ=rules(tmp_path, bot_answers=True))
    ana, sam, records = stack.phone("Ana"), stack.agent("sam"), Records(stack)
    ana.send(ASK_FOR_A_PERSON)
    told = ana.wait_for("go on asking me", PATIENCE)
    assert "colleague" in told["text"] and choices(told) == [STAY]
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    ana.send("how long does delivery take")
    ana.wait_for("working days", PATIENCE)
    for text in ("how long does delivery take", "working days"):
        sam.wait_for_text(conversation_id, text, PATIENCE)
    sam.accept(conversation_id)
    sam.say(conversation_id, "Here I am.")
    ana.wait_for("Here I am", PATIENCE)
    ana.send("how long does delivery take")
    sam.say(conversation_id, "Three days.")
    ana.wait_for("Three days", PATIENCE)
    assert len([message for message in ana.received() if "working days" in message["text"]]) == 1
    sam.resolve(conversation_id)
    ana.wait_for("assistant again", PATIENCE)
    ana.send("how long does delivery take")
    ana.wait_for("working days", PATIENCE)

    ana.send(ASK_FOR_A_PERSON)
    ana.wait_for("go on asking me", PATIENCE)
    ana.press(STAY)
    ana.wait_for("nobody will take over", PATIENCE)
    handoffs = records.handoffs(conversation_id)
    assert [row["state"] for row in handoffs] == ["resolved", "cancelled"]
    ana.press(STAY)  # once more, on the old message
    assert "You're with Marigold's assistant." in ana.wait_for_reply(PATIENCE)["text"]
    said = [event["text"] for event in records.events(conversation_id, "user")]
    assert said.count(STAY) == 2
    ana.send("how long does delivery take")
    ana.wait_for("working days", PATIENCE)
