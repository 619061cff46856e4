"""Things that happened and that nobody said: a reaction, an edit, a deletion, a call, a wish about news. None of them
is a turn of the bot (but for an edit, which it hears), nor makes anybody wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from sqlalchemy.engine import Connection, RowMapping

from handoff import conversations, floor, inbox, marks, media, protocol, quoting, tracker_events
from handoff.channel import AddressChange
from handoff.inbox import Item
from handoff.telling import tell_agents
from handoff.waiting_room import NO_CALLS, WaitingRoom
from handoff.wishes import OPTED_OUT

EDIT = "edit"
AFTERWARDS = (EDIT, "revoke")  # what happens to a message that was there before

_OPTED = {True: "The customer wants no more news (said in WhatsApp)", False: "The customer wants news again"}
_IDENTITY = "The customer's security code on WhatsApp changed: a new phone, or somebody else's"


@dataclass(frozen=True)
class Asides:
    """``apply`` works in the caller's transaction, under the conversation's lock."""

    room: WaitingRoom
    knows_opt_out: bool

    def apply(self, connection: Connection, row: RowMapping, item: Item) -> None:
        """Write down one such thing, and tell the agents if they know the conversation."""
        apply = {
            "reaction": self._reaction,
            EDIT: self._edit,
            "revoke": self._revoke,
            "call": self._call,
            "preference": self._preference,
            "identity": self._identity,
        }.get(item.message["kind"])
        if apply is not None:
            apply(connection, row, item)

    def _reaction(self, connection: Connection, row: RowMapping, item: Item) -> None:
        target = self._target(connection, row, item)
        if target is None or target.message_id is None:
            return
        emoji = item.message["content"].get("emoji")
        if emoji:
            value = {"emoji": emoji, "said": target.text}
            marks.put(connection, row["id"], target.message_id, marks.REACTION, value, item.message["sent_at"])
        else:
            marks.take_away(connection, row["id"], target.message_id, marks.REACTION)
        self._tell(connection, row, item, protocol.MESSAGE_REACTION, {**target.as_quote(), "emoji": emoji})

    def _edit(self, connection: Connection, row: RowMapping, item: Item) -> None:
        target, text, at = self._own_message(connection, row, item), item.message["text"], item.message["sent_at"]
        if text is None:
            self._note(connection, row, item, "The customer edited a message; WhatsApp does not say what it reads now")
        elif target is not None and target.message_id is not None:
            marks.put(connection, row["id"], target.message_id, marks.EDITED, {"text": text}, at)
            data = {"message_id": target.message_id, "text": text, "at": at}
            self._tell(connection, row, item, protocol.MESSAGE_EDITED, data)
        else:
            self._note(connection, row, item, f"The customer edited an older message; it reads now: “{text}”")

    def _revoke(self, connection: Connection, row: RowMapping, item: Item) -> None:
        target, at = self._own_message(connection, row, item), item.message["sent_at"]
        if target is None or target.message_id is None:
            return
        marks.put(connection, row["id"], target.message_id, marks.DELETED, {"said": None}, at)
        media.forget(connection, row["number"], target.message_id)
        self._tell(connection, row, item, protocol.MESSAGE_DELETED, {"message_id": target.message_id, "at": at})

    def _call(self, connection: Connection, row: RowMapping, item: Item) -> None:
        self._note(connection, row, item, "The customer tried to call, and was told that nobody can answer calls here")
        self.room.say(connection, row["id"], NO_CALLS, floor.of(row), item.trace_id)

    def _preference(self, connection: Connection, row: RowMapping, item: Item) -> None:
        opted_out = bool(item.message["content"].get("opted_out"))
        conversations.update(connection, row["id"], opted_out=opted_out)
        if self.knows_opt_out:
            slot = {"event": "slot", "timestamp": self.room.clock(), "name": OPTED_OUT, "value": opted_out}
            tracker_events.append(connection, row["id"], [slot])
        self._note(connection, row, item, _OPTED[opted_out], opted_out=opted_out)

    def _identity(self, connection: Connection, row: RowMapping, item: Item) -> None:
        self._note(connection, row, item, _IDENTITY)

    def _target(self, connection: Connection, row: RowMapping, item: Item) -> quoting.Target | None:
        about = item.message["reply_to"]
        return quoting.find(connection, row, about) if about else None

    def _own_message(self, connection: Connection, row: RowMapping, item: Item) -> quoting.Target | None:
        """What is edited or deleted: nobody does that to what somebody else wrote."""
        target = self._target(connection, row, item)
        sender = floor.HUMAN if item.kind == inbox.ECHO else quoting.CUSTOMER
        return target if target is not None and target.author == sender else None

    def _note(self, connection: Connection, row: RowMapping, item: Item, text: str, **more: Any) -> None:
        data = {**note(item.message_id, text, item.message["sent_at"]), **more}
        self._tell(connection, row, item, protocol.CUSTOMER_MESSAGE, data)

    def _tell(self, connection: Connection, row: RowMapping, item: Item, kind: str, data: Mapping[str, Any]) -> None:
        tell_agents(connection, row, kind, data, trace_id=item.trace_id, at=self.room.clock())


def note(message_id: str, text: str, at: float) -> dict[str, Any]:
    """A line of the system in the agents' transcript."""
    return {"message_id": message_id, "author": floor.SYSTEM, "kind": "text", "text": text, "sent_at": at}


def tell_of_change(
    connection: Connection, conversation_id: str, change: AddressChange, trace_id: str, at: float
) -> None:
    """Agents see that a customer's number or id is a new one."""
    row = floor.lock(connection, conversation_id)
    if row is None:
        return
    if change.new_wa_id:
        before = f" from +{change.old_wa_id}" if change.old_wa_id else ""
        text = f"The customer's number changed{before} to +{change.new_wa_id}"
    else:
        text = "The customer's WhatsApp id changed; it is still the same person"
    data = note(change.message_id, text, at)
    tell_agents(connection, row, protocol.CUSTOMER_MESSAGE, data, trace_id=trace_id, at=at)
