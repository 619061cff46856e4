"""What an agent channel may tell the bridge to do, applied in one transaction, once per id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from handoff import agent_messages, floor, handoffs, outbox, protocol, tables, tracker_events
from handoff.channel import CustomerChannel
from handoff.clock import Clock
from handoff.protocol import Envelope, ProtocolError

_row = tables.commands


@dataclass(frozen=True)
class Applied:
    """How a command was answered, and what has to be woken because of it."""

    status: int
    answer: Mapping[str, Any]
    conversation_id: str
    show_typing: str | None = None  # the message id to mark as read, with "typing"
    number: str = ""


class Commands:
    """Applies commands. ``slots`` are the names of the domain's slots: an agent cannot set one that does not exist."""

    def __init__(self, channel: CustomerChannel, slots: frozenset[str], clock: Clock) -> None:
        self.channel = channel
        self.slots = slots
        self.clock = clock
        self._do: dict[str, Callable[[Connection, RowMapping, Envelope], Mapping[str, Any]]] = {
            protocol.AGENT_JOINED: self._joined,
            protocol.AGENT_TYPING: self._typing,
            protocol.AGENT_MESSAGE: self._message,
            protocol.HANDOFF_TRANSFERRED: self._transferred,
            protocol.HANDOFF_RESOLVED: self._resolved,
            protocol.SLOTS_SET: self._slots_set,
        }

    def apply(self, connection: Connection, command: Envelope) -> Applied:
        """Do what the command says, or say why not (409 when the floor has moved). The same id gets the same answer."""
        query = sa.select(_row).where(_row.c.id == command.id)
        conversation = floor.lock(connection, command.conversation_id)
        known = connection.execute(query).mappings().first()
        if known is not None:
            return Applied(known["status"], known["answer"], known["conversation_id"])
        status, answer = self._answer(connection, conversation, command)
        if command.type != protocol.AGENT_TYPING:  # typing is not worth keeping
            connection.execute(
                _row.insert().values(
                    id=command.id, conversation_id=command.conversation_id, type=command.type,
                    status=status, answer=dict(answer), received_at=self.clock(),
                )
            )  # fmt: skip
        seen = conversation is not None and status == 200 and command.type in _SHOWS_PRESENCE
        return Applied(
            status,
            answer,
            command.conversation_id,
            conversation["last_message_id"] if seen and conversation else None,
            conversation["number"] if conversation else "",
        )

    def _answer(
        self, connection: Connection, conversation: RowMapping | None, command: Envelope
    ) -> tuple[int, Mapping[str, Any]]:
        try:
            if conversation is None:
                raise ProtocolError(404, "unknown_conversation", "There is no conversation with this id.")
            stands = floor.of(conversation)
            if not stands.held_by(command.handoff_id) and not stands.waits(command.handoff_id):
                raise ProtocolError(409, protocol.STALE_FLOOR, self._why_stale(connection, conversation, command))
            with connection.begin_nested():  # a command that is refused has not taken the floor either
                if stands.waits(command.handoff_id) and command.type != protocol.AGENT_TYPING:
                    conversation = self._come(connection, conversation, command)
                return 200, {"status": "ok", **self._do[command.type](connection, conversation, command)}
        except floor.StaleFloor as stale:
            return 409, ProtocolError(409, protocol.STALE_FLOOR, str(stale)).body()
        except ProtocolError as error:
            return error.status, error.body()

    def _come(self, connection: Connection, conversation: RowMapping, command: Envelope) -> RowMapping:
        """The bot answered until now. With the first that a person does, the floor is theirs."""
        who = f"agent:{_agent(command)['id']}"
        return handoffs.take_floor(connection, conversation, who=who, why="joined", at=self.clock())

    def _why_stale(self, connection: Connection, conversation: RowMapping, command: Envelope) -> str:
        handoff = tables.handoffs
        state = connection.execute(sa.select(handoff.c.state).where(handoff.c.id == command.handoff_id)).scalar()
        if state == floor.CANCELLED:
            return "The customer went back to the bot, so this was not sent."
        if state == floor.EXPIRED:
            return "This handoff expired before anybody took it, so this was not sent."
        if conversation["owner"] == floor.HUMAN:
            return "A newer handoff has this conversation, so this was not sent."
        return "This handoff is over and the bot has the conversation, so this was not sent."

    def _joined(self, connection: Connection, conversation: RowMapping, command: Envelope) -> Mapping[str, Any]:
        handoffs.note_join(connection, conversation, _agent(command), self.clock())
        return {}

    def _typing(self, connection: Connection, conversation: RowMapping, command: Envelope) -> Mapping[str, Any]:
        _agent(command)
        return {}

    def _message(self, connection: Connection, conversation: RowMapping, command: Envelope) -> Mapping[str, Any]:
        agent = _agent(command)
        return agent_messages.send(connection, self.channel, conversation, command, agent, self.clock())

    def _transferred(self, connection: Connection, conversation: RowMapping, command: Envelope) -> Mapping[str, Any]:
        to = command.data.get("to")
        reason = str(command.data.get("reason") or "")
        receiver = None if to is None else _person(to, "data.to")
        who = f"agent:{_agent(command)['id']}"
        handoffs.note_transfer(connection, conversation, who, receiver, reason, self.clock())
        return {}

    def _resolved(self, connection: Connection, conversation: RowMapping, command: Envelope) -> Mapping[str, Any]:
        agent = _agent(command)
        outcome = command.data.get("outcome")
        if outcome not in protocol.OUTCOMES:
            allowed = ", ".join(protocol.OUTCOMES)
            raise ProtocolError(400, "wrong_field", f"'data.outcome' is {outcome!r}; it must be one of: {allowed}.")
        if self._wrote_again(connection, conversation, command):
            raise ProtocolError(409, protocol.NEWER_MESSAGE, "The customer wrote again before this was closed.")
        handoffs.end(
            connection, conversation, state=floor.RESOLVED, outcome=outcome, who=f"agent:{agent['id']}",
            at=self.clock(), trace_id=command.id, note=str(command.data.get("note") or ""),
            agent_name=agent["name"], slots=self._known_slots(command), hand_on=True,
        )  # fmt: skip
        return {}

    def _wrote_again(self, connection: Connection, conversation: RowMapping, command: Envelope) -> bool:
        """Did the customer write something to this handoff that its agent had not been shown when they resolved it?
        Nobody would answer that: it has been passed on, so the bot does not get it. Who does not say is believed."""
        seen = command.data.get("seen_seq")
        if seen is None:
            return False
        if not isinstance(seen, int) or isinstance(seen, bool):
            raise ProtocolError(400, "wrong_field", "'data.seen_seq' must be the 'seq' of an event, or be left out.")
        row = tables.outbox.c
        passed_on = sa.select(row.payload).where(
            row.seq > seen,
            row.conversation_id == conversation["id"],
            row.handoff_id == conversation["handoff_id"],
            row.kind == protocol.CUSTOMER_MESSAGE,
            row.status != outbox.DEAD,  # no agent will ever see it: it must not keep the conversation open for ever
        )
        return any(payload["author"] == "customer" for payload in connection.execute(passed_on).scalars())

    def _slots_set(self, connection: Connection, conversation: RowMapping, command: Envelope) -> Mapping[str, Any]:
        _agent(command)
        set_now = handoffs.slot_events(self._known_slots(command), self.clock())
        tracker_events.append(connection, conversation["id"], set_now)
        return {}

    def _known_slots(self, command: Envelope) -> Mapping[str, Any]:
        slots = command.data.get("slots") or {}
        if not isinstance(slots, dict):
            raise ProtocolError(400, "wrong_field", "'data.slots' must be an object of slot names and values.")
        unknown = sorted(set(slots) - self.slots)
        if unknown:
            raise ProtocolError(400, "unknown_slot", f"The bot has no slot named {', '.join(unknown)}.")
        return slots


_SHOWS_PRESENCE = (protocol.AGENT_TYPING,)


def _agent(command: Envelope) -> Mapping[str, str]:
    return _person(command.data.get("agent"), "data.agent")


def _person(value: Any, where: str) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) and value[key] for key in ("id", "name")):
        raise ProtocolError(400, "missing_field", f"'{where}' must be an object with 'id' and 'name'.")
    return value
