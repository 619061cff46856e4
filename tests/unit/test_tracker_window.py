"""A long conversation is loaded from a window, and the tracker that is made of it is as good as the whole."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Iterator

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from handoff import tracker_events
from handoff.tracker_store import BatonTrackerStore

SESSION_SECONDS = 3600
DOMAIN = Domain.from_yaml(
    """
version: "3.1"
intents: [greet, inform]
slots:
  size: {type: text, influence_conversation: true, mappings: [{type: custom}]}
  colour: {type: categorical, values: [red, blue], influence_conversation: true, mappings: [{type: custom}]}
  misses: {type: float, initial_value: 0, max_value: 5, mappings: [{type: custom}]}
  things: {type: list, mappings: [{type: custom}]}
forms:
  order_form: {required_slots: [size]}
actions: [action_look]
"""
)
VALUES: dict[str, list[Any]] = {
    "size": [None, "43", ""],
    "colour": [None, "red", "blue"],
    "misses": [0.0, 1.0, None],
    "things": [None, [], ["a", {"b": 1}]],
}

Events = list[dict[str, Any]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[BatonTrackerStore]:
    made = BatonTrackerStore(DOMAIN, host=f"sqlite:///{tmp_path}/baton.db")
    yield made
    made.database.close()


class Talk:
    """Writes a conversation that does not end: turns with slots and forms, sessions, and times with a person."""

    def __init__(self, rng: random.Random, values: dict[str, list[Any]] = VALUES, form: str = "order_form") -> None:
        self.rng, self.values, self.form = rng, values, form
        self.at = 1_700_000_000.0
        self.said = 0

    def event(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.at += 1
        return {"event": kind, "timestamp": self.at, **fields}

    def listen(self) -> dict[str, Any]:
        return self.event("action", name="action_listen", policy=None, confidence=1.0)

    def user(self, intent: str | None = "greet") -> dict[str, Any]:
        self.said += 1
        text = f"message {self.said}"
        parsed = {"intent": {"name": intent, "confidence": 0.9}, "entities": [], "text": text}
        return self.event("user", text=text, parse_data=parsed, message_id=f"m{self.said}")

    def set_slot(self) -> dict[str, Any]:
        name = self.rng.choice(sorted(self.values))
        return self.event("slot", name=name, value=self.rng.choice(self.values[name]))

    def session(self) -> Events:
        self.at += SESSION_SECONDS
        start = [self.event("action", name="action_session_start"), self.event("session_started")]
        carried = [self.set_slot() for _ in range(self.rng.randrange(3))]
        return [*start, *carried, self.listen()]

    def turn(self) -> Events:
        events = [self.user()]
        events += [self.set_slot() for _ in range(self.rng.randrange(3))]
        dice = self.rng.random()
        if dice < 0.25:
            events += [self.event("action", name=self.form), self.event("active_loop", name=self.form)]
            events.append(self.event("slot", name="requested_slot", value="size"))
            if self.rng.random() < 0.3:
                events.append(self.event("loop_interrupted", is_interrupted=True))
        elif dice < 0.45:
            events += [self.event("active_loop", name=None), self.event("slot", name="requested_slot", value=None)]
        elif dice < 0.5:
            events += [self.event("rewind"), self.listen(), self.user()]
        elif dice < 0.53:
            events.append(self.event("reset_slots"))
        said = self.event("bot", text="An answer", data={}, metadata={"utter_action": "utter_x"})
        return [*events, self.event("action", name="action_look"), said, self.listen()]

    def with_person(self) -> Events:
        events = [self.user(), self.event("action", name="action_look"), self.event("pause")]
        for _ in range(self.rng.randrange(12)):
            events.append(self.user(None) if self.rng.random() < 0.6 else self.event("agent", text="I look into it"))
        return [*events, self.set_slot(), self.event("resume"), self.listen()]

    def next(self) -> Events:
        dice = self.rng.random()
        return self.with_person() if dice < 0.06 else self.session() if dice < 0.08 else self.turn()


def keep(store: BatonTrackerStore, conversation_id: str, events: Events) -> None:
    """What a bot turn does: append, and move the checkpoint forward."""

    def work(connection: Any) -> None:
        tracker_events.append(connection, conversation_id, events)
        store.shorten(connection, conversation_id)

    store.database.write_now(work)


def rows_loaded(store: BatonTrackerStore, conversation_id: str) -> int:
    window = store.database.read_now(lambda connection: tracker_events.load_window(connection, conversation_id))
    assert window is not None
    return len(window.events)


async def both(store: BatonTrackerStore, conversation_id: str) -> tuple[Any, Any]:
    """The tracker of a turn, and one of all that was ever said."""
    short, whole = await store.retrieve(conversation_id), await store.retrieve_full_tracker(conversation_id)
    assert short is not None and whole is not None
    return short, whole


def session_of(whole: Any, domain: Domain) -> Any:
    """The whole of the last session: what Rasa's own stores make a turn's tracker of."""
    events = [event.as_dict() for event in whole.events]
    start = max(index for index, event in enumerate(events) if event["event"] == "session_started")
    return DialogueStateTracker.from_dict("whole", events[start:], domain.slots)


def state(tracker: Any) -> dict[str, Any]:
    loop = tracker.active_loop
    return {
        "slots": tracker.current_slot_values(),
        "loop": loop and (loop.name, loop.is_interrupted),
        "latest_message": (tracker.latest_message.text, tracker.latest_message.message_id),
        "latest_action": tracker.latest_action_name,
        "latest_bot": tracker.latest_bot_utterance.text,
        "paused": tracker.is_paused(),
        "followup": tracker.followup_action,
    }


@pytest.mark.parametrize("seed", range(4))
async def test_the_window_has_the_state_of_the_whole(seed: int, store: BatonTrackerStore) -> None:
    talk, shorter = Talk(random.Random(seed)), 0
    keep(store, "c1", [talk.event("session_started"), talk.listen()])
    for number in range(120):
        keep(store, "c1", talk.next())
        if number % 5 == 0:
            short, whole = await both(store, "c1")
            assert state(short) == state(whole), f"seed {seed}, after {number} turns"
            shorter += len(short.events) < len(whole.events)
    assert shorter > 10


async def test_what_is_loaded_stays_flat_up_to_turn_400(store: BatonTrackerStore) -> None:
    talk = Talk(random.Random(1))
    loaded = []
    keep(store, "c1", [talk.event("session_started"), talk.listen()])
    for _ in range(400):
        keep(store, "c1", talk.turn())
        loaded.append(rows_loaded(store, "c1"))
    assert max(loaded[200:]) <= 1.3 * max(loaded[:60])
    assert max(loaded) < 400


async def test_a_saved_turn_after_a_checkpoint_is_appended_once(store: BatonTrackerStore) -> None:
    talk = Talk(random.Random(2))
    keep(store, "c1", [talk.event("session_started"), talk.listen()])
    for _ in range(30):
        keep(store, "c1", talk.turn())
    before = store.database.read_now(lambda connection: len(tracker_events.load_all(connection, "c1")))
    for number in range(40):
        tracker = await store.retrieve("c1")
        assert tracker is not None
        tracker.update(UserUttered(f"new {number}", {"name": "greet"}))
        tracker.update(BotUttered(f"answer {number}"))
        tracker.update(ActionExecuted("action_listen"))
        await store.save(tracker)
    after = store.database.read_now(lambda connection: len(tracker_events.load_all(connection, "c1")))
    assert after == before + 120
    short, whole = await both(store, "c1")
    assert state(short) == state(whole)


async def test_a_checkpoint_never_falls_into_the_time_of_a_person(store: BatonTrackerStore) -> None:
    talk = Talk(random.Random(3))
    keep(store, "c1", [talk.event("session_started"), talk.listen()])
    for _ in range(40):
        keep(store, "c1", talk.turn())
    keep(store, "c1", [talk.user(), talk.event("pause")])
    for _ in range(60):
        keep(store, "c1", [talk.user(None)])
    short, whole = await both(store, "c1")
    assert short.is_paused() and state(short) == state(whole)


async def test_the_trained_policies_predict_from_the_window_what_they_predict_from_the_whole(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project's own model. Every turn of a long conversation ends with the same prediction from both."""
    from rasa.core.agent import Agent

    from handoff.bot import longest_history

    agent = Agent.load(str(model))
    processor = agent.processor
    assert processor is not None
    domain = processor.domain
    store = BatonTrackerStore(domain, host=f"sqlite:///{tmp_path}/baton.db")
    store.window_turns = max(store.window_turns, longest_history(agent) + 2)
    values: dict[str, list[Any]] = {"order_number": [None, "1042", "1043"], "order_misses": [0.0, 1.0]}
    compared = shorter = 0
    for seed in range(2):
        rng = random.Random(seed)
        talk = Talk(rng, values, form="track_order_form")
        intents = sorted(set(domain.intents) - {"session_start", "restart", "back"})
        conversation = f"c{seed}"
        keep(store, conversation, [*talk.session()])
        for number in range(120):
            keep(store, conversation, talk.next())
            if number < 40 or number % 8:
                continue
            for intent in rng.sample(intents, 3):
                short, whole = await both(store, conversation)
                whole = session_of(whole, domain)
                shorter += len(short.events) < len(whole.events)
                asked = Event.from_parameters(talk.user(intent))
                results = []
                for tracker in (short, whole):
                    tracker.update(asked, domain)
                    prediction = processor._predict_next_with_tracker(tracker)
                    results.append((prediction.max_confidence_index, prediction.policy_name, prediction.max_confidence))
                assert results[0] == results[1], f"seed {seed}, turn {number}, {intent}"
                compared += 1
    store.database.close()
    assert compared > 50 and shorter > 15
