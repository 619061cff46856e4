"""What an agent may send besides words: templates, buttons, a reply to one message."""

from __future__ import annotations

from typing import Any

import pytest

from handoff import conversations, protocol, tables
from tests.support.bridge_rig import Rig, Server

pytest_plugins = ["tests.support.bridge_fixtures"]


@pytest.fixture
def handed(rig: Rig) -> tuple[str, str, Server]:
    """A conversation that a person has: its id, its handoff's, and a server."""
    conversation_id = rig.receive("person please")
    server = rig.server()
    rig.settle(server)
    return conversation_id, rig.row(conversation_id)["handoff_id"], server


def test_an_agents_template_goes_out_with_its_words_in_the_story(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, _ = handed
    template = {"name": "answer_ready", "language": "en", "parameters": ["it is solved"]}
    applied = rig.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, template=template)
    assert applied.status == 200
    line = rig.rows(tables.outbox, id=applied.answer["message_id"])[0]
    assert (line["kind"], line["payload"]["text"]) == ("template", "Answer: it is solved")
    (event,) = [row for row in rig.rows(tables.events, sender_id=conversation_id) if row["type_name"] == "agent"]
    assert "Answer: it is solved" in event["data"]


@pytest.mark.parametrize("template", ["answer_ready", {"name": "unknown", "language": "en"}])
def test_a_template_that_cannot_be_sent_is_refused_and_says_why(rig: Rig, handed: Any, template: Any) -> None:
    conversation_id, handoff_id, _ = handed
    applied = rig.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, template=template)
    assert applied.status == 400 and "template" in applied.answer["error"]["message"]


def test_a_template_that_advertises_is_refused_for_who_opted_out(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, _ = handed
    rig.write(lambda connection: conversations.update(connection, conversation_id, opted_out=True))
    template = {"name": "answer_ready", "parameters": ["buy"], "kind": "marketing"}
    applied = rig.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, template=template)
    assert (applied.status, applied.answer["error"]["code"]) == (400, "opted_out")


def test_an_agent_replies_to_one_message_and_offers_buttons(rig: Rig, handed: Any) -> None:
    conversation_id, _, _ = handed
    (asked,) = rig.rows(tables.inbox)
    rig.say(conversation_id, "This one?", reply_to=asked["message_id"], buttons=[{"title": "Yes"}])
    assert rig.channel.rendered[-1]["reply_to"] == asked["message_id"]
    assert rig.channel.rendered[-1]["buttons"] == [{"title": "Yes", "payload": "Yes"}]
    rig.settle(rig.server())
    mine = rig.outbox(conversation_id)[-1]
    rig.say(conversation_id, "As I said", reply_to=mine["id"])
    assert rig.channel.rendered[-1]["reply_to"] == mine["provider_id"]


@pytest.mark.parametrize("field", [{"reply_to": "wamid.of.somebody.else"}, {"buttons": "Yes"}, {"buttons": [{}]}])
def test_a_reply_with_wrong_fields_is_refused(rig: Rig, handed: Any, field: dict[str, Any]) -> None:
    conversation_id, _, _ = handed
    assert rig.say(conversation_id, "This one?", **field).status == 400
