"""What is said and done while a customer waits for a person: the choices they have, what is told once, and the end of
a wait that was in vain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping

from sqlalchemy.engine import Connection, RowMapping

from handoff import conversations, floor, handoffs, outbox, protocol, tracker_events, waiting_list
from handoff.channel import CustomerChannel
from handoff.clock import Clock
from handoff.floor import Floor
from handoff.heard import user_event
from handoff.inbox import Item
from handoff.waiting import LEAVE_MESSAGE, STAY_WITH_BOT, Patience

REACHED_WITHIN_SECONDS = 30.0

BOT_FAILED = "utter_bot_failure"
NOBODY_REACHED = "utter_nobody_reached"
TOO_LONG = "utter_waiting_too_long"
CLOSED = "utter_waiting_closed"
LEAVE_A_MESSAGE = "utter_leave_message"
KEPT = "utter_message_kept"
KEPT_UNTIL_OPENING = "utter_message_kept_until_opening"
NO_CALLS = "utter_no_calls"
RESPONSES = (BOT_FAILED, NOBODY_REACHED, TOO_LONG, CLOSED, LEAVE_A_MESSAGE, KEPT, KEPT_UNTIL_OPENING, NO_CALLS)

Response = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True)
class WaitingRoom:
    """Each method works in the caller's transaction, under the conversation's lock. ``response`` gives a response of
    the domain as `CustomerChannel.render` takes it."""

    channel: CustomerChannel
    response: Response
    clock: Clock
    patience: Patience

    def say(
        self, connection: Connection, conversation_id: str, response: str, stands: Floor, trace_id: str, **values: str
    ) -> None:
        """Queue one of the domain's responses for the customer; the agents see it, too."""
        now = self.clock()
        said = dict(self.response(response))
        for name, value in values.items():
            said["text"] = str(said["text"]).replace(f"{{{name}}}", value)
        for rendered in self.channel.render([said], conversations.number_of(connection, conversation_id) or ""):
            message_id = outbox.add_message(
                connection, conversation_id, rendered,
                author=floor.SYSTEM, epoch=stands.epoch, trace_id=trace_id, at=now, handoff_id=stands.handoff_id,
            )  # fmt: skip
            if stands.handoff_id:
                self.show_agents(connection, conversation_id, stands, message_id, rendered.text, trace_id)

    def show_agents(
        self, connection: Connection, conversation_id: str, stands: Floor, message_id: str, text: str, trace_id: str
    ) -> None:
        """What the bot or the bridge said while somebody waits belongs into the story that a person will read."""
        now = self.clock()
        data = {"message_id": message_id, "author": floor.BOT, "kind": "text", "text": text, "sent_at": now}
        outbox.add_event(
            connection, conversation_id, protocol.CUSTOMER_MESSAGE, data,
            epoch=stands.epoch, handoff_id=stands.handoff_id, trace_id=trace_id, at=now,
        )  # fmt: skip

    def chose(self, connection: Connection, row: RowMapping, item: Item) -> str | None:
        """The choice that the customer made with a button, if somebody waits here and it was offered to them."""
        payload = item.message.get("payload")
        if payload not in (STAY_WITH_BOT, LEAVE_MESSAGE) or row["handoff_id"] is None:
            return None
        waits = handoffs.current(connection, row)["state"] in floor.WAITING
        return payload if waits and outbox.was_offered(connection, row["id"], payload) else None

    def back_to_bot(self, connection: Connection, row: RowMapping, item: Item) -> None:
        """The customer would rather go on with the bot."""
        now = self.clock()
        tracker_events.append(connection, row["id"], [user_event(item, now)])
        handoffs.end(
            connection, row, state=floor.CANCELLED, outcome="cancelled", who="customer", at=now, trace_id=item.trace_id
        )

    def leave_message(self, connection: Connection, row: RowMapping, item: Item) -> RowMapping:
        """The customer rather writes it down: from here on nothing answers but people. Returns the conversation's row
        as it is now."""
        now = self.clock()
        tracker_events.append(connection, row["id"], [user_event(item, now)])
        if row["owner"] == floor.BOT:
            row = handoffs.take_floor(connection, row, who="customer", why="leaves a message", at=now)
        waiting_list.note_told(connection, row["handoff_id"], now, "offered_message_at")
        self.say(connection, row["id"], LEAVE_A_MESSAGE, floor.of(row), item.trace_id)
        return row

    def wrote(self, connection: Connection, row: RowMapping, item: Item) -> None:
        """The customer has written while the human side has the floor: who leaves a message is told, once, that it is
        kept and when somebody will read it."""
        handoff = handoffs.current(connection, row)
        leaves_message = handoff["offered_message_at"] is not None and handoff["state"] in floor.WAITING
        if not leaves_message or handoff["told_kept_at"] is not None:
            return
        now = self.clock()
        waiting_list.note_told(connection, handoff["id"], now, "told_kept_at")
        opening = "" if self.patience.is_open(now) else self.patience.opening(now)
        response = KEPT_UNTIL_OPENING if opening else KEPT
        self.say(connection, row["id"], response, floor.of(row), item.trace_id, opening=opening)

    def sweep(self, connection: Connection) -> int:
        """Tell customers for whom nobody was reached or who wait for too long, and end what was in vain. Returns how
        many there were."""
        now = self.clock()
        overdue = waiting_list.overdue(connection, self.patience.expiry_cutoff(now))
        unreached = waiting_list.unreached(connection, now - REACHED_WITHIN_SECONDS)
        impatient = waiting_list.impatient(connection, now - self.patience.too_long_seconds)
        found = list(dict.fromkeys(overdue + unreached + impatient))
        for conversation_id in found:
            row = floor.lock(connection, conversation_id)
            if row is None or row["handoff_id"] is None:
                continue
            handoff = handoffs.current(connection, row)
            if handoff["state"] not in floor.WAITING:
                continue
            if conversation_id in overdue:
                handoffs.end(
                    connection, row, state=floor.EXPIRED, outcome="expired", who=floor.SYSTEM, at=now,
                    trace_id=_trace(handoff),
                )  # fmt: skip
            elif conversation_id in impatient and handoff["offered_message_at"] is None:
                self._offer_message(connection, row, handoff)
            elif handoff["told_unreachable_at"] is None:
                waiting_list.note_told(connection, handoff["id"], now, "told_unreachable_at")
                self.say(connection, conversation_id, NOBODY_REACHED, floor.of(row), _trace(handoff))
        return len(found)

    def _offer_message(self, connection: Connection, row: RowMapping, handoff: Mapping[str, Any]) -> None:
        now = self.clock()
        # that nobody was reached is no news after this
        waiting_list.note_told(connection, handoff["id"], now, "offered_message_at", "told_unreachable_at")
        opening = "" if self.patience.is_open(now) else self.patience.opening(now)
        response = CLOSED if opening else TOO_LONG
        self.say(connection, row["id"], response, floor.of(row), _trace(handoff), opening=opening)


def _trace(handoff: Mapping[str, Any]) -> str:
    return f"sweep-{handoff['id']}"
