"""The tracker store that `endpoints.yml` names. In a turn, saving the tracker saves all that the turn caused with it,
in one transaction; outside a turn (`rasa shell`, `rasa interactive`, scripts) it is an ordinary SQL tracker store."""

from __future__ import annotations

import itertools
from typing import Any, Callable, Iterable

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import Connection

from handoff import migrate, tables, tracker_events
from handoff.database import Database
from handoff.settings import Reader
from handoff.tracker_events import Event, State, Window
from handoff.turn import Turn, current_turn

# How many turns of a conversation a tracker holds at least. Policies look back `max_history` turns (5 by default);
# `handoff.bridge` raises this when the model's policies look back further.
WINDOW_TURNS = 10

SaveTurn = Callable[[Connection, Turn, list[Event]], None]


class BatonTrackerStore(TrackerStore, SerializedTrackerAsText):
    """Keeps trackers in ``DATABASE_URL``, a window of each at hand.

    ``save_turn`` is set by the bridge: it writes a turn's events and all else that it caused, in one transaction. A
    store that cannot be read or written raises; the turn then fails and is tried again.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker, **kwargs)
        read = Reader()
        url = host or read.database("DATABASE_URL", "baton.db")
        read.finish()
        self.database = Database(url)
        migrate.prepare(self.database)
        self.window_turns = WINDOW_TURNS
        self.save_turn: SaveTurn | None = None

    @property
    def domain(self) -> Domain:
        return self._domain

    @domain.setter
    def domain(self, domain: Domain | None) -> None:
        self._domain = domain or Domain.empty()

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        window = await self.database.read(lambda connection: tracker_events.load_window(connection, sender_id))
        return None if window is None else self._tracker(sender_id, window)

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """All sessions of a conversation, for reading: `retrieve` has the one that goes on."""
        found = await self.database.read(lambda connection: tracker_events.load_all(connection, conversation_id))
        if not found:
            return None
        return DialogueStateTracker.from_dict(conversation_id, found, self.domain.slots)

    async def keys(self) -> Iterable[str]:
        query = sa.select(tables.events.c.sender_id).distinct()
        return await self.database.read(lambda connection: list(connection.execute(query).scalars()))

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A new tracker, not saved yet: Rasa would save it before the message is handled, and a turn has one save."""
        tracker = self.init_tracker(sender_id)
        tracker.baton_stored = 0
        if append_action_listen:
            tracker.update(ActionExecuted("action_listen"))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        new = [event.as_dict() for event in itertools.islice(tracker.events, await self._stored(tracker), None)]
        turn = _turn_or_none()
        long = getattr(tracker, "baton_turns", 0) >= 2 * self.window_turns - 1

        def work(connection: Connection) -> None:
            if turn is not None and self.save_turn is not None:
                self.save_turn(connection, turn, new)
            else:
                tracker_events.append(connection, tracker.sender_id, new)
            if long:
                self.shorten(connection, tracker.sender_id)

        await self.database.write(work, durable=turn is None)
        if turn is not None:
            turn.committed = True
        if self.event_broker is not None:
            fresh = list(itertools.islice(tracker.events, tracker.baton_stored, None))
            await self._stream_new_events(self.event_broker, fresh, tracker.sender_id)
        tracker.baton_stored = len(tracker.events)

    async def _stored(self, tracker: DialogueStateTracker) -> int:
        """How many of the tracker's events are not to be stored (again)."""
        stored: int | None = getattr(tracker, "baton_stored", None)
        if stored is None:  # a tracker that was not made here, such as a copy
            known = await self.retrieve(tracker.sender_id)
            stored = 0 if known is None else len(known.events)
            tracker.baton_stored = stored
        return stored

    def _tracker(self, sender_id: str, window: Window) -> DialogueStateTracker:
        events = _latest_session(window.all_events())
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        tracker.baton_stored = len(tracker.events)
        tracker.baton_turns = sum(event["event"] == "user" for event in window.events)
        return tracker

    def shorten(self, connection: Connection, conversation_id: str) -> None:
        """Move the conversation's checkpoint forward, if its window has grown long. Runs in the saving transaction."""
        window = tracker_events.load_window(connection, conversation_id)
        at = tracker_events.cut(window, self.window_turns) if window else None
        if window is None or at is None:
            return
        head = Window(window.state, window.ids[:at], window.events[:at])
        tracker = DialogueStateTracker.from_dict(conversation_id, head.all_events(), self.domain.slots)
        loop = tracker.active_loop
        state = State(
            {slot.name: slot.value for slot in tracker.slots.values() if slot.value != slot.initial_value},
            {"name": loop.name, "is_interrupted": loop.is_interrupted} if loop and loop.name else None,
        )
        tracker_events.save_checkpoint(connection, conversation_id, window.ids[at - 1], state)


def _turn_or_none() -> Turn | None:
    try:
        return current_turn()
    except LookupError:
        return None


def _latest_session(events: list[Event]) -> list[Event]:
    """From the last session start on, as in Rasa's own stores; slots that it carries over are set again after it."""
    for index in range(len(events) - 1, -1, -1):
        if events[index]["event"] == SessionStarted.type_name:
            return events[index:]
    return events
