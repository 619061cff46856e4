"""What happens beside messages: reactions, edits, deletions, calls, wishes about news; and what a message answers."""

from __future__ import annotations

from typing import Any

import pytest

from handoff import asides, conversations, inbox, protocol, tables, tracker_events
from handoff.channel import AddressChange, Media
from handoff.handoffs import _context
from tests.support.bridge_rig import Rig, Server

pytest_plugins = ["tests.support.bridge_fixtures"]


def with_person(rig: Rig) -> tuple[Server, str]:
    """A conversation that a person has, in which the customer and the bot have spoken."""
    server = rig.server()
    conversation_id = rig.receive("order 1042", message_id="wamid.order")
    rig.settle(server)
    rig.receive("a person please", message_id="wamid.person")
    rig.settle(server)
    rig.command(protocol.AGENT_JOINED, conversation_id, rig.row(conversation_id)["handoff_id"])
    rig.say(conversation_id, "I am here")
    rig.settle(server)
    return server, conversation_id


def aside(rig: Rig, kind: str, about: str | None = None, text: str | None = None, **content: Any) -> str:
    return rig.receive(text, kind=kind, reply_to=about, content=content, aside=True)


def of_bot(rig: Rig, conversation_id: str) -> dict[str, Any]:
    """The bot's first message that went out."""
    return next(row for row in rig.outbox(conversation_id) if row["author"] == "bot")


def context_of(rig: Rig, conversation_id: str) -> dict[str, Any]:
    handoff = {
        "id": "h", "requested_at": 1.0, "reason": "policy", "reason_detail": "", "topic": None, "priority": "normal",
        "skills": [],
    }  # fmt: skip
    row = rig.row(conversation_id)
    return rig.write(lambda connection: _context(connection, row, handoff, {}, ()))


def line(rig: Rig, conversation_id: str, message_id: str) -> dict[str, Any]:
    transcript = context_of(rig, conversation_id)["transcript"]
    return next(each for each in transcript if each["message_id"] == message_id)


@pytest.mark.parametrize("kind", ["reaction", "revoke", "preference", "identity"])
def test_what_nobody_said_makes_no_turn_opens_no_window_and_keeps_nobody_waiting(rig: Rig, kind: str) -> None:
    server = rig.server()
    conversation_id = rig.receive("hello", message_id="wamid.hello")
    rig.settle(server)
    before, said = rig.row(conversation_id), len(rig.outbox(conversation_id))
    rig.clock.now += 3600
    aside(rig, kind, "wamid.hello", emoji="x", opted_out=False)
    rig.settle(server)
    after = rig.row(conversation_id)
    assert len(rig.outbox(conversation_id)) == said
    for name in ("window_ends_at", "last_message_id", "owner", "epoch", "handoff_id"):
        assert after[name] == before[name]


def test_a_reaction_goes_to_the_message_it_is_about_and_can_be_taken_back(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    agents_message = next(row for row in rig.outbox(conversation_id) if row["author"] == "human")
    aside(rig, "reaction", agents_message["provider_id"], emoji="👍")
    rig.settle(server)
    aside(rig, "reaction", agents_message["provider_id"], emoji=None)
    rig.settle(server)
    first, second = rig.told(conversation_id, protocol.MESSAGE_REACTION)
    assert (first["message_id"], first["emoji"], first["text"]) == (agents_message["id"], "👍", agents_message["text"])
    assert (second["message_id"], second["emoji"]) == (agents_message["id"], None)
    assert not rig.rows(tables.marks)


def test_a_reaction_of_before_a_handoff_is_in_its_context(rig: Rig) -> None:
    server = rig.server()
    conversation_id = rig.receive("hello", message_id="wamid.hello")
    rig.settle(server)
    aside(rig, "reaction", of_bot(rig, conversation_id)["provider_id"], emoji="👎")
    rig.settle(server)
    assert not rig.told(conversation_id, protocol.MESSAGE_REACTION)
    said = next(each for each in context_of(rig, conversation_id)["transcript"] if each["author"] == "bot")
    assert (said["text"], said["reaction"]) == ("re:wamid.hello", "👎")


def test_the_bot_hears_what_a_message_says_now_that_it_was_corrected(rig: Rig) -> None:
    server = rig.server()
    conversation_id = rig.receive("order 1042", message_id="wamid.order")
    rig.settle(server)
    aside(rig, "edit", "wamid.order", "order 1043")
    rig.settle(server)
    assert len(rig.outbox(conversation_id)) == 2
    corrected = line(rig, conversation_id, "wamid.order")
    assert (corrected["text"], corrected["text_before"]) == ("order 1043", "order 1042")
    texts = [each["text"] for each in context_of(rig, conversation_id)["transcript"] if each["author"] == "customer"]
    assert texts == ["order 1043"]


def test_a_person_sees_what_a_message_says_now_and_the_bot_stays_out_of_it(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    said = len(rig.outbox(conversation_id))
    aside(rig, "edit", "wamid.order", "order 1043")
    rig.settle(server)
    (told,) = rig.told(conversation_id, protocol.MESSAGE_EDITED)
    assert (told["message_id"], told["text"]) == ("wamid.order", "order 1043")
    assert len(rig.outbox(conversation_id)) == said


def test_an_edit_of_a_message_that_is_not_known_is_told_in_words(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    aside(rig, "edit", "wamid.long-ago", "order 1043")
    rig.settle(server)
    (told,) = [each for each in rig.told(conversation_id, protocol.CUSTOMER_MESSAGE) if each["author"] == "system"]
    assert "order 1043" in told["text"]


def test_a_deleted_message_is_gone_from_every_transcript_and_its_file_from_the_store(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    rig.receive(None, kind="image", message_id="wamid.photo", media=Media("1", "image"))
    rig.settle(server)
    for message_id in ("wamid.order", "wamid.photo"):
        aside(rig, "revoke", message_id)
    rig.settle(server)
    assert [each["message_id"] for each in rig.told(conversation_id, protocol.MESSAGE_DELETED)] == [
        "wamid.order", "wamid.photo",
    ]  # fmt: skip
    (file,) = rig.rows(tables.media)
    assert file["status"] == "deleting"
    context = context_of(rig, conversation_id)
    assert "order 1042" not in str(context)
    assert line(rig, conversation_id, "wamid.photo")["deleted_at"]


def test_nobody_edits_or_deletes_what_somebody_else_wrote(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    ours = next(row for row in rig.outbox(conversation_id) if row["author"] == "human")
    aside(rig, "revoke", ours["provider_id"])
    aside(rig, "edit", ours["provider_id"], "I am a fool")
    rig.receive(None, kind="revoke", reply_to="wamid.order", echo=True, aside=True)
    rig.settle(server)
    assert not rig.told(conversation_id, protocol.MESSAGE_DELETED)
    assert not rig.told(conversation_id, protocol.MESSAGE_EDITED)
    assert not rig.rows(tables.marks)


def test_a_call_is_answered_with_one_text_and_opens_the_window(rig: Rig) -> None:
    server = rig.server()
    conversation_id = rig.receive("hello")
    rig.settle(server)
    rig.clock.now += 3600
    call = rig.inbound(None, kind="call", message_id="wacid.1", aside=True)
    assert rig.accept(call) and rig.accept(call) is None
    rig.settle(server)
    assert [row["text"] for row in rig.outbox(conversation_id)][1:] == ["utter_no_calls"]
    assert rig.row(conversation_id)["window_ends_at"] == call.sent_at + 24 * 3600


def test_a_wish_about_news_is_kept_with_the_conversation_and_in_the_bots_slot(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    server.saver.asides = type(server.saver.asides)(server.saver.room, knows_opt_out=True)
    aside(rig, "preference", opted_out=True)
    rig.settle(server)
    assert rig.row(conversation_id)["opted_out"]
    events = rig.write(lambda connection: tracker_events.load_all(connection, conversation_id))
    assert [e["value"] for e in events if e["event"] == "slot" and e["name"] == "opted_out"] == [True]
    told = rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)[-1]
    assert (told["author"], told["opted_out"]) == ("system", True)
    aside(rig, "preference", opted_out=False)
    rig.settle(server)
    assert not rig.row(conversation_id)["opted_out"]


def test_agents_see_that_a_customers_number_changed(rig: Rig) -> None:
    _server, conversation_id = with_person(rig)
    change = AddressChange(rig.row(conversation_id)["number"], "wamid.S1", "447700900123", "447700900789")

    def applied(connection: Any) -> None:
        changed = conversations.apply_change(connection, change, rig.clock.now)
        assert changed == conversation_id
        asides.tell_of_change(connection, changed, change, "trace", rig.clock.now)

    rig.write(applied)
    told = rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)[-1]
    assert told["author"] == "system" and "+447700900789" in told["text"]


def test_agents_see_what_a_message_answers(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    ours = next(row for row in rig.outbox(conversation_id) if row["author"] == "human")
    for about in (ours["provider_id"], "wamid.order", "wamid.unknown"):
        rig.receive("this one", reply_to=about)
    rig.settle(server)
    mine, theirs, unknown = [each["quoted"] for each in rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)][-3:]
    assert mine == {"message_id": ours["id"], "author": "human", "text": ours["text"]}
    assert "I am here" in ours["text"]
    assert theirs == {"message_id": "wamid.order", "author": "customer", "text": "order 1042"}
    assert unknown == {"message_id": None, "author": None, "text": None}


def test_nobody_quotes_out_of_another_customers_conversation(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    rig.receive("my secret", rig.address("447700900999"), message_id="wamid.secret")
    rig.settle(server)
    rig.receive("what?", reply_to="wamid.secret")
    aside(rig, "revoke", "wamid.secret")
    rig.settle(server)
    quoted = rig.told(conversation_id, protocol.CUSTOMER_MESSAGE)[-1]["quoted"]
    assert quoted["text"] is None
    assert not rig.told(conversation_id, protocol.MESSAGE_DELETED)


@pytest.mark.parametrize(
    ("kind", "text", "content", "read"),
    [
        ("text", "Hi, Tom here", {}, "Hi, Tom here"),
        ("image", None, {}, "[image]"),
        ("location", None, {"location": {"latitude": 1.5, "longitude": 2.5, "name": "Our shop"}}, "Place: Our shop"),
        ("contacts", None, {"contacts": [{"name": "Sam Lee"}]}, "Contact: Sam Lee"),
        ("reaction", None, {"emoji": "👍"}, "Reacted with 👍"),
        ("audio", None, {}, "[audio]"),
    ],
)
def test_every_kind_of_reply_from_the_business_phone_takes_the_floor_and_reads_well(
    rig: Rig, kind: str, text: str | None, content: dict[str, Any], read: str
) -> None:
    server = rig.server()
    conversation_id = rig.receive("hello")
    rig.settle(server)
    rig.receive(text, kind=kind, content=content, echo=True, aside=kind == "reaction")
    rig.settle(server)
    assert rig.row(conversation_id)["owner"] == "human"
    (asked,) = rig.told(conversation_id, protocol.HANDOFF_REQUESTED)
    assert asked["context"]["transcript"][-1]["author"] == "human"
    events = rig.write(lambda connection: tracker_events.load_all(connection, conversation_id))
    assert [event["text"] for event in events if event["event"] == "agent"] == [read]


def test_a_colleague_who_deletes_a_message_on_the_phone_deletes_it_here(rig: Rig) -> None:
    server, conversation_id = with_person(rig)
    rig.receive("typed by phone", echo=True, message_id="wamid.H1")
    rig.settle(server)
    rig.receive(None, kind="revoke", reply_to="wamid.H1", echo=True, aside=True)
    rig.settle(server)
    assert [each["message_id"] for each in rig.told(conversation_id, protocol.MESSAGE_DELETED)] == ["wamid.H1"]
    assert "typed by phone" not in str(context_of(rig, conversation_id)["transcript"])


def test_an_aside_that_cannot_be_handled_hands_nobody_over(rig: Rig) -> None:
    server = rig.server()
    conversation_id = rig.receive("hello")
    rig.settle(server)
    aside(rig, "reaction", "wamid.x")
    (item,) = [rig.write(lambda connection: inbox.take_next(connection, conversation_id, server.name, rig.clock.now))]
    assert item is not None
    rig.write(lambda connection: server.saver.park(connection, item, "broken"))
    assert rig.row(conversation_id)["owner"] == "bot"
    assert [row["status"] for row in rig.rows(tables.inbox)][-1] == inbox.PARKED
