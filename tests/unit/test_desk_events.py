"""The bridge's events, applied by the desk: once, in any order, all or nothing."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import acts, events, people, queries, words
from handoff.desk.database import Database
from handoff.desk.tables import conversations, event_log, handoffs, messages
from tests.unit.desk_support import context

NOW = 1_800_000_000.0


def event(
    kind: str, seq: int, data: dict[str, Any], handoff_id: str | None = "h1", at: float = NOW
) -> protocol.Envelope:
    return protocol.Envelope(f"e{seq}-{handoff_id}", kind, at, "c1", handoff_id, epoch=seq, seq=seq, data=data)


def requested(seq: int, handoff_id: str = "h1", **more: Any) -> protocol.Envelope:
    described = context(handoff_id, **{"window_ends_at": NOW + 80_000, **more})
    return event(protocol.HANDOFF_REQUESTED, seq, {"context": described}, handoff_id)


def said(seq: int, text: str, message_id: str, handoff_id: str | None = "h1") -> protocol.Envelope:
    data = {"message_id": message_id, "kind": "text", "text": text, "sent_at": NOW + seq}
    return event(protocol.CUSTOMER_MESSAGE, seq, data, handoff_id)


def apply_all(database: Database, *envelopes: protocol.Envelope) -> list[bool]:
    return [database.write_now(events.apply, envelope, NOW) for envelope in envelopes]


def conversation(database: Database) -> dict[str, Any]:
    row = database.write_now(queries.one, "c1")
    assert row is not None
    return dict(row)


def texts(database: Database, author: str) -> list[str]:
    return [line["text"] for line in database.write_now(queries.transcript, "c1") if line["author"] == author]


def an_agent(database: Database, login: str = "sam") -> people.Agent:
    return database.write_now(people.create_agent, login, login.title(), None, NOW)


def test_a_handoff_waits_with_its_customer_context_and_transcript(database: Database) -> None:
    apply_all(database, requested(1))
    row = conversation(database)
    assert (row["state"], row["customer_name"], row["reason"], row["unread"]) == (
        words.QUEUED, "Ana Lima", "customer_request", 1,
    )  # fmt: skip
    assert texts(database, words.CUSTOMER) == ["Where is my order?"]
    assert texts(database, words.BOT) == ["I will ask a colleague."]
    assert texts(database, words.SYSTEM) == ["Asked for a person"]


def test_the_same_event_again_changes_nothing(database: Database) -> None:
    envelopes = [requested(1), said(2, "hello?", "m2")]
    assert apply_all(database, *envelopes, *envelopes) == [True, True, False, False]
    assert texts(database, words.CUSTOMER) == ["Where is my order?", "hello?"]
    assert conversation(database)["unread"] == 2


def test_a_message_that_the_context_brought_already_is_there_once(database: Database) -> None:
    apply_all(database, requested(1), said(2, "Where is my order?", "h1-1"))
    assert texts(database, words.CUSTOMER) == ["Where is my order?"]


def test_a_message_before_its_handoff_is_kept_and_waits(database: Database) -> None:
    apply_all(database, said(2, "anybody?", "m2"))
    assert conversation(database)["state"] == words.QUEUED
    apply_all(database, requested(1))
    row = conversation(database)
    assert (row["state"], row["topic"], row["customer_name"]) == (words.QUEUED, "delivery", "Ana Lima")
    assert texts(database, words.CUSTOMER) == ["Where is my order?", "anybody?"]


def test_a_cancellation_before_its_handoff_keeps_it_cancelled(database: Database) -> None:
    apply_all(database, event(protocol.HANDOFF_CANCELLED, 2, {"by": "customer"}), requested(1))
    assert conversation(database)["state"] == words.WITH_BOT


def test_a_late_old_handoff_does_not_replace_the_current_one(database: Database) -> None:
    apply_all(database, requested(5, "h2", topic="returns"), requested(1, "h1"))
    row = conversation(database)
    assert (row["handoff_id"], row["topic"]) == ("h2", "returns")


def test_a_second_handoff_of_a_conversation_adds_only_what_is_new(database: Database) -> None:
    apply_all(database, requested(1), event(protocol.HANDOFF_CANCELLED, 2, {"by": "customer"}))
    lines = context("h1")["transcript"] + [{"author": "bot", "text": "Anything else?", "at": NOW, "message_id": "b9"}]
    apply_all(database, requested(3, "h2", transcript=lines))
    assert conversation(database)["state"] == words.QUEUED
    assert texts(database, words.BOT) == ["I will ask a colleague.", "Anything else?"]
    assert texts(database, words.CUSTOMER) == ["Where is my order?"]


def test_an_agents_message_without_an_id_in_a_later_transcript_is_not_doubled(database: Database) -> None:
    agent = an_agent(database)
    apply_all(database, requested(1))
    database.write_now(acts.accept, "c1", agent, NOW)
    database.write_now(acts.reply, "c1", agent, "On its way", NOW)
    database.write_now(acts.resolve, "c1", agent, "solved", "", {}, NOW)
    lines = [{"author": "human", "name": "Sam", "text": "On its way", "at": NOW + 1, "message_id": None}]
    apply_all(database, requested(9, "h2", transcript=lines))
    assert texts(database, words.HUMAN) == ["On its way"]


def test_a_message_for_a_closed_handoff_is_kept_and_unread(database: Database) -> None:
    apply_all(database, requested(1), event(protocol.HANDOFF_CLOSED, 2, {"outcome": "solved"}), said(3, "wait", "m3"))
    row = conversation(database)
    assert (row["state"], row["last_text"], row["unread"]) == (words.RESOLVED, "wait", 2)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["sent", "delivered", "read"], "read"),
        (["read", "sent", "delivered"], "read"),
        (["failed"], "failed"),
        (["sent", "failed"], "failed"),
        (["failed", "delivered"], "delivered"),
        (["failed", "sent"], "failed"),
        (["delivered", "failed"], "delivered"),
        (["refused"], "returned"),
        (["something new"], "sending"),
    ],
)
def test_ticks_never_go_back(database: Database, given: list[str], shown: str) -> None:
    agent = an_agent(database)
    apply_all(database, requested(1))
    database.write_now(acts.accept, "c1", agent, NOW)
    command_id = database.write_now(acts.reply, "c1", agent, "Hi", NOW)
    for seq, status in enumerate(given, start=2):
        error = (
            {"code": "131026", "message": "The number cannot be reached."} if status in ("failed", "refused") else None
        )
        data = {"command_id": command_id, "message_id": "o1", "status": status, "at": NOW, "error": error}
        apply_all(database, event(protocol.MESSAGE_STATUS, seq, data))

    def line(connection: Connection) -> Any:
        return connection.execute(select(messages).where(messages.c.command_id == command_id)).mappings().one()

    row = database.write_now(line)
    assert row["status"] == shown
    assert (row["error"] is not None) == (shown in ("failed", "returned"))


def test_a_status_of_an_unknown_message_is_logged_and_not_lost(database: Database) -> None:
    data = {"command_id": "nobody-knows", "message_id": "x", "status": "sent", "at": NOW, "error": None}
    assert apply_all(database, event(protocol.MESSAGE_STATUS, 1, data)) == [True]
    logged = database.write_now(lambda c: c.execute(select(event_log.c.data)).scalars().all())
    assert logged[0]["command_id"] == "nobody-knows"


def test_the_latest_window_wins_whatever_comes_last(database: Database) -> None:
    apply_all(
        database,
        event(protocol.WINDOW_CHANGED, 5, {"window_ends_at": 50.0}),
        event(protocol.WINDOW_CHANGED, 3, {"window_ends_at": 30.0}),
    )
    assert conversation(database)["window_ends_at"] == 50.0


def test_a_message_brings_the_window_it_opened(database: Database) -> None:
    data = {"message_id": "m1", "kind": "text", "text": "hi", "sent_at": NOW, "window_ends_at": NOW + 86_400}
    apply_all(database, requested(1), event(protocol.CUSTOMER_MESSAGE, 2, data))
    assert conversation(database)["window_ends_at"] == NOW + 86_400


def test_a_reply_typed_on_the_businesss_phone_is_a_colleagues_and_waits_for_nobody(database: Database) -> None:
    apply_all(database, requested(1))
    unread = conversation(database)["unread"]
    data = {"message_id": "echo-1", "author": "human", "kind": "text", "text": "On my way", "sent_at": NOW}
    apply_all(database, event(protocol.CUSTOMER_MESSAGE, 2, data))
    assert texts(database, words.HUMAN) == ["On my way"]
    assert conversation(database)["unread"] == unread


def test_any_order_and_any_repetition_ends_in_the_same_place(database: Database) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    story = [
        requested(1), said(2, "one", "m1"), said(3, "two", "m2"),
        event(protocol.HANDOFF_CANCELLED, 4, {"by": "customer"}),
        requested(5, "h2", topic="returns"), said(6, "three", "m3", "h2"),
        event(protocol.WINDOW_CHANGED, 7, {"window_ends_at": 70.0}, "h2"),
    ]  # fmt: skip
    shuffled = story + chance.choices(story, k=7)
    chance.shuffle(shuffled)
    apply_all(database, *shuffled)
    row = conversation(database)
    assert (row["state"], row["handoff_id"], row["topic"], row["window_ends_at"]) == (
        words.QUEUED,
        "h2",
        "returns",
        70.0,
    )
    assert sorted(texts(database, words.CUSTOMER)) == sorted(
        ["Where is my order?", "Where is my order?", "one", "two", "three"]
    )
    first = database.write_now(lambda c: c.execute(select(handoffs.c.state).where(handoffs.c.id == "h1")).scalar())
    assert first == words.CANCELLED


def test_an_event_that_cannot_be_applied_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(protocol.ProtocolError) as refused:
        apply_all(database, event(protocol.HANDOFF_REQUESTED, 1, {}))
    assert refused.value.status == 400
    assert database.write_now(queries.one, "c1") is None
    assert apply_all(database, event(protocol.HANDOFF_REQUESTED, 1, {"context": context("h1")})) == [True]


def test_the_transcript_keeps_the_order_of_the_story_when_clocks_differ(database: Database) -> None:
    agent = an_agent(database)
    apply_all(database, requested(1, requested_at=NOW))
    later = NOW + 100
    database.write_now(acts.accept, "c1", agent, later)
    database.write_now(acts.reply, "c1", agent, "Which order?", later + 5.9)
    behind = {"message_id": "m2", "kind": "text", "text": "10023", "sent_at": float(int(later + 5))}
    apply_all(database, event(protocol.CUSTOMER_MESSAGE, 2, behind))
    spoken = [line["text"] for line in database.write_now(queries.transcript, "c1") if line["author"] != words.SYSTEM]
    assert spoken[-2:] == ["Which order?", "10023"]


async def test_twenty_agents_accept_at_once_and_one_gets_it(database: Database) -> None:
    agents = [an_agent(database, f"agent{number}") for number in range(20)]
    apply_all(database, requested(1))

    async def try_it(agent: people.Agent) -> bool:
        try:
            await database.write(acts.accept, "c1", agent, time.time())
        except acts.ActRefused as refused:
            assert refused.code == "taken"
            return False
        return True

    results = await asyncio.gather(*(try_it(agent) for agent in agents))
    assert sum(results) == 1
    assert conversation(database)["owner_id"] == agents[results.index(True)].id
    assert len([text for text in texts(database, words.SYSTEM) if "joined" in text]) == 1


def test_what_the_bot_says_to_somebody_who_waits_is_in_the_story_and_nobody_waits_because_of_it(
    database: Database,
) -> None:
    apply_all(database, requested(1))
    before = conversation(database)
    data = {"message_id": "b1", "author": "bot", "kind": "text", "text": "You can go on asking me", "sent_at": NOW}
    apply_all(database, event(protocol.CUSTOMER_MESSAGE, 2, data))
    assert texts(database, words.BOT)[-1] == "You can go on asking me"
    after = conversation(database)
    assert (after["unread"], after["waiting_since"]) == (before["unread"], before["waiting_since"])


def test_a_place_in_the_queue_is_behind_those_of_the_same_priority_and_before_the_lower_ones(
    database: Database,
) -> None:
    def work(connection: Connection) -> list[int]:
        for number, priority in enumerate(("normal", "normal", "high", "low", "urgent")):
            values = {"id": f"c{number}", "state": words.QUEUED, "priority": priority, "last_at": 1.0}
            connection.execute(conversations.insert().values(**values))
        wanted = ("urgent", "high", "normal", "low", "of another channel")
        return [queries.place_in_queue(connection, priority) for priority in wanted]

    assert database.write_now(work) == [2, 3, 5, 6, 5]
