"""How each kind of turn is saved: one function each, one transaction each. What is decided here is decided under the
conversation's lock, by the floor as it stands then, not as it stood when the turn began."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from sqlalchemy.engine import Connection, RowMapping

from handoff import asides, conversations, floor, handoffs, inbox, media, outbox, protocol, tracker_events, waiting_list
from handoff.asides import Asides
from handoff.channel import CustomerChannel, Rendered
from handoff.clock import Clock
from handoff.criteria import Criterion
from handoff.handoffs import Wish
from handoff.heard import echo_event, user_event, words_of
from handoff.inbox import Item
from handoff.tracker_events import Event
from handoff.turn import Turn
from handoff.waiting import LEAVE_MESSAGE, STAY_WITH_BOT, Patience
from handoff.waiting_room import BOT_FAILED, WaitingRoom
from handoff.wishes import opt_out_in, wish_for_failure, wish_in

ON_THE_PHONE = {"id": "phone", "name": "A colleague on the phone"}


class LeaseLost(Exception):
    """Another server works on this conversation now; what this one did must not be saved."""


@dataclass(frozen=True)
class Assistant:
    """What saving needs to know of the loaded model: the forms' slots, a few responses of the domain (``text``, and
    perhaps ``buttons``), the slots that are no facts for people, and whether it has a slot for who wants no news."""

    forms: handoffs.Forms
    response: Callable[[str], Mapping[str, object]]
    bookkeeping: frozenset[str] = frozenset()
    knows_opt_out: bool = False


class Saver:
    def __init__(
        self,
        server: str,
        channel: CustomerChannel,
        assistant: Assistant,
        clock: Clock,
        patience: Patience | None = None,
        failure: Criterion | None = None,
    ) -> None:
        """``failure`` is the criterion that says what kind of person is needed when the bot itself has failed."""
        self.server = server
        self.channel = channel
        self.assistant = assistant
        self.clock = clock
        self.patience = patience or Patience()
        self.failure = failure
        self.room = WaitingRoom(channel, assistant.response, clock, self.patience)
        self.asides = Asides(self.room, assistant.knows_opt_out)

    def bot_turn(self, connection: Connection, turn: Turn, events: list[Event]) -> None:
        """Save what the bot did: tracker events, messages, the handoff it asked for, the inbox row.

        Raises:
            floor.StaleFloor: the human side took the floor meanwhile; nothing of the turn may be heard.
            LeaseLost: another server took the conversation.
        """
        item = turn.item
        row = self._own(connection, item)
        before = floor.of(row)
        if not before.lets_pass(item.conversation["epoch"]):
            raise floor.StaleFloor("The floor changed hands during the turn.")
        tracker_events.append(connection, row["id"], events)
        if item.kind == inbox.ASIDE:  # an edited message, heard anew
            self.asides.apply(connection, row, item)
        if before.handoff_id and item.kind == inbox.CUSTOMER:  # a person will read on from here
            self._pass_on(connection, row, item)
        opted_out = opt_out_in(events)
        if opted_out is not None:
            conversations.update(connection, row["id"], opted_out=opted_out)
        wish = wish_in(events)
        stands = before if wish is None else self._hand_over(connection, row, wish, item)
        for rendered in self.channel.render(turn.responses, row["number"]):
            self._queue(connection, stands, rendered, item, shown=before.handoff_id is not None)
        turn.next_item = self._done(connection, item)

    def human_turn(self, connection: Connection, item: Item) -> Item | None:
        """The human has the floor: keep the message in the tracker and pass it on. No model is asked."""
        row = self._own(connection, item)
        if row["owner"] != floor.HUMAN:
            raise floor.StaleFloor("The bot has the floor again.")
        choice = self.room.chose(connection, row, item)
        if choice == STAY_WITH_BOT:
            self.room.back_to_bot(connection, row, item)
        elif choice == LEAVE_MESSAGE:
            self._pass_on(connection, self.room.leave_message(connection, row, item), item)
        else:
            tracker_events.append(connection, row["id"], [user_event(item, self.clock())])
            self._pass_on(connection, row, item)
            self.room.wrote(connection, row, item)
        return self._done(connection, item)

    def choice_turn(self, connection: Connection, item: Item) -> Item | None:
        """The bot answers while the customer waits, and they pressed a button about the waiting. No model is asked."""
        row = self._own(connection, item)
        if row["owner"] != floor.BOT or row["handoff_id"] != item.conversation["handoff_id"]:
            raise floor.StaleFloor("Nobody waits here any more, or a person is there.")
        choice = self.room.chose(connection, row, item)
        if choice == STAY_WITH_BOT:
            self.room.back_to_bot(connection, row, item)
        elif choice == LEAVE_MESSAGE:
            self._pass_on(connection, self.room.leave_message(connection, row, item), item)
        else:  # never offered: nothing to do but keep it
            tracker_events.append(connection, row["id"], [user_event(item, self.clock())])
        return self._done(connection, item)

    def late_turn(self, connection: Connection, item: Item) -> Item | None:
        """WhatsApp delivered the message when its window was over. The bot could act on it and never say so, days after
        the customer has given up: a person looks, and may write with a template. The bot is not asked."""
        row, now = self._own(connection, item), self.clock()
        if row["owner"] != floor.BOT:
            raise floor.StaleFloor("A person has the floor.")
        tracker_events.append(connection, row["id"], [user_event(item, now)])
        if row["handoff_id"] is not None:
            self._pass_on(connection, row, item)
            return self._done(connection, item)
        tracker_events.append(connection, row["id"], [{"event": "pause", "timestamp": now}])
        written = f"It came {(now - item.message['sent_at']) / 3600:.0f} hours after the customer wrote it."
        self._start(connection, row, Wish(floor.LATE_MESSAGE, written), floor.SYSTEM, item, hand_on=True)
        return self._done(connection, item)

    def aside_turn(self, connection: Connection, item: Item) -> Item | None:
        """Something happened that nobody said. No model is asked."""
        self.asides.apply(connection, self._own(connection, item), item)
        return self._done(connection, item)

    def echo_turn(self, connection: Connection, item: Item) -> Item | None:
        """A colleague wrote from the business's own phone: that takes the floor, and belongs into the story."""
        row, now = self._own(connection, item), self.clock()
        happened = item.message["kind"] in asides.AFTERWARDS
        if not happened:
            tracker_events.append(connection, row["id"], [echo_event(item, now)])
        if row["handoff_id"] is None:
            tracker_events.append(connection, row["id"], [{"event": "pause", "timestamp": now}])
            wish = Wish(floor.PHONE_REPLY, "A colleague answered from the business's phone.")
            self._start(connection, row, wish, "phone", item, hand_on=False, state=floor.ACTIVE)
        elif row["owner"] == floor.BOT:
            row = handoffs.take_floor(connection, row, who="phone", why=floor.PHONE_REPLY, at=now, hand_on=False)
        if row["handoff_id"] is not None and handoffs.current(connection, row)["state"] in floor.WAITING:
            handoffs.note_join(connection, row, ON_THE_PHONE, now)  # nobody waits any more
        if happened:
            self.asides.apply(connection, row, item)
        elif row["handoff_id"] is not None:  # else the context of the new handoff has it
            self._pass_on(connection, row, item)
        return self._done(connection, item)

    def park(self, connection: Connection, item: Item, error: str) -> Item | None:
        """Give an item up after too many failures; the customer gets a person instead of silence."""
        row, now = self._own(connection, item), self.clock()
        if item.kind == inbox.ASIDE and item.message["kind"] != asides.EDIT:
            pass  # nobody waits for an answer to it
        elif row["owner"] == floor.BOT:
            heard = [user_event(item, now)] if item.kind != inbox.RETURNED else []
            tracker_events.append(connection, row["id"], heard)
            self.room.say(connection, row["id"], BOT_FAILED, self._give_up(connection, row, item, error), item.trace_id)
        elif item.kind != inbox.RETURNED:
            # what could not be handled is at least shown; that must not fail as well, or the item stays for ever
            with contextlib.suppress(Exception), connection.begin_nested():
                tracker_events.append(connection, row["id"], [user_event(item, now)])
                self._pass_on(connection, row, item)
        inbox.finish(connection, item.seq, now, inbox.PARKED, error)
        return inbox.take_next(connection, row["id"], self.server, now)

    def skip(self, connection: Connection, item: Item) -> Item | None:
        """Nothing to do for this item."""
        self._own(connection, item)
        return self._done(connection, item)

    def sweep(self, connection: Connection) -> int:
        """See to those who wait. Returns how many there were."""
        return self.room.sweep(connection)

    def _own(self, connection: Connection, item: Item) -> RowMapping:
        row = floor.lock(connection, item.conversation_id)
        if row is None or row["lease_owner"] != self.server:
            raise LeaseLost(f"Conversation {item.conversation_id} is in other hands.")
        return row

    def _done(self, connection: Connection, item: Item) -> Item | None:
        now = self.clock()
        inbox.finish(connection, item.seq, now)
        return inbox.take_next(connection, item.conversation_id, self.server, now)

    def _hand_over(self, connection: Connection, row: RowMapping, wish: Wish, item: Item) -> floor.Floor:
        """The bot asked for a person. It gives the floor away, unless it is to answer until that person comes."""
        before = floor.of(row)
        if before.handoff_id is None and not self.patience.bot_answers:
            return self._start(connection, row, wish, floor.BOT, item, hand_on=True)
        if before.handoff_id is None:
            before = self._start(connection, row, wish, floor.BOT, item, hand_on=True, beside_bot=True)
        tracker_events.append(connection, row["id"], handoffs.listening(self.clock()))
        return before

    def _give_up(self, connection: Connection, row: RowMapping, item: Item, error: str) -> floor.Floor:
        now = self.clock()
        if row["handoff_id"] is not None:  # somebody was asked for already, while the bot answered
            row = handoffs.take_floor(connection, row, who=floor.SYSTEM, why=floor.BOT_FAILURE, at=now)
            if item.kind == inbox.CUSTOMER:
                self._pass_on(connection, row, item)
            return floor.of(row)
        tracker_events.append(connection, row["id"], [{"event": "pause", "timestamp": now}])
        wish = wish_for_failure(self.failure, error)
        return self._start(connection, row, wish, floor.SYSTEM, item, hand_on=True)

    def _start(
        self, connection: Connection, row: RowMapping, wish: Wish, who: str, item: Item, *, hand_on: bool,
        state: str = floor.REQUESTED, beside_bot: bool = False,
    ) -> floor.Floor:  # fmt: skip
        return handoffs.start(
            connection, row, wish,
            who=who, forms=self.assistant.forms, at=self.clock(), trace_id=item.trace_id, hand_on=hand_on, state=state,
            bookkeeping=self.assistant.bookkeeping, beside_bot=beside_bot,
        )  # fmt: skip

    def _queue(
        self, connection: Connection, stands: floor.Floor, rendered: Rendered, item: Item, *, shown: bool
    ) -> None:
        """One message of the bot, for the customer; ``shown``: for the agents, too."""
        now, conversation_id = self.clock(), item.conversation_id
        message_id = outbox.add_message(
            connection, conversation_id, rendered,
            author=floor.BOT, epoch=stands.epoch, trace_id=item.trace_id, at=now, handoff_id=stands.handoff_id,
        )  # fmt: skip
        if shown:
            self.room.show_agents(connection, conversation_id, stands, message_id, rendered.text, item.trace_id)
        if stands.handoff_id and LEAVE_MESSAGE in rendered.offers:
            waiting_list.note_told(connection, stands.handoff_id, now, "offered_message_at")

    def _pass_on(self, connection: Connection, row: RowMapping, item: Item) -> None:
        message = item.message
        data = {
            "message_id": item.message_id,
            "author": floor.HUMAN if item.kind == inbox.ECHO else "customer",
            "kind": message["kind"],
            "text": words_of(message) if item.kind == inbox.ECHO and message["text"] is None else message["text"],
            "sent_at": message["sent_at"],
            "details": message.get("content") or None,
            "media": _file(connection, message),
            "quoted": message.get("quoted"),
            "reply_to": message["reply_to"],
            "window_ends_at": row["window_ends_at"],
        }
        outbox.add_event(
            connection, row["id"], protocol.CUSTOMER_MESSAGE, data,
            epoch=row["epoch"], handoff_id=row["handoff_id"], trace_id=item.trace_id, at=self.clock(),
        )  # fmt: skip


def _file(connection: Connection, message: Mapping[str, Any]) -> dict[str, Any] | None:
    """The message's file as it stands: it may be here already, or still on its way."""
    file = message.get("media")
    return media.described(connection, [file["id"]]).get(file["id"]) if file else None
