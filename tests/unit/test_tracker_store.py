"""The tracker store: a turn is saved whole or not at all, and a database that is away is not taken for an empty one."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, ReminderScheduled, SlotSet, UserUttered
from rasa.shared.core.slots import TextSlot

from handoff import inbox, outbox, tables, tracker_store
from handoff.bot import ModelUnfit, take_over
from handoff.database import Unavailable
from handoff.saving import LeaseLost
from handoff.tracker_store import BatonTrackerStore
from handoff.turn import Turn, TurnFailed, in_turn
from handoff.waiting_room import RESPONSES
from tests.support.bridge_rig import Rig

DOMAIN = Domain.from_yaml(
    """
version: "3.1"
intents: [greet]
slots:
  size: {type: text, influence_conversation: true, mappings: [{type: custom}]}
actions: [action_handoff, action_handoff_return, action_unreadable_message]
responses:
"""
    + "".join(f"  {name}: [{{text: Sorry}}]\n" for name in RESPONSES)
)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    made = BatonTrackerStore(DOMAIN, host=f"sqlite:///{tmp_path}/baton.db")
    yield made
    made.database.close()


def taken(rig: Rig, text: str = "hello") -> inbox.Item:
    """An inbox item in the hands of a server named "here"."""
    conversation_id = rig.receive(text)
    item = rig.write(lambda connection: inbox.take_next(connection, conversation_id, "here", rig.clock.now))
    assert item
    return item


def bridge_of(store: BatonTrackerStore) -> Rig:
    rig = Rig(store.database)
    here = rig.server()
    here.saver.server = "here"
    store.save_turn = here.saver.bot_turn
    return rig


async def said(store: BatonTrackerStore, conversation_id: str) -> Any:
    tracker = await store.get_or_create_tracker(conversation_id)
    tracker.update(UserUttered("hello", {"name": "greet"}))
    tracker.update(ActionExecuted("utter_greet"))
    tracker.update(BotUttered("Hi"))
    tracker.update(ActionExecuted("action_listen"))
    return tracker


async def test_making_a_tracker_saves_nothing(store: BatonTrackerStore) -> None:
    tracker = await store.get_or_create_tracker("c1")
    assert [event.type_name for event in tracker.events] == ["action"]
    assert await store.retrieve("c1") is None
    assert list(await store.keys()) == []


async def test_a_turn_saves_events_messages_and_the_inbox_row_together(store: BatonTrackerStore) -> None:
    rig = bridge_of(store)
    item = taken(rig)
    turn = Turn(item)
    tracker = await said(store, item.conversation_id)
    turn.say({"text": "Hi"})
    with in_turn(turn):
        await store.save(tracker)
    assert turn.committed
    assert len(rig.rows(tables.events)) == 5
    assert [row["payload"] for row in rig.rows(tables.outbox)] == [{"text": "Hi"}]
    assert rig.rows(tables.inbox)[0]["status"] == inbox.DONE


@pytest.mark.parametrize("part", ["messages", "inbox row", "lease"])
async def test_a_turn_that_fails_half_way_saves_nothing(
    part: str, store: BatonTrackerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = bridge_of(store)
    item = taken(rig)
    turn = Turn(item)
    tracker = await said(store, item.conversation_id)
    turn.say({"text": "Hi"})

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    expected: type[Exception] = RuntimeError
    if part == "messages":
        monkeypatch.setattr(outbox, "add_message", fails)
    elif part == "inbox row":
        monkeypatch.setattr(inbox, "finish", fails)
    else:
        rig.clock.now += inbox.LEASE_SECONDS
        rig.write(lambda connection: inbox.take_next(connection, item.conversation_id, "elsewhere", rig.clock.now))
        expected = LeaseLost
    with in_turn(turn), pytest.raises(expected):
        await store.save(tracker)
    assert not turn.committed
    assert not rig.rows(tables.events) and not rig.rows(tables.outbox)
    assert rig.rows(tables.inbox)[0]["status"] == inbox.PENDING


async def test_outside_a_turn_it_is_an_ordinary_store(store: BatonTrackerStore) -> None:
    tracker = await said(store, "c1")
    await store.save(tracker)
    await store.save(tracker)  # nothing new
    again = await store.retrieve("c1")
    assert again is not None and [event.type_name for event in again.events] == [
        "action",
        "user",
        "action",
        "bot",
        "action",
    ]
    assert list(await store.keys()) == ["c1"]


async def test_a_copy_of_a_tracker_adds_only_what_is_new(store: BatonTrackerStore) -> None:
    tracker = await said(store, "c1")
    await store.save(tracker)
    copy = tracker.copy()
    copy.update(SlotSet("size", "43"))
    await store.save(copy)
    again = await store.retrieve("c1")
    assert again is not None and len(again.events) == 6 and again.get_slot("size") == "43"


async def test_two_saves_of_one_tracker_store_each_event_once(store: BatonTrackerStore) -> None:
    tracker = await said(store, "c1")
    await store.save(tracker)
    tracker.update(SlotSet("size", "43"))
    await store.save(tracker)
    again = await store.retrieve_full_tracker("c1")
    assert again is not None and len(again.events) == 6


async def test_a_new_domain_reaches_the_trackers(store: BatonTrackerStore) -> None:
    await store.save(await said(store, "c1"))
    store.domain = DOMAIN.merge(
        Domain.from_dict({"slots": {"colour": {"type": "text", "mappings": [{"type": "custom"}]}}})
    )
    tracker = await store.retrieve("c1")
    assert tracker is not None and isinstance(tracker.slots["colour"], TextSlot)


def agent_around(store: Any) -> Any:
    processor = SimpleNamespace(domain=DOMAIN, tracker_store=store, action_endpoint=None)
    return SimpleNamespace(tracker_store=store, processor=processor, action_endpoint=None)


async def test_a_store_that_is_away_is_not_swallowed(store: BatonTrackerStore) -> None:
    tracker = await said(store, "c1")
    await store.save(tracker)
    tracker.update(SlotSet("size", "43"))
    agent = agent_around(FailSafeTrackerStore(store))
    assert take_over(agent) is store
    lost = sa.exc.OperationalError("SELECT 1", {}, Exception("the server closed the connection"))

    def away(*_: object, **__: object) -> None:
        raise lost

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.database.engine, "connect", away)
        for holder in (agent, agent.processor):
            with pytest.raises(Unavailable):
                await holder.tracker_store.retrieve("c1")
            with pytest.raises(Unavailable):
                await holder.tracker_store.get_or_create_tracker("c1")
            with pytest.raises(Unavailable):
                await holder.tracker_store.save(tracker)
    await agent.tracker_store.save(tracker)
    again = await store.retrieve("c1")
    assert again is not None and again.get_slot("size") == "43"


def test_a_model_that_lacks_what_the_bridge_needs_is_refused_with_the_names(store: BatonTrackerStore) -> None:
    agent = agent_around(store)
    agent.processor.domain = Domain.empty()
    with pytest.raises(ModelUnfit, match=r"action_handoff_return.*utter_nobody_reached"):
        take_over(agent)
    with pytest.raises(ModelUnfit, match="BatonTrackerStore"):
        take_over(agent_around(SimpleNamespace()))


async def test_a_reminder_fails_the_turn_and_says_why_instead_of_running_outside_of_one(
    store: BatonTrackerStore,
) -> None:
    agent = agent_around(store)
    take_over(agent)
    reminder = ReminderScheduled("ask_again", datetime.now(timezone.utc))
    with pytest.raises(TurnFailed, match=r"reminder.*ask_again"):
        await agent.processor._schedule_reminders([BotUttered("Hi"), reminder], None, None)
    await agent.processor._schedule_reminders([BotUttered("Hi")], None, None)


async def test_a_value_that_cannot_be_stored_fails_and_does_not_wait_for_ever(store: BatonTrackerStore) -> None:
    def work(connection: Any) -> None:
        connection.execute(tables.events.insert().values(sender_id="c1", type_name="x", data=["a list"]))

    with pytest.raises(sa.exc.InterfaceError):
        await store.database.write(work)


def test_the_store_reads_the_default_address_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("BATON_VAR", str(tmp_path))
    made = BatonTrackerStore(DOMAIN)
    made.database.close()
    assert (tmp_path / "baton.db").exists()
    assert tracker_store.WINDOW_TURNS >= 6
