"""Customers' files as rows: kept with their message, taken by one downloader at a time, until they are here or it is
certain that they never will be."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from typing import Any, Callable, Collection, Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import floor, protocol, tables
from handoff.channel import Inbound, MediaError
from handoff.media_types import Facts, may_be_shown
from handoff.telling import tell_agents

PENDING = "pending"
LOADING = "loading"
READY = "ready"
FAILED = "failed"
DELETING = "deleting"
DELETED = "deleted"
_SHOWN_AS = {LOADING: PENDING, DELETING: DELETED}  # what agents see of the states that are nothing to them

CLAIM_SECONDS = 300.0
KEPT_SECONDS = 7 * 24 * 3600.0  # for so long WhatsApp keeps a file under its id
LONGEST_PAUSE = 3600.0
TOO_LATE = "WhatsApp no longer has this file. Ask the customer to send it again."

_row = tables.media

# literals, not parameters: only so does SQLite use the index on what is open
_IS_OPEN = _row.c.status.in_([sa.literal_column(f"'{status}'") for status in (PENDING, LOADING, DELETING)])
_IS_FREE = sa.or_(_row.c.claimed_by.is_(None), _row.c.claimed_until <= sa.bindparam("now"))
_DUE = (
    sa.select(_row)
    .where(_IS_OPEN, _row.c.next_try_at <= sa.bindparam("now"), _IS_FREE)
    .order_by(_row.c.next_try_at)
    .limit(sa.bindparam("most"))
)
_CLAIMABLE = _DUE.with_for_update(skip_locked=True)
_INSERT = _row.insert()


@dataclass(frozen=True)
class Claim:
    """One row that a server works on. ``deleting``: its file is to be removed."""

    id: str
    conversation_id: str
    number: str
    provider_id: str
    declared_type: str | None
    declared_sha256: str | None
    attempts: int
    trace_id: str
    created_at: float
    deleting: bool
    server: str

    @property
    def key(self) -> str:
        """Its name in the store."""
        return key_of(self.conversation_id, self.id)


def key_of(conversation_id: str, media_id: str) -> str:
    return f"{conversation_id}/{media_id}"


def add(connection: Connection, message: Inbound, conversation_id: str, trace_id: str, at: float) -> None:
    """The file of a message, to be fetched. In the transaction that keeps the message."""
    file = message.media
    assert file is not None
    row = {
        "id": id_of(message),
        "conversation_id": conversation_id,
        "number": message.address.number,
        "message_id": message.message_id,
        "provider_id": file.provider_id,
        "kind": file.kind,
        "declared_type": file.mime_type,
        "declared_sha256": file.sha256,
        "filename": file.filename,
        "voice": file.voice,
        "status": PENDING,
        "trace_id": trace_id,
        "created_at": at,
    }
    connection.execute(_INSERT, row)


def id_of(message: Inbound) -> str:
    """The id under which a message's file is kept and shown."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{message.address.number}/{message.message_id}").hex


def is_due(connection: Connection, now: float) -> bool:
    return connection.execute(_DUE, {"now": now, "most": 1}).first() is not None


def claim(connection: Connection, server: str, now: float, most: int) -> list[Claim]:
    """Take what is due, and what a server that died had taken."""
    claims = []
    for row in connection.execute(_CLAIMABLE, {"now": now, "most": most}).mappings().all():
        deleting = row["status"] == DELETING
        values = {
            "claimed_by": server,
            "claimed_until": now + CLAIM_SECONDS,
            **({} if deleting else {"status": LOADING}),
        }
        connection.execute(_row.update().where(_row.c.id == row["id"]).values(**values))
        names = (name for name in Claim.__annotations__ if name not in ("deleting", "server"))
        claims.append(Claim(**{name: row[name] for name in names}, deleting=deleting, server=server))
    return claims


def record_ready(connection: Connection, claimed: Claim, facts: Facts, size: int, now: float) -> bool:
    """The file is in the store. False when nobody wants it any more: it was deleted meanwhile."""
    values = {"status": READY, "type": facts.type, "genuine": facts.genuine, "size": size, "error": None}
    return _settle(connection, claimed, {**values, "width": facts.width, "height": facts.height}, now)


def record_failure(connection: Connection, claimed: Claim, error: MediaError, now: float) -> bool:
    """Try again later, or give up where people see it. Returns whether it will be tried again."""
    attempts = claimed.attempts + 1
    pause = min(LONGEST_PAUSE, 2.0 * 2 ** min(attempts, 12)) * random.uniform(0.5, 1.0)
    again = error.retry and now + pause - claimed.created_at < KEPT_SECONDS
    values = {"attempts": attempts, "error": str(error), "status": PENDING, "next_try_at": now + pause}
    if not again:
        values |= {"status": FAILED, "error": TOO_LATE if error.retry else str(error)}
    _settle(connection, claimed, values, now, tell=not again or attempts == 1)
    return again


def record_deleted(connection: Connection, claimed: Claim) -> None:
    ours = (_row.c.id == claimed.id, _row.c.claimed_by == claimed.server)
    connection.execute(_row.update().where(*ours).values(status=DELETED, claimed_by=None))


def postpone(connection: Connection, claimed: Claim, now: float) -> None:
    """A file that could not be removed is tried again, for as long as it takes."""
    pause = min(LONGEST_PAUSE, 2.0 * 2 ** min(claimed.attempts, 12))
    values = {"attempts": claimed.attempts + 1, "next_try_at": now + pause, "claimed_by": None}
    connection.execute(_row.update().where(_row.c.id == claimed.id).values(**values))


def forget(connection: Connection, number: str, message_id: str) -> None:
    """The customer deleted the message: its file goes, too, or never comes."""
    values = {"status": DELETING, "claimed_by": None, "attempts": 0, "next_try_at": 0.0, "filename": None}
    this = (_row.c.number == number, _row.c.message_id == message_id, _row.c.status != DELETED)
    connection.execute(_row.update().where(*this).values(**values))


def release_claims_of(connection: Connection, gone: Callable[[Iterable[str]], list[str]]) -> None:
    """What a server had taken when it died may be taken at once."""
    holders = connection.execute(
        sa.select(_row.c.claimed_by).where(_IS_OPEN, _row.c.claimed_by.is_not(None)).distinct()
    )
    servers = gone(holders.scalars())
    connection.execute(_row.update().where(_IS_OPEN, _row.c.claimed_by.in_(servers)).values(claimed_by=None))


def find(connection: Connection, media_id: str) -> Mapping[str, Any] | None:
    row: Mapping[str, Any] | None = connection.execute(sa.select(_row).where(_row.c.id == media_id)).mappings().first()
    return row


def described(connection: Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Files as agents are told of them, by id."""
    if not ids:
        return {}
    found = connection.execute(sa.select(_row).where(_row.c.id.in_(list(ids)))).mappings()
    return {row["id"]: shown(row) for row in found}


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A file as the agent channel is told of it. ``inline``: a page may show it."""
    return {
        "id": row["id"],
        "kind": row["kind"],
        "type": row["type"] or row["declared_type"],
        "filename": row["filename"],
        "size": row["size"],
        "voice": bool(row["voice"]),
        "width": row["width"],
        "height": row["height"],
        "inline": may_be_shown(row["type"], row["genuine"]),
        "status": _SHOWN_AS.get(row["status"], row["status"]),
        "error": row["error"],
    }


def _settle(connection: Connection, claimed: Claim, values: Mapping[str, Any], now: float, tell: bool = True) -> bool:
    """Write what became of a claim, if it is still ours, and tell the agents if there are any."""
    conversation = floor.lock(connection, claimed.conversation_id)
    assert conversation is not None
    ours = (_row.c.id == claimed.id, _row.c.status == LOADING, _row.c.claimed_by == claimed.server)
    if not connection.execute(_row.update().where(*ours).values(**values, claimed_by=None)).rowcount:
        return False
    if tell:
        row = find(connection, claimed.id)
        assert row is not None
        data = {"message_id": row["message_id"], "media": shown(row)}
        tell_agents(connection, conversation, protocol.MEDIA_CHANGED, data, trace_id=claimed.trace_id, at=now)
    return True
