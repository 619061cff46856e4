"""How each kind of turn is saved: one function each, one transaction each. What is decided here is decided under the
conversation's lock, by the floor as it stands then, not as it stood when the turn began."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from sqlalchemy.engine import Connection, RowMapping

from handoff import conversations, floor, handoffs, inbox, outbox, protocol, tracker_events
from handoff.channel import CustomerChannel
from handoff.clock import Clock
from handoff.handoffs import Wish
from handoff.inbox import Item
from handoff.tracker_events import Event
from handoff.turn import Turn

STAY_WITH_BOT = "/continue_with_bot"  # the payload of the button by which a waiting customer goes back to the bot
ON_THE_PHONE = {"id": "phone", "name": "A colleague on the phone"}
REACHED_WITHIN_SECONDS = 30.0
EXPIRES_AFTER_SECONDS = 24 * 3600.0


class LeaseLost(Exception):
    """Another server works on this conversation now; what this one did must not be saved."""


@dataclass(frozen=True)
class Assistant:
    """What saving needs to know of the loaded model: the forms' slots, the texts of a few responses, and the slots that
    are no facts for people."""

    forms: handoffs.Forms
    text: Callable[[str], str]
    bookkeeping: frozenset[str] = frozenset()


class Saver:
    def __init__(self, server: str, channel: CustomerChannel, assistant: Assistant, clock: Clock) -> None:
        self.server = server
        self.channel = channel
        self.assistant = assistant
        self.clock = clock

    def bot_turn(self, connection: Connection, turn: Turn, events: list[Event]) -> None:
        """Save what the bot did: tracker events, messages, the handoff it asked for, the inbox row.

        Raises:
            floor.StaleFloor: the human side took the floor meanwhile; nothing of the turn may be heard.
            LeaseLost: another server took the conversation.
        """
        item, now = turn.item, self.clock()
        row = self._own(connection, item)
        if not floor.of(row).lets_pass(item.conversation["epoch"]):
            raise floor.StaleFloor("The floor changed hands during the turn.")
        tracker_events.append(connection, row["id"], events)
        wish = wish_in(events)
        stands = floor.of(row)
        if wish is not None:
            stands = self._start(connection, row, wish, floor.BOT, item.trace_id, hand_on=True)
        for rendered in self.channel.render(turn.responses):
            outbox.add_message(
                connection, row["id"], rendered,
                author=floor.BOT, epoch=stands.epoch, trace_id=item.trace_id, at=now, handoff_id=stands.handoff_id,
            )  # fmt: skip
        turn.next_item = self._done(connection, item)

    def human_turn(self, connection: Connection, item: Item) -> Item | None:
        """The human has the floor: keep the message in the tracker and pass it on. No model is asked."""
        row, now = self._own(connection, item), self.clock()
        if row["owner"] != floor.HUMAN:
            raise floor.StaleFloor("The bot has the floor again.")
        if self._wants_bot_back(connection, row, item):
            handoffs.end(
                connection, row, state=floor.CANCELLED, outcome="cancelled", who="customer",
                at=now, trace_id=item.trace_id,
            )  # fmt: skip
        else:
            tracker_events.append(connection, row["id"], [user_event(item, now)])
            self._pass_on(connection, row, item, now)
        return self._done(connection, item)

    def echo_turn(self, connection: Connection, item: Item) -> Item | None:
        """A colleague wrote from the business's own phone: that takes the floor, and belongs into the story."""
        row, now = self._own(connection, item), self.clock()
        said = {"event": "agent", "timestamp": now, "text": item.message["text"] or f"[{item.message['kind']}]"}
        if row["owner"] == floor.HUMAN:
            tracker_events.append(connection, row["id"], [said])
            if handoffs.current(connection, row)["state"] in floor.WAITING:
                handoffs.note_join(connection, row, ON_THE_PHONE, now)  # nobody waits any more
            self._pass_on(connection, row, item, now)
        else:
            tracker_events.append(connection, row["id"], [said, {"event": "pause", "timestamp": now}])
            wish = Wish(floor.PHONE_REPLY, "A colleague answered from the business's phone.")
            self._start(connection, row, wish, "phone", item.trace_id, hand_on=False, state=floor.ACTIVE)
        return self._done(connection, item)

    def park(self, connection: Connection, item: Item, error: str) -> Item | None:
        """Give an item up after too many failures; the customer gets a person instead of silence."""
        row, now = self._own(connection, item), self.clock()
        if row["owner"] == floor.BOT:
            heard = [user_event(item, now)] if item.kind == inbox.CUSTOMER else []
            tracker_events.append(connection, row["id"], [*heard, {"event": "pause", "timestamp": now}])
            wish = Wish(floor.BOT_FAILURE, error, priority="high")
            after = self._start(connection, row, wish, floor.SYSTEM, item.trace_id, hand_on=True)
            self._say(connection, row["id"], "utter_bot_failure", after, item.trace_id)
        elif item.kind != inbox.RETURNED:
            # what could not be handled is at least shown; that must not fail as well, or the item stays for ever
            with contextlib.suppress(Exception), connection.begin_nested():
                tracker_events.append(connection, row["id"], [user_event(item, now)])
                self._pass_on(connection, row, item, now)
        inbox.finish(connection, item.seq, now, inbox.PARKED, error)
        return inbox.take_next(connection, row["id"], self.server, now)

    def skip(self, connection: Connection, item: Item) -> Item | None:
        """Nothing to do for this item."""
        self._own(connection, item)
        return self._done(connection, item)

    def sweep(self, connection: Connection) -> int:
        """Tell customers for whom nobody was reached, and end what waited too long. Returns how many there were."""
        now = self.clock()
        unreached = handoffs.unreached(connection, now - REACHED_WITHIN_SECONDS)
        overdue = handoffs.overdue(connection, now - EXPIRES_AFTER_SECONDS)
        for conversation_id in dict.fromkeys(unreached + overdue):
            row = floor.lock(connection, conversation_id)
            if row is None or row["owner"] != floor.HUMAN:
                continue
            handoff = handoffs.current(connection, row)
            trace_id = f"sweep-{handoff['id']}"
            if conversation_id in overdue:
                handoffs.end(
                    connection, row, state=floor.EXPIRED, outcome="expired", who=floor.SYSTEM, at=now, trace_id=trace_id
                )
            elif handoff["told_unreachable_at"] is None:
                handoffs.mark_told(connection, handoff["id"], now)
                self._say(connection, conversation_id, "utter_nobody_reached", floor.of(row), trace_id)
        return len(unreached) + len(overdue)

    def _own(self, connection: Connection, item: Item) -> RowMapping:
        row = floor.lock(connection, item.conversation_id)
        if row is None or row["lease_owner"] != self.server:
            raise LeaseLost(f"Conversation {item.conversation_id} is in other hands.")
        return row

    def _done(self, connection: Connection, item: Item) -> Item | None:
        now = self.clock()
        inbox.finish(connection, item.seq, now)
        return inbox.take_next(connection, item.conversation_id, self.server, now)

    def _start(
        self, connection: Connection, row: RowMapping, wish: Wish, who: str, trace_id: str, *, hand_on: bool,
        state: str = floor.REQUESTED,
    ) -> floor.Floor:  # fmt: skip
        return handoffs.start(
            connection, row, wish,
            who=who, forms=self.assistant.forms, at=self.clock(), trace_id=trace_id, hand_on=hand_on, state=state,
            bookkeeping=self.assistant.bookkeeping,
        )  # fmt: skip

    def _say(
        self, connection: Connection, conversation_id: str, response: str, stands: floor.Floor, trace_id: str
    ) -> None:
        now = self.clock()
        for rendered in self.channel.render([{"text": self.assistant.text(response)}]):
            outbox.add_message(
                connection, conversation_id, rendered,
                author=floor.SYSTEM, epoch=stands.epoch, trace_id=trace_id, at=now, handoff_id=stands.handoff_id,
            )  # fmt: skip

    def _wants_bot_back(self, connection: Connection, row: RowMapping, item: Item) -> bool:
        if item.message.get("payload") != STAY_WITH_BOT:
            return False
        waiting = handoffs.current(connection, row)["state"] in floor.WAITING
        return waiting and outbox.was_offered(connection, row["id"], STAY_WITH_BOT)

    def _pass_on(self, connection: Connection, row: RowMapping, item: Item, now: float) -> None:
        message = item.message
        data = {
            "message_id": item.message_id,
            "author": floor.HUMAN if item.kind == inbox.ECHO else "customer",
            "kind": message["kind"],
            "text": message["text"],
            "sent_at": message["sent_at"],
            "details": message["details"],
            "reply_to": message["reply_to"],
            "window_ends_at": row["window_ends_at"],
        }
        outbox.add_event(
            connection, row["id"], protocol.CUSTOMER_MESSAGE, data,
            epoch=row["epoch"], handoff_id=row["handoff_id"], trace_id=item.trace_id, at=now,
        )  # fmt: skip


def user_event(item: Item, at: float) -> dict[str, Any]:
    """A customer's message as a tracker event that no model has read."""
    message = item.message
    text = message["text"] or f"[{message['kind']}]"
    return {
        "event": "user",
        "timestamp": at,
        "text": text,
        "parse_data": {"intent": {"name": None}, "entities": [], "text": text, "message_id": item.message_id},
        "input_channel": "whatsapp",
        "message_id": item.message_id,
        "metadata": metadata_of(item),
    }


def metadata_of(item: Item) -> dict[str, Any]:
    """What the tracker keeps of a message besides its text: actions and policies read who wrote it there.

    ``customer`` is ``{name, phone, user_id, username}``, each a text or None. ``phone`` is digits only, and None when
    the message did not carry it: an older message's number may have a new owner.
    """
    message = item.message
    meta = {"kind": message["kind"], "trace_id": item.trace_id, "customer": _customer(item)}
    return {**meta, "title": message["text"]} if message.get("payload") else meta


def _customer(item: Item) -> dict[str, str | None]:
    address = conversations.address_of(item.conversation)
    digits = "".join(character for character in address.wa_id or "" if character.isdigit())
    return {
        "name": address.name,
        "phone": digits or None,
        "user_id": address.user_id,
        "username": address.username,
    }


def wish_in(events: list[Event]) -> Wish | None:
    """The handoff that a turn's events ask for: the last word between pause and resume counts."""
    paused = False
    action = ""
    slots: dict[str, Any] = {}
    for event in events:
        if event["event"] == "pause":
            paused = True
        elif event["event"] == "resume":
            paused = False
        elif event["event"] == "action":
            action = event.get("name") or action
        elif event["event"] == "slot":
            slots[event["name"]] = event.get("value")
    return _wish(slots, action) if paused else None


def _wish(slots: Mapping[str, Any], action: str) -> Wish:
    reason = slots.get("handoff_reason")
    known = reason in floor.REASONS
    priority = slots.get("handoff_priority")
    return Wish(
        reason=str(reason) if known else floor.POLICY,
        detail=str(slots.get("handoff_reason_detail") or ("" if known else reason or action)),
        topic=str(slots["handoff_topic"]) if slots.get("handoff_topic") else None,
        priority=priority if priority in handoffs.PRIORITIES else "normal",
        skills=_words(slots.get("handoff_skills")),
    )


def _words(value: Any) -> tuple[str, ...]:
    """A list of words, however a designer's action wrote it: a handoff must not fail because of it."""
    several = value if isinstance(value, list) else [value]
    return tuple(str(word) for word in several if word)
