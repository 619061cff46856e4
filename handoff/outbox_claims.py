"""Which messages are let out, and when: the first of each lane that is due, while its floor and its window allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, RowMapping

from handoff import conversations, outbox, rates, tables
from handoff.channel import FREE_FORM, MARKETING, OPTED_OUT, WINDOW_CLOSED, Address
from handoff.rates import Room

log = structlog.get_logger(__name__)

CLAIM_SECONDS = 60.0
STATUS_GRACE_SECONDS = 4.0  # an unknown send: a status may still tell that it went out

_row = tables.outbox
_talk = tables.conversations
_ADDRESS = ("number", "user_id", "wa_id", "reply_wa_id", "name", "username")
_STANDS = ("epoch", "window_ends_at", "opted_out")  # what decides whether a message may still go out

# a literal, not a parameter: only so does SQLite use the index on what is open
_IS_OPEN = _row.c.status.in_([sa.literal_column("'pending'"), sa.literal_column("'sending'")])
_HEADS = (
    sa.select(sa.func.min(_row.c.seq)).where(_IS_OPEN).group_by(_row.c.lane, _row.c.conversation_id).scalar_subquery()
)
_pair = tables.pair_rates
_MAY_LEAVE = sa.or_(
    _row.c.lane == outbox.AGENT,
    sa.and_(
        _talk.c.number.not_in(sa.bindparam("closed", expanding=True)),
        sa.or_(_pair.c.paid_until.is_(None), _pair.c.paid_until <= sa.bindparam("pair_until")),
    ),
)
_DUE = (
    sa.select(
        _row,
        _pair.c.paid_until.label("pair_paid_until"),
        *(_talk.c[name].label(f"talk_{name}") for name in _ADDRESS + _STANDS),
    )
    .join(_talk, _talk.c.id == _row.c.conversation_id)
    .outerjoin(_pair, _pair.c.conversation_id == _row.c.conversation_id)
    .where(_row.c.seq.in_(_HEADS), _row.c.next_try_at <= sa.bindparam("now"), _MAY_LEAVE)
    .where(
        sa.or_(
            _row.c.status == outbox.PENDING,
            sa.and_(_row.c.status == outbox.SENDING, _row.c.claimed_until <= sa.bindparam("now")),
        )
    )
    .order_by(_row.c.seq)
    .limit(sa.bindparam("most"))
    .with_for_update(of=_row, skip_locked=True)
)
_NOW = sa.select(*(_talk.c[name] for name in _STANDS)).where(_talk.c.id == sa.bindparam("conversation_id"))
_CLAIM = _row.update().where(_row.c.seq == sa.bindparam("row_seq"))


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


@dataclass(frozen=True)
class Barrier:
    """Why a message may not go out any more. ``status``: what its row becomes; ``code`` is a word or a number."""

    status: str
    code: str | int
    words: str


_STALE = Barrier(
    outbox.REFUSED, "stale_floor", "The conversation changed hands before this message was sent, so it was not sent."
)
_WINDOW = Barrier(
    outbox.DEAD,
    WINDOW_CLOSED,
    "The 24 hours in which the customer can be answered freely are over, so this was not sent. Send a template.",
)
_OPT_OUT = Barrier(
    outbox.DEAD, OPTED_OUT, "This customer has asked for no more marketing messages, so it was not sent."
)


def claim(
    connection: Connection, server: str, now: float, limit: int = 64, room: Room | None = None
) -> tuple[list[Delivery], list[str]]:
    """Claim the first open row of each lane that is due. Rows that may not go out any more end instead; returns what to
    deliver, and the conversations in which something ended (there may be more to claim at once).

    ``room`` is what rates allow; what finds none in it stays as it is, and is the first of its lane when there is.
    """
    room = room or rates.room(connection, now)
    claimed: list[RowMapping] = []
    ended: list[str] = []
    for row in _due(connection, room, limit):
        barrier = _barrier_now(connection, row, now) if row["lane"] == outbox.CUSTOMER else None
        if barrier is not None:
            _end(connection, row, barrier, now)
            ended.append(row["conversation_id"])
        elif row["lane"] == outbox.AGENT or room.take(row["talk_number"]):
            claimed.append(row)
    if claimed:
        connection.execute(_CLAIM, [_taken(row, server, now) for row in claimed])
        customers = [row for row in claimed if row["lane"] == outbox.CUSTOMER]
        rates.pay_pairs(connection, ((row["conversation_id"], row["pair_paid_until"]) for row in customers), now)
    room.save(connection)
    return [_delivery(row, server) for row in claimed], ended


def release_claims_of(connection: Connection, gone: Callable[[Iterable[str]], list[str]], now: float) -> int:
    """What a server was sending when it died may or may not have gone out. It is sent again after a moment in which a
    status can still say that it did. Returns how many there were."""
    sending = _row.c.status == outbox.SENDING
    holders = connection.execute(sa.select(_row.c.claimed_by).where(sending).distinct()).scalars()
    values = {
        "status": outbox.PENDING,
        "claimed_by": None,
        "next_try_at": now + STATUS_GRACE_SECONDS,
        "unknown_sends": _row.c.unknown_sends + 1,
    }
    interrupted = _row.update().where(sending, _row.c.claimed_by.in_(gone(holders)))
    return int(connection.execute(interrupted.values(**values)).rowcount)


def _due(connection: Connection, room: Room, limit: int) -> list[RowMapping]:
    closed = room.closed
    due = _DUE.where(_row.c.lane == outbox.AGENT) if rates.APP in closed else _DUE
    given = {"now": room.now, "most": limit, "closed": closed, "pair_until": room.now + rates.PAIR_AHEAD}
    return list(connection.execute(due, given).mappings().all())


def _barrier_now(connection: Connection, row: RowMapping, now: float) -> Barrier | None:
    stands = {name: row[f"talk_{name}"] for name in _STANDS}
    if _barrier(row, stands, now) is None:
        return None
    # Look again: PostgreSQL may have read the row after, and the conversation before, the same change.
    found = connection.execute(_NOW, {"conversation_id": row["conversation_id"]}).mappings().one()
    return _barrier(row, found, now)


def _barrier(row: RowMapping, stands: Mapping[str, Any], now: float) -> Barrier | None:
    if row["epoch"] != stands["epoch"]:
        return _STALE
    if row["kind"] == FREE_FORM and now >= conversations.closes_at(stands):
        return _WINDOW
    if row["kind"] == MARKETING and stands["opted_out"]:
        return _OPT_OUT
    return None


def _end(connection: Connection, row: RowMapping, barrier: Barrier, now: float) -> None:
    tried = f" It could not be sent before: {row['error']}" if row["error"] and barrier is _WINDOW else ""
    words, number = barrier.words + tried, barrier.code if isinstance(barrier.code, int) else None
    values = {"status": barrier.status, "error": words, "error_code": number, "claimed_by": None}
    outbox.update(connection, row["seq"], **values, **outbox.without_file(row["payload"]))
    told = "failed" if barrier.status == outbox.DEAD else barrier.status
    outbox.tell_agent(connection, row, told, now, code=str(barrier.code), text=words)
    if row["command_id"] is None:
        names = {"conversation": row["conversation_id"], "outbox_id": row["id"], "author": row["author"]}
        log.warning("baton.not_sent", trace_id=row["trace_id"], code=barrier.code, **names)


def _taken(row: RowMapping, server: str, now: float) -> dict[str, Any]:
    """The claim of a row. One that is being sent already was claimed by a server that died meanwhile."""
    unknown = row["unknown_sends"] + (row["status"] == outbox.SENDING)
    taken = {"status": outbox.SENDING, "claimed_by": server, "claimed_until": now + CLAIM_SECONDS}
    return {"row_seq": row["seq"], "unknown_sends": unknown, **taken}


def _delivery(row: RowMapping, server: str) -> Delivery:
    return Delivery(
        **{name: row[name] for name in Delivery.__annotations__ if name not in ("claimed_by", "to")},
        claimed_by=server,
        to=conversations.address_of({name: row[f"talk_{name}"] for name in _ADDRESS}),
    )
