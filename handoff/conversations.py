"""Which conversation a customer's address belongs to. It stays the same through new numbers and names."""

from __future__ import annotations

import uuid
from typing import Any, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from handoff import floor, protocol, tables
from handoff.channel import Address, AddressChange, Inbound

WINDOW_SECONDS = 24 * 3600
REACTION = "reaction"

_row = tables.conversations

_KNOWN = (
    sa.select(_row)
    .where(
        _row.c.number == sa.bindparam("number"),
        sa.or_(_row.c.user_id == sa.bindparam("user_id"), _row.c.wa_id == sa.bindparam("wa_id")),
    )
    .with_for_update()
)
_INSERT = _row.insert()
_WINDOW = sa.select(_row.c.window_ends_at).where(_row.c.id == sa.bindparam("conversation_id"))
_UPDATE = _row.update().where(_row.c.id == sa.bindparam("row_id"))  # sets the columns that are given with it


def for_address(connection: Connection, address: Address, at: float) -> RowMapping:
    """The conversation of an address, made if it is new, with what the address newly tells written to it.

    The business-scoped user id decides; the WhatsApp id finds a customer who had no user id yet. When the two point to
    two conversations, the user id's keeps the number and the other one loses it: numbers get new owners, ids do not.
    """
    by_user, by_phone = _find(connection, address.number, address.user_id, address.wa_id)
    found = by_user or by_phone
    if by_phone and by_user and by_phone["id"] != by_user["id"]:
        update(connection, by_phone["id"], wa_id=None, reply_wa_id=None)
    elif by_phone and not by_user and address.user_id and by_phone["user_id"]:
        # the phone is known under another user id: a new person has the number now
        update(connection, by_phone["id"], wa_id=None, reply_wa_id=None)
        found = None
    if found is None:
        return _create(connection, address, at)
    return _refresh(connection, found, address)


def apply_change(connection: Connection, change: AddressChange, at: float) -> str | None:
    """The customer's number or id changed: their conversation goes on under the new one. Returns its id; None when
    nobody is known under the old one, or when this change was applied before. WhatsApp may deliver it again, when the
    old number has a new owner already."""
    inbox = tables.inbox
    this = (inbox.c.number == change.number, inbox.c.message_id == change.message_id)
    if connection.execute(sa.select(inbox.c.seq).where(*this)).first():
        return None
    by_user, by_phone = _find(connection, change.number, change.old_user_id, change.old_wa_id)
    found = by_user or by_phone
    if found is None:
        return None
    new: dict[str, str] = {}
    if change.new_wa_id:
        new |= {"wa_id": change.new_wa_id, "reply_wa_id": change.new_wa_id}
    if change.new_user_id:
        new |= {"user_id": change.new_user_id}
    others = _find(connection, change.number, new.get("user_id"), new.get("wa_id"))
    lost = ({"user_id": None}, {"wa_id": None, "reply_wa_id": None})
    for columns, other in zip(lost, others, strict=True):
        if other and other["id"] != found["id"]:
            update(connection, other["id"], **columns)
    if new:
        update(connection, found["id"], **new)
    applied = {"number": change.number, "message_id": change.message_id, "conversation_id": found["id"]}
    row = {
        **applied,
        "kind": "changed",
        "message": {},
        "status": "done",
        "trace_id": "",
        "received_at": at,
        "done_at": at,
    }
    connection.execute(inbox.insert().values(**row))
    return str(found["id"])


def address_of(row: Mapping[str, Any]) -> Address:
    """Where to answer: by phone if the latest message carried it, else by user id (the phone may have a new owner)."""
    phone = row["reply_wa_id"] or (None if row["user_id"] else row["wa_id"])
    return Address(row["number"], row["user_id"], phone, row["name"], row["username"])


def update(connection: Connection, conversation_id: str, **values: Any) -> None:
    """Set columns of one conversation; its floor is changed by `floor.change` alone."""
    connection.execute(_UPDATE, {"row_id": conversation_id, **values})


def number_of(connection: Connection, conversation_id: str) -> str | None:
    """Our number, to which this customer writes."""
    found: str | None = connection.execute(sa.select(_row.c.number).where(_row.c.id == conversation_id)).scalar()
    return found


def window_after(row: Mapping[str, Any], message: Inbound) -> float | None:
    """When the window ends once this message is kept. Nobody says whether reactions open it: they are not counted."""
    ends_at: float | None = row["window_ends_at"]
    if message.kind == REACTION:
        return ends_at
    return max(ends_at or 0.0, message.sent_at + WINDOW_SECONDS)


def window_of(connection: Connection, conversation_id: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = connection.execute(_WINDOW, {"conversation_id": conversation_id}).mappings().one()
    return found


def closes_at(row: Mapping[str, Any]) -> float:
    """When free-form messages to this customer end. Who never wrote to us may not be written to."""
    return float(row["window_ends_at"] or 0.0) - protocol.WINDOW_MARGIN_SECONDS


def close_window(connection: Connection, conversation_id: str, made_at: float, now: float) -> RowMapping | None:
    """The channel said that the window is closed, of a message that was made at ``made_at``. It is believed until the
    customer writes again, unless they have done so since. Returns the conversation if this changed it."""
    row = floor.lock(connection, conversation_id)
    ends_at = row["window_ends_at"] if row is not None else None
    if ends_at is None or ends_at <= now or made_at < ends_at - WINDOW_SECONDS:
        return None
    update(connection, conversation_id, window_ends_at=now)
    return floor.lock(connection, conversation_id)


def _find(
    connection: Connection, number: str, user_id: str | None, wa_id: str | None
) -> tuple[RowMapping | None, RowMapping | None]:
    """The conversation with this user id, and the one with this phone; often the same."""
    found = connection.execute(_KNOWN, {"number": number, "user_id": user_id, "wa_id": wa_id}).mappings().all()
    by_user = next((row for row in found if user_id and row["user_id"] == user_id), None)
    by_phone = next((row for row in found if wa_id and row["wa_id"] == wa_id), None)
    return by_user, by_phone


def _create(connection: Connection, address: Address, at: float) -> RowMapping:
    conversation_id = uuid.uuid4().hex  # opaque: the tracker's sender_id must not change when a number does
    row = {
        "id": conversation_id,
        "number": address.number,
        "user_id": address.user_id,
        "wa_id": address.wa_id,
        "reply_wa_id": address.wa_id,
        "name": address.name,
        "username": address.username,
        "owner": floor.BOT,
        "epoch": 0,
        "created_at": at,
    }
    connection.execute(_INSERT, row)
    created = floor.lock(connection, conversation_id)
    assert created is not None
    return created


def _refresh(connection: Connection, found: RowMapping, address: Address) -> RowMapping:
    told = {
        "user_id": address.user_id or found["user_id"],
        "wa_id": address.wa_id or found["wa_id"],
        "reply_wa_id": address.wa_id,
        "name": address.name or found["name"],
        "username": address.username or found["username"],
    }
    changed = {name: value for name, value in told.items() if found[name] != value}
    if not changed:
        return found
    update(connection, found["id"], **changed)
    refreshed = floor.lock(connection, found["id"])
    assert refreshed is not None
    return refreshed
