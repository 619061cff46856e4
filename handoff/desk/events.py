"""What the bridge tells the desk, applied: one envelope, one transaction, once.

The bridge delivers at least once and in order, but nothing here depends on the order: a conversation or handoff that
is not known yet is created by whatever mentions it first, and state only moves forward.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from handoff import protocol
from handoff.desk import later, receipts, words
from handoff.desk.database import insert_once
from handoff.desk.journal import record
from handoff.desk.tables import conversations, handoffs, received_events
from handoff.desk.transcript import add_line, later_columns, merge

ID_LENGTH = 255

Row = Mapping[str, Any]


def apply(connection: Connection, event: protocol.Envelope, now: float) -> bool:
    """Apply one envelope. False when it was applied before.

    Raises:
        protocol.ProtocolError: 400, the envelope can never be applied.
    """
    for value in (event.id, event.conversation_id, event.handoff_id or ""):
        if len(value) > ID_LENGTH:
            raise protocol.ProtocolError(400, "too_long", f"Ids have at most {ID_LENGTH} characters.")
    received = {"id": event.id, "type": event.type, "conversation_id": event.conversation_id}
    if not insert_once(connection, received_events, {**received, "seq": event.seq, "at": now}):
        return False
    _APPLIERS[event.type](connection, event, now)
    record(
        connection, event.type, now, event.conversation_id, event.handoff_id,
        data={"event_id": event.id, "seq": event.seq, "epoch": event.epoch, **_facts_for_the_log(event)},
    )  # fmt: skip
    return True


def locked_conversation(connection: Connection, conversation_id: str) -> Row | None:
    """The conversation's row, held by this transaction until it ends."""
    query = select(conversations).where(conversations.c.id == conversation_id).with_for_update()
    row: Row | None = connection.execute(query).mappings().first()
    return row


def _requested(connection: Connection, event: protocol.Envelope, now: float) -> None:
    context = event.data.get("context")
    if not isinstance(context, Mapping) or not event.handoff_id:
        raise protocol.ProtocolError(400, "missing_field", "handoff.requested needs 'handoff_id' and data.context.")
    conversation = _conversation(connection, event, now)
    requested_at = float(context.get("requested_at") or event.at or now)
    handoff = _handoff(connection, event, requested_at)
    described = {
        "context": dict(context),
        "reason": _clip(context.get("reason"), 64),
        "topic": _clip(context.get("topic")),
        "requested_at": requested_at,
    }
    connection.execute(handoffs.update().where(handoffs.c.id == event.handoff_id).values(**described))
    _describe_customer(connection, event, conversation, context)
    end = merge(connection, event.conversation_id, event.handoff_id, context.get("transcript") or [])
    _draw_the_line(connection, event, context, max(requested_at, end))
    _note_shown(connection, event)
    if handoff["state"] in words.OPEN_HANDOFF_STATES:
        _take_up(connection, conversation, event, described, requested_at)


def _take_up(
    connection: Connection, conversation: Row, event: protocol.Envelope, described: Row, requested_at: float
) -> None:
    """Make this handoff the conversation's current one, unless a later one is already there."""
    current = conversation["handoff_id"] == event.handoff_id
    if event.seq < conversation["handoff_seq"] and not current:
        return
    connection.execute(
        handoffs.update()
        .where(handoffs.c.conversation_id == event.conversation_id, handoffs.c.id != event.handoff_id)
        .where(handoffs.c.state.in_(words.OPEN_HANDOFF_STATES))
        .values(state=words.CANCELLED, closed_at=event.at)
    )
    values: dict[str, Any] = {
        "topic": described["topic"],
        "reason": described["reason"],
        "priority": _clip(described["context"].get("priority"), 16) or "normal",
        "epoch": event.epoch,
        "handoff_seq": max(event.seq, conversation["handoff_seq"]),
    }
    if not current or conversation["state"] not in words.OPEN_HANDOFF_STATES:
        values.update(handoff_id=event.handoff_id, state=words.QUEUED, owner_id=None, waiting_since=requested_at)
        values.update(unread=max(1, conversation["unread"]))
    connection.execute(conversations.update().where(conversations.c.id == event.conversation_id).values(**values))


def _customer_message(connection: Connection, event: protocol.Envelope, now: float) -> None:
    conversation = _conversation(connection, event, now)
    if event.handoff_id:
        handoff = _handoff(connection, event, event.at or now)
        if handoff["state"] == words.QUEUED and handoff["context"] is None:
            _take_up(
                connection,
                conversation,
                event,
                {"topic": None, "reason": None, "context": {}},
                event.at or now,
            )
    sent_at = float(event.data.get("sent_at") or event.at or now)
    # what a colleague wrote on the business's own phone, and what the bot says to somebody who waits, belongs to the
    # story, but nobody waits because of it
    given = event.data.get("author")
    author = str(given) if given in (words.HUMAN, words.BOT, words.SYSTEM) else words.CUSTOMER
    added = add_line(
        connection,
        event.conversation_id,
        author,
        str(event.data.get("text") or ""),
        sent_at,
        kind=str(event.data.get("kind") or words.KIND_TEXT)[:32],
        details=event.data.get("details"),
        **later_columns(event.data),
        handoff_id=event.handoff_id,
        bridge_id=str(event.data.get("message_id") or f"event:{event.id}"),
    )
    _note_shown(connection, event)
    if isinstance(event.data.get("opted_out"), bool):
        here = conversations.c.id == event.conversation_id
        connection.execute(conversations.update().where(here).values(opted_out=event.data["opted_out"]))
    if event.data.get("window_ends_at") is not None:
        _window_changed(connection, event, now)
    if added and author == words.CUSTOMER:
        table = conversations
        connection.execute(table.update().where(table.c.id == event.conversation_id).values(unread=table.c.unread + 1))
        connection.execute(
            table.update()
            .where(table.c.id == event.conversation_id, table.c.waiting_since.is_(None))
            .where(table.c.state.in_(words.OPEN_HANDOFF_STATES))
            .values(waiting_since=min(sent_at, now))
        )


def _note_shown(connection: Connection, event: protocol.Envelope) -> None:
    """What the customer said up to here is on the agents' pages: who closes the conversation has seen it."""
    seen, here = conversations.c.seen_seq, conversations.c.id == event.conversation_id
    newer = or_(seen.is_(None), seen < event.seq)
    connection.execute(conversations.update().where(here, newer).values(seen_seq=event.seq))


def _cancelled(connection: Connection, event: protocol.Envelope, now: float) -> None:
    conversation = _conversation(connection, event, now)
    if not event.handoff_id:
        return
    handoff = _handoff(connection, event, event.at or now)
    if handoff["state"] not in words.OPEN_HANDOFF_STATES:
        return
    expired = event.data.get("by") == "expired"
    ended = {"state": words.EXPIRED if expired else words.CANCELLED, "closed_at": event.at or now}
    connection.execute(handoffs.update().where(handoffs.c.id == event.handoff_id).values(**ended))
    text = "Nobody could take it in time" if expired else "The customer went back to the bot"
    _end_here(connection, conversation, event, words.WITH_BOT, text, now)


def _closed(connection: Connection, event: protocol.Envelope, now: float) -> None:
    conversation = _conversation(connection, event, now)
    if not event.handoff_id:
        return
    handoff = _handoff(connection, event, event.at or now)
    values: dict[str, Any] = {"confirmed_at": event.at or now}
    closed_elsewhere = handoff["state"] in words.OPEN_HANDOFF_STATES
    if closed_elsewhere:
        outcome = _clip(event.data.get("outcome"), 32)
        values.update(state=words.RESOLVED, closed_at=event.at or now, outcome=outcome)
    connection.execute(handoffs.update().where(handoffs.c.id == event.handoff_id).values(**values))
    if closed_elsewhere:
        _end_here(connection, conversation, event, words.RESOLVED, "Closed by the bot's side", now)


def _window_changed(connection: Connection, event: protocol.Envelope, now: float) -> None:
    conversation = _conversation(connection, event, now)
    if event.seq < conversation["window_seq"]:
        return
    ends_at = event.data.get("window_ends_at")
    connection.execute(
        conversations.update()
        .where(conversations.c.id == event.conversation_id)
        .values(window_ends_at=None if ends_at is None else float(ends_at), window_seq=event.seq)
    )


def _end_here(
    connection: Connection, conversation: Row, event: protocol.Envelope, state: str, text: str, now: float
) -> None:
    add_line(
        connection, event.conversation_id, words.SYSTEM, text, event.at or now,
        handoff_id=event.handoff_id, bridge_id=f"end:{event.handoff_id}",
    )  # fmt: skip
    if conversation["handoff_id"] in (event.handoff_id, None):
        connection.execute(
            conversations.update()
            .where(conversations.c.id == event.conversation_id)
            .values(state=state, owner_id=None, waiting_since=None, epoch=event.epoch or conversation["epoch"])
        )


def _conversation(connection: Connection, event: protocol.Envelope, now: float) -> Row:
    fresh = {"id": event.conversation_id, "state": words.WITH_BOT, "epoch": event.epoch, "last_at": 0.0}
    insert_once(connection, conversations, fresh)
    row = locked_conversation(connection, event.conversation_id)
    assert row is not None
    return row


def _handoff(connection: Connection, event: protocol.Envelope, requested_at: float) -> Row:
    values = {"id": event.handoff_id, "conversation_id": event.conversation_id, "state": words.QUEUED}
    insert_once(connection, handoffs, {**values, "epoch": event.epoch, "requested_at": requested_at})
    query = select(handoffs).where(handoffs.c.id == event.handoff_id)
    row: Row = connection.execute(query).mappings().one()
    return row


def _describe_customer(connection: Connection, event: protocol.Envelope, conversation: Row, context: Row) -> None:
    if event.seq < conversation["handoff_seq"] and conversation["customer_name"]:
        return  # a later handoff knew better
    customer = context.get("customer")
    customer = customer if isinstance(customer, Mapping) else {}
    address = customer.get("phone") or customer.get("username") or customer.get("user_id")
    values: dict[str, Any] = {
        "customer_name": _clip(customer.get("name")) or "",
        "customer_address": _clip(address) or "",
        "language": _clip(customer.get("language"), 16),
        "opted_out": bool(context.get("opted_out")),
    }
    if context.get("window_ends_at") is not None and event.seq >= conversation["window_seq"]:
        values["window_ends_at"] = float(context["window_ends_at"])
    connection.execute(conversations.update().where(conversations.c.id == event.conversation_id).values(**values))


def _draw_the_line(connection: Connection, event: protocol.Envelope, context: Row, order_at: float) -> None:
    details = {name: context.get(name) for name in ("reason", "reason_detail", "topic")}
    add_line(
        connection, event.conversation_id, words.SYSTEM, words.reason_label(context.get("reason")),
        float(context.get("requested_at") or order_at), order_at=order_at, kind=words.KIND_HANDOFF,
        details=details, handoff_id=event.handoff_id, bridge_id=f"handoff:{event.handoff_id}",
    )  # fmt: skip


def _facts_for_the_log(event: protocol.Envelope) -> dict[str, Any]:
    kept = {name: event.data[name] for name in ("status", "by", "outcome", "command_id") if name in event.data}
    context = event.data.get("context")
    if isinstance(context, Mapping):
        kept.update({name: context.get(name) for name in ("reason", "topic", "priority")})
    return kept


def _clip(value: Any, length: int = 255) -> str | None:
    return None if value is None else str(value)[:length]


_APPLIERS: dict[str, Callable[[Connection, protocol.Envelope, float], None]] = {
    protocol.HANDOFF_REQUESTED: _requested,
    protocol.CUSTOMER_MESSAGE: _customer_message,
    protocol.MESSAGE_STATUS: receipts.apply_status,
    protocol.HANDOFF_CANCELLED: _cancelled,
    protocol.HANDOFF_CLOSED: _closed,
    protocol.WINDOW_CHANGED: _window_changed,
    protocol.MEDIA_CHANGED: later.media_changed,
    protocol.MESSAGE_REACTION: later.reaction,
    protocol.MESSAGE_EDITED: later.edited,
    protocol.MESSAGE_DELETED: later.deleted,
}
