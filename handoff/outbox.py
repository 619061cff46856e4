"""The outbox: what is to be delivered, to the customer or to the agent channel. It is written in the transaction that
decides it, and sent afterwards, one at a time and in order within a conversation's lane."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, RowMapping

from handoff import attachments, conversations, floor, protocol, receipts, tables
from handoff.channel import Address, DeliveryError, Receipt, Rendered

CUSTOMER = "customer"
AGENT = "agent"

MESSAGE = "message"

PENDING = "pending"
SENDING = "sending"
SENT = "sent"
REFUSED = "refused"
DEAD = "dead"

CLAIM_SECONDS = 60.0
GIVE_UP_AFTER_SECONDS = 24 * 3600.0  # a reply that is a day old helps nobody, and the window has closed
STATUS_GRACE_SECONDS = 4.0  # an unknown send: a status may still tell that it went out

_row = tables.outbox
_handoff = tables.handoffs
_talk = tables.conversations
_ADDRESS = ("number", "user_id", "wa_id", "reply_wa_id", "name", "username")

# a literal, not a parameter: only so does SQLite use the index on what is open
_IS_OPEN = _row.c.status.in_([sa.literal_column("'pending'"), sa.literal_column("'sending'")])
_HEADS = (
    sa.select(sa.func.min(_row.c.seq)).where(_IS_OPEN).group_by(_row.c.lane, _row.c.conversation_id).scalar_subquery()
)
_DUE = (
    sa.select(_row, *(_talk.c[name].label(f"talk_{name}") for name in _ADDRESS), _talk.c.epoch.label("floor_epoch"))
    .join(_talk, _talk.c.id == _row.c.conversation_id)
    .where(_row.c.seq.in_(_HEADS), _row.c.next_try_at <= sa.bindparam("now"))
    .where(
        sa.or_(_row.c.status == PENDING, sa.and_(_row.c.status == SENDING, _row.c.claimed_until <= sa.bindparam("now")))
    )
    .order_by(_row.c.seq)
    .limit(sa.bindparam("most"))
    .with_for_update(of=_row, skip_locked=True)
)
_INSERT = _row.insert()
_UPDATE = _row.update().where(_row.c.seq == sa.bindparam("row_seq"))  # sets the columns that are given with it
_UNSENT = _UPDATE.where(_row.c.status != SENT)
_OF_RECEIPT = (
    sa.select(_row)
    .where(sa.or_(_row.c.provider_id == sa.bindparam("provider_id"), _row.c.id == sa.bindparam("outbox_id")))
    .with_for_update()
)
_OFFERED = sa.select(tables.offers.c.payload).where(
    tables.offers.c.conversation_id == sa.bindparam("conversation_id"),
    tables.offers.c.payload == sa.bindparam("payload"),
)
_OFFER = {
    "sqlite": sqlite.insert(tables.offers).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(tables.offers).on_conflict_do_nothing(),
}


@dataclass(frozen=True)
class Delivery:
    """One row that this server has claimed, with all that sending it needs."""

    seq: int
    id: str
    conversation_id: str
    lane: str
    kind: str
    author: str
    epoch: int
    handoff_id: str | None
    command_id: str | None
    payload: Mapping[str, Any]
    attempts: int
    trace_id: str
    created_at: float
    claimed_by: str
    to: Address


def add_message(
    connection: Connection,
    conversation_id: str,
    rendered: Rendered,
    *,
    author: str,
    epoch: int,
    trace_id: str,
    at: float,
    handoff_id: str | None = None,
    command_id: str | None = None,
) -> str:
    """Queue one message for the customer, made under ``epoch``. Returns its id."""
    outbox_id = _add(
        connection, conversation_id, CUSTOMER, MESSAGE, dict(rendered.payload),
        author=author, epoch=epoch, trace_id=trace_id, at=at, handoff_id=handoff_id, command_id=command_id,
    )  # fmt: skip
    offered = [{"conversation_id": conversation_id, "payload": payload} for payload in dict.fromkeys(rendered.offers)]
    if offered:
        connection.execute(_OFFER[connection.dialect.name], offered)
    return outbox_id


def add_event(
    connection: Connection,
    conversation_id: str,
    event_type: str,
    data: Mapping[str, Any],
    *,
    epoch: int,
    handoff_id: str | None,
    trace_id: str,
    at: float,
) -> str:
    """Queue one event for the agent channel. Returns its id."""
    return _add(
        connection, conversation_id, AGENT, event_type, dict(data),
        author=floor.SYSTEM, epoch=epoch, trace_id=trace_id, at=at, handoff_id=handoff_id, command_id=None,
    )  # fmt: skip


def was_offered(connection: Connection, conversation_id: str, payload: str) -> bool:
    """Was this customer ever sent a button or row with this payload?"""
    return connection.execute(_OFFERED, {"conversation_id": conversation_id, "payload": payload}).first() is not None


def claim(connection: Connection, server: str, now: float, limit: int = 64) -> tuple[list[Delivery], list[str]]:
    """Claim the first open row of each lane that is due. Rows whose epoch has passed are refused instead; returns what
    to deliver, and the lanes' conversations in which something was refused (there may be more to claim at once)."""
    deliveries: list[Delivery] = []
    refused: list[str] = []
    for row in connection.execute(_DUE, {"now": now, "most": limit}).mappings().all():
        if row["lane"] == CUSTOMER and row["epoch"] != row["floor_epoch"] and _has_passed(connection, row):
            _refuse(connection, row, now)
            refused.append(row["conversation_id"])
        else:
            deliveries.append(_claim_one(connection, row, server, now))
    return deliveries, refused


def record_sent(connection: Connection, delivery: Delivery, provider_id: str | None, now: float) -> None:
    """The other side took it. A handoff whose request was taken is queued from now on."""
    values: dict[str, Any] = {"status": SENT, "sent_at": now, "claimed_by": None, "error": None, "error_code": None}
    if provider_id is not None:
        values |= {"provider_id": provider_id, "delivery": SENT, **_without_file(delivery.payload)}
    taken = connection.execute(_UNSENT, {"row_seq": delivery.seq, **values})
    if delivery.kind == protocol.HANDOFF_REQUESTED:
        connection.execute(
            _handoff.update()
            .where(_handoff.c.id == delivery.handoff_id, _handoff.c.state == floor.REQUESTED)
            .values(state=floor.QUEUED)
        )
    if provider_id is not None and taken.rowcount:
        _tell_agent(connection, delivery.__dict__, SENT, now)
        early = receipts.take_early(connection, provider_id)
        if early is not None:
            apply_receipt(connection, early, early.at)


def record_failure(connection: Connection, delivery: Delivery, error: DeliveryError, now: float) -> bool:
    """Try again later, or give up visibly. Returns whether it will be tried again."""
    attempts = delivery.attempts + 1
    too_old = delivery.lane == CUSTOMER and now - delivery.created_at >= GIVE_UP_AFTER_SECONDS
    again = error.retry and not too_old and (error.tries is None or attempts < error.tries)
    values: dict[str, Any] = {"attempts": attempts, "error": str(error), "error_code": error.code, "claimed_by": None}
    if error.unknown:
        values["unknown_sends"] = _row.c.unknown_sends + 1
    if again:
        pause = min(60.0, 0.5 * 2 ** min(attempts, 8)) * random.uniform(0.5, 1.0)
        least = STATUS_GRACE_SECONDS if error.unknown else 0.0
        values |= {"status": PENDING, "next_try_at": now + max(pause, least, error.retry_after or 0.0)}
    else:
        values |= {"status": DEAD, **_without_file(delivery.payload)}
    # void if a status has told, meanwhile, that the message went out after all, or if another server sends it now
    ours = (_row.c.seq == delivery.seq, _row.c.status == SENDING, _row.c.claimed_by == delivery.claimed_by)
    failed = _row.update().where(*ours).values(**values)
    if connection.execute(failed).rowcount and not again:
        _tell_agent(connection, delivery.__dict__, "failed", now, code=str(error.code), text=str(error))
    return again


def apply_receipt(connection: Connection, receipt: Receipt, at: float) -> None:
    """Note what became of a message. States only move forward: statuses come unordered and more than once."""
    ids = {"provider_id": receipt.provider_id, "outbox_id": receipt.outbox_id}
    row = connection.execute(_OF_RECEIPT, ids).mappings().first()
    if row is None:
        receipts.keep_early(connection, receipt)
        return
    if not receipts.is_news(receipt.status, row["delivery"]):
        return
    values: dict[str, Any] = {"delivery": receipt.status, "provider_id": receipt.provider_id}
    if row["status"] in (PENDING, SENDING):  # the answer to the send was lost: no need to send again
        values |= {"status": SENT, "sent_at": at, "claimed_by": None, **_without_file(row["payload"])}
    if receipt.status == "failed":
        values |= {"error": receipt.error, "error_code": receipt.error_code}
    connection.execute(_UPDATE, {"row_seq": row["seq"], **values})
    _tell_agent(
        connection, row, receipt.status, receipt.at,
        code=None if receipt.error_code is None else str(receipt.error_code), text=receipt.error,
    )  # fmt: skip


def release_claims_of(connection: Connection, gone: Callable[[Iterable[str]], list[str]], now: float) -> int:
    """What a server was sending when it died may or may not have gone out. It is sent again after a moment in which a
    status can still say that it did. Returns how many there were."""
    sending = _row.c.status == SENDING
    holders = connection.execute(sa.select(_row.c.claimed_by).where(sending).distinct()).scalars()
    values = {
        "status": PENDING,
        "claimed_by": None,
        "next_try_at": now + STATUS_GRACE_SECONDS,
        "unknown_sends": _row.c.unknown_sends + 1,
    }
    interrupted = _row.update().where(sending, _row.c.claimed_by.in_(gone(holders)))
    return int(connection.execute(interrupted.values(**values)).rowcount)


def _add(
    connection: Connection, conversation_id: str, lane: str, kind: str, payload: dict[str, Any], **values: Any
) -> str:
    outbox_id = uuid.uuid4().hex
    row = {
        "id": outbox_id,
        "conversation_id": conversation_id,
        "lane": lane,
        "kind": kind,
        "payload": payload,
        "status": PENDING,
        "created_at": values.pop("at"),
    }
    connection.execute(_INSERT, {**row, **values})
    return outbox_id


def _claim_one(connection: Connection, row: RowMapping, server: str, now: float) -> Delivery:
    claimed = {"status": SENDING, "claimed_by": server, "claimed_until": now + CLAIM_SECONDS}
    # a row that is being sent already was claimed by a server that died meanwhile
    claimed["unknown_sends"] = row["unknown_sends"] + (row["status"] == SENDING)
    connection.execute(_UPDATE, {"row_seq": row["seq"], **claimed})
    return Delivery(
        **{name: row[name] for name in Delivery.__annotations__ if name not in ("claimed_by", "to")},
        claimed_by=server,
        to=conversations.address_of({name: row[f"talk_{name}"] for name in _ADDRESS}),
    )


def _without_file(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What to change in a row that is done with: nobody needs its file any more, and each later receipt reads it."""
    kept = attachments.without_bytes(payload)
    return {} if kept is payload else {"payload": kept}


def _has_passed(connection: Connection, row: RowMapping) -> bool:
    """Look again: PostgreSQL may have read the row after, and the conversation before, the same change of the floor."""
    floor_epoch = connection.execute(sa.select(_talk.c.epoch).where(_talk.c.id == row["conversation_id"])).scalar()
    return bool(floor_epoch != row["epoch"])


def _refuse(connection: Connection, row: RowMapping, now: float) -> None:
    why = "The conversation changed hands before this message was sent, so it was not sent."
    values = {"status": REFUSED, "error": why, "claimed_by": None, **_without_file(row["payload"])}
    connection.execute(_UPDATE, {"row_seq": row["seq"], **values})
    _tell_agent(connection, row, REFUSED, now, code="stale_floor", text=why)


def _tell_agent(
    connection: Connection,
    row: Mapping[str, Any],
    status: str,
    at: float,
    code: str | None = None,
    text: str | None = None,
) -> None:
    """The agent channel hears what became of what its people wrote."""
    if row["command_id"] is None:
        return
    error = {"code": code or "", "message": text or ""} if code or text else None
    data = {"command_id": row["command_id"], "message_id": row["id"], "status": status, "at": at, "error": error}
    add_event(
        connection, row["conversation_id"], protocol.MESSAGE_STATUS, data,
        epoch=row["epoch"], handoff_id=row["handoff_id"], trace_id=row["trace_id"], at=at,
    )  # fmt: skip
