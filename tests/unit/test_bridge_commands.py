"""What an agent channel may tell the bridge: each command, once, and only while its handoff has the floor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handoff import floor, inbox, outbox, protocol, tables
from handoff.channel import DeliveryError
from tests.support.bridge_rig import Rig, Server

pytest_plugins = ["tests.support.bridge_fixtures"]

SAM, ALEX = {"id": "a1", "name": "Sam"}, {"id": "a2", "name": "Alex"}
VALID: dict[str, dict[str, Any]] = {
    protocol.AGENT_JOINED: {},
    protocol.AGENT_TYPING: {},
    protocol.AGENT_MESSAGE: {"text": "hello"},
    protocol.HANDOFF_TRANSFERRED: {"to": ALEX, "reason": "knows more"},
    protocol.HANDOFF_RESOLVED: {"outcome": "solved", "note": "refunded", "slots": {"order_number": "1042"}},
    protocol.SLOTS_SET: {"slots": {"order_number": "1042"}},
}


@pytest.fixture
def handed(rig: Rig) -> tuple[str, str, Server]:
    """A conversation that waits for a person, its handoff, and the server."""
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.settle(one)
    rig.channel.accepted.clear()
    return conversation_id, rig.row(conversation_id)["handoff_id"], one


def events(rig: Rig, conversation_id: str) -> list[dict[str, Any]]:
    return [json.loads(row["data"]) for row in rig.rows(tables.events, sender_id=conversation_id)]


def code(applied: Any) -> str:
    return str(applied.answer["error"]["code"])


@pytest.mark.parametrize("kind", sorted(VALID))
def test_each_command_works_while_its_handoff_has_the_floor(kind: str, rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, _ = handed
    assert rig.command(kind, conversation_id, handoff_id, **VALID[kind]).status == 200


@pytest.mark.parametrize("kind", sorted(VALID))
def test_no_command_changes_anything_once_the_floor_has_moved(kind: str, rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, one = handed
    rig.resolve(conversation_id)
    rig.settle(one)
    before = [rig.rows(table) for table in (tables.events, tables.outbox, tables.handoffs, tables.conversations)]
    applied = rig.command(kind, conversation_id, handoff_id, **VALID[kind])
    assert (applied.status, code(applied)) == (409, "stale_floor")
    assert before == [
        rig.rows(table) for table in (tables.events, tables.outbox, tables.handoffs, tables.conversations)
    ]


def test_the_reason_of_a_refusal_says_what_happened(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, one = handed

    def why() -> str:
        applied = rig.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, text="hello")
        assert applied.status == 409
        return str(applied.answer["error"]["message"])

    rig.receive("Stay", payload="/continue_with_bot", kind="button")
    rig.settle(one)
    assert why() == "The customer went back to the bot, so this was not sent."
    rig.receive("person please")
    rig.settle(one)
    handoff_id = "h0"  # of some earlier time
    assert why() == "A newer handoff has this conversation, so this was not sent."
    handoff_id = rig.row(conversation_id)["handoff_id"]
    rig.resolve(conversation_id)
    assert why() == "This handoff is over and the bot has the conversation, so this was not sent."
    rig.receive("person please")
    rig.settle(one)
    handoff_id = rig.row(conversation_id)["handoff_id"]
    rig.clock.now += 25 * 3600
    one.sweep()
    assert why() == "This handoff expired before anybody took it, so this was not sent."


def test_a_conversation_that_does_not_exist_is_404(rig: Rig) -> None:
    applied = rig.command(protocol.AGENT_MESSAGE, "nobody", "h1", "c1", text="hello")
    assert (applied.status, code(applied)) == (404, "unknown_conversation")
    assert rig.command(protocol.AGENT_MESSAGE, "nobody", "h1", "c1", text="hello").answer == applied.answer


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (protocol.AGENT_MESSAGE, {}),
        (protocol.AGENT_MESSAGE, {"text": "  "}),
        (protocol.AGENT_MESSAGE, {"text": 7}),
        (protocol.AGENT_MESSAGE, {"text": "x" * 20_001}),
        (protocol.AGENT_MESSAGE, {"text": "hello", "agent": None}),
        (protocol.AGENT_MESSAGE, {"text": "hello", "agent": {"id": "a1"}}),
        (protocol.AGENT_JOINED, {"agent": {"id": "", "name": "Sam"}}),
        (protocol.AGENT_TYPING, {"agent": []}),
        (protocol.HANDOFF_TRANSFERRED, {"to": {"id": "a2"}}),
        (protocol.HANDOFF_TRANSFERRED, {"to": "Alex"}),
        (protocol.HANDOFF_RESOLVED, {}),
        (protocol.HANDOFF_RESOLVED, {"outcome": "fine"}),
        (protocol.HANDOFF_RESOLVED, {"outcome": ["solved"]}),
        (protocol.HANDOFF_RESOLVED, {"outcome": "solved", "slots": {"shoe_size": 43}}),
        (protocol.HANDOFF_RESOLVED, {"outcome": "solved", "slots": ["order_number"]}),
        (protocol.HANDOFF_RESOLVED, {"outcome": "solved", "seen_seq": "7"}),
        (protocol.HANDOFF_RESOLVED, {"outcome": "solved", "seen_seq": True}),
        (protocol.SLOTS_SET, {"slots": {"shoe_size": 43}}),
    ],
)
def test_a_malformed_command_is_400_and_changes_nothing(kind: str, data: dict[str, Any], rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, _ = handed
    before = [rig.rows(table) for table in (tables.events, tables.outbox, tables.handoffs, tables.conversations)]
    assert rig.command(kind, conversation_id, handoff_id, **data).status == 400
    assert before == [
        rig.rows(table) for table in (tables.events, tables.outbox, tables.handoffs, tables.conversations)
    ]


def test_an_unknown_slot_is_named(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, _ = handed
    applied = rig.command(protocol.SLOTS_SET, conversation_id, handoff_id, slots={"shoe_size": 43, "order_number": "1"})
    assert code(applied) == "unknown_slot" and "shoe_size" in applied.answer["error"]["message"]


def test_the_same_id_gets_the_same_answer_and_is_applied_once(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, one = handed
    ask = (protocol.AGENT_MESSAGE, conversation_id, handoff_id, "c1")
    first = rig.command(*ask, text="hello")
    assert first.answer["message_id"] == rig.outbox(conversation_id)[-1]["id"]
    rig.resolve(conversation_id)
    rig.settle(one)
    again = rig.command(*ask, text="hello")
    assert (again.status, again.answer) == (first.status, first.answer)
    assert [event["text"] for event in events(rig, conversation_id) if event["event"] == "agent"] == ["hello"]


def test_a_refusal_is_remembered_too(rig: Rig, handed: Any) -> None:
    conversation_id, _, one = handed
    refused = rig.command(protocol.AGENT_MESSAGE, conversation_id, "h0", "c1", text="hello")
    rig.settle(one)
    handoff_id = rig.row(conversation_id)["handoff_id"]
    assert rig.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, "c1", text="hello").answer == refused.answer


def test_typing_is_shown_and_not_kept(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, _ = handed
    applied = rig.command(protocol.AGENT_TYPING, conversation_id, handoff_id)
    assert applied.show_typing == rig.row(conversation_id)["last_message_id"]
    assert not rig.rows(tables.commands)
    assert rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id).show_typing is None


def test_a_persons_first_words_carry_their_name_and_the_next_do_not(rig: Rig, handed: Any) -> None:
    conversation_id, _, one = handed
    for agent, text in ((SAM, "one"), (SAM, "two"), (ALEX, "three"), (ALEX, "four")):
        rig.say(conversation_id, text, agent=agent)
    rig.settle(one)
    assert [text for _, text in rig.channel.accepted] == ["*Sam:*\none", "two", "*Alex:*\nthree", "four"]
    assert [event["text"] for event in events(rig, conversation_id) if event["event"] == "agent"] == [
        "one", "two", "three", "four",
    ]  # fmt: skip


def test_a_new_handoff_shows_the_name_again(rig: Rig, handed: Any) -> None:
    conversation_id, _, one = handed
    rig.say(conversation_id, "one")
    rig.resolve(conversation_id)
    rig.receive("person please")
    rig.settle(one)
    rig.say(conversation_id, "two")
    rig.settle(one)
    assert [text for _, text in rig.channel.accepted if "Sam" in text] == ["*Sam:*\none", "*Sam:*\ntwo"]


def test_resolving_sets_slots_and_wakes_a_bot_that_listens_and_knows_the_outcome(rig: Rig, handed: Any) -> None:
    conversation_id, _, one = handed
    rig.resolve(conversation_id, "follow_up", note="calls on Monday", slots={"order_number": "1042"})
    last = events(rig, conversation_id)[-6:]
    slots = {event["name"]: event["value"] for event in last[:4]}
    assert slots == {
        "order_number": "1042", "handoff_outcome": "follow_up", "handoff_note": "calls on Monday",
        "handoff_agent": "Sam",
    }  # fmt: skip
    assert {event["metadata"]["source"] for event in last[:4]} == {"agent"}
    assert [(event["event"], event.get("name")) for event in last[4:]] == [
        ("resume", None),
        ("action", "action_listen"),
    ]
    (handoff,) = rig.rows(tables.handoffs)
    assert (handoff["state"], handoff["outcome"], handoff["note"]) == (floor.RESOLVED, "follow_up", "calls on Monday")
    assert rig.rows(tables.inbox)[-1]["kind"] == inbox.RETURNED
    assert rig.told(conversation_id, protocol.HANDOFF_CLOSED) == [{"outcome": "follow_up"}]
    rig.settle(one)
    rig.receive("thanks")
    rig.settle(one)
    said = [text for _, text in rig.channel.accepted]
    assert said[0].startswith("re:returned:") and said[1].startswith("re:wamid")


def passed_on(rig: Rig, conversation_id: str) -> list[int]:
    rows = rig.outbox(conversation_id, outbox.AGENT)
    return [row["seq"] for row in rows if row["kind"] == protocol.CUSTOMER_MESSAGE]


def test_a_message_that_the_agent_could_not_see_keeps_the_conversation_with_the_agent(rig: Rig, handed: Any) -> None:
    conversation_id, _, one = handed
    rig.receive("it is blue")
    rig.work(one)
    (seen,) = passed_on(rig, conversation_id)
    rig.receive("and chipped")
    rig.work(one)  # handed to the desk, or on its way there, when the agent's resolve comes
    refused = rig.resolve(conversation_id, seen_seq=seen, slots={"order_number": "1042"})
    assert (refused.status, code(refused)) == (409, "newer_message")
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    assert "order_number" not in [event.get("name") for event in events(rig, conversation_id)]
    assert rig.resolve(conversation_id, seen_seq=passed_on(rig, conversation_id)[-1]).status == 200


def test_a_message_that_waits_for_its_turn_is_left_to_the_bot(rig: Rig, handed: Any) -> None:
    conversation_id, _, one = handed
    rig.receive("and chipped")
    assert rig.resolve(conversation_id, seen_seq=0).status == 200
    rig.settle(one)
    assert [text for _, text in rig.channel.accepted][-2:] == ["re:wamid.in.2", f"re:returned:{handed[1]}"]


def test_what_no_agent_can_be_shown_or_a_colleague_wrote_does_not_keep_a_conversation_open(
    rig: Rig, handed: Any
) -> None:
    conversation_id, _, one = handed
    rig.receive("we are on it", echo=True)
    rig.settle(one)
    rig.agents.answer = lambda: DeliveryError("This event is wrong.", retry=False)
    rig.receive("and chipped")
    rig.settle(one)
    assert rig.resolve(conversation_id, seen_seq=0).status == 200


def test_an_agent_channel_that_does_not_say_what_it_has_seen_may_resolve(rig: Rig, handed: Any) -> None:
    conversation_id, _, one = handed
    rig.receive("and chipped")
    rig.settle(one)
    assert rig.resolve(conversation_id).status == 200


def test_joining_and_passing_on_are_in_the_log_and_in_the_handoff(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, _ = handed
    rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id, agent=SAM)
    joined_at = rig.rows(tables.handoffs)[0]["joined_at"]
    rig.clock.now += 60
    rig.command(protocol.HANDOFF_TRANSFERRED, conversation_id, handoff_id, agent=SAM, to=ALEX, reason="knows more")
    rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id, agent=ALEX)
    (handoff,) = rig.rows(tables.handoffs)
    assert (handoff["state"], handoff["agent_name"], handoff["joined_at"]) == (floor.ACTIVE, "Alex", joined_at)
    rig.command(protocol.HANDOFF_TRANSFERRED, conversation_id, handoff_id, agent=ALEX, to=None)
    (handoff,) = rig.rows(tables.handoffs)
    assert (handoff["state"], handoff["agent_id"]) == (floor.QUEUED, None)
    kinds = [(line["kind"], line["who"]) for line in rig.rows(tables.event_log)]
    assert kinds == [
        ("floor.changed", "bot"), ("agent.joined", "agent:a1"), ("handoff.transferred", "agent:a1"),
        ("agent.joined", "agent:a2"), ("handoff.transferred", "agent:a2"),
    ]  # fmt: skip


def test_an_earlier_handoff_is_in_the_next_ones_context(rig: Rig, handed: Any) -> None:
    conversation_id, handoff_id, one = handed
    rig.resolve(conversation_id, "unsolved", note="waits for the carrier")
    rig.receive("person please")
    rig.settle(one)
    context = rig.rows(tables.handoffs, id=rig.row(conversation_id)["handoff_id"])[0]["context"]
    (earlier,) = context["earlier_handoffs"]
    assert (earlier["handoff_id"], earlier["outcome"], earlier["agent"]) == (handoff_id, "unsolved", "Sam")
    assert earlier["note"] == "waits for the carrier"
