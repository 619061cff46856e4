"""What pages and API show: plain reads, apart from the acts that write."""

from __future__ import annotations

from statistics import median
from typing import Any, Mapping

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.engine import Connection

from handoff.desk import words
from handoff.desk.tables import agents, conversations, handoffs, messages

VIEWS = ("waiting", "mine", "all", "resolved")
LIST_LIMIT = 200
TRANSCRIPT_LIMIT = 500
WAITS_LOOKED_AT = 20

Row = Mapping[str, Any]

_OWNED = conversations.outerjoin(agents, agents.c.id == conversations.c.owner_id)
_RANKS = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
_PRIORITY = case(_RANKS, value=conversations.c.priority, else_=_RANKS["normal"])


def view_rows(connection: Connection, view: str, agent_id: str, search: str, limit: int = LIST_LIMIT) -> list[Row]:
    """The rows of one list of the inbox, in its order."""
    in_view: dict[str, Any] = {
        "waiting": conversations.c.state == words.QUEUED,
        "mine": and_(conversations.c.owner_id == agent_id, conversations.c.state == words.ACTIVE),
        "all": conversations.c.state.in_(words.OPEN_HANDOFF_STATES),
        "resolved": conversations.c.state.in_((words.RESOLVED, words.WITH_BOT)),
    }
    newest = conversations.c.last_at.desc()
    orders: dict[str, Any] = {
        "waiting": (_PRIORITY, conversations.c.waiting_since),
        "mine": (conversations.c.waiting_since.is_(None), conversations.c.waiting_since, newest),
    }
    query = _rows().where(in_view[view]).order_by(*orders.get(view, (newest,)), conversations.c.id)
    return _all(connection, _searched(query, search).limit(limit))


def state_rows(connection: Connection, state: str | None, search: str, limit: int) -> list[Row]:
    """Conversations by state for the API, newest first; ``resolved`` includes those the bot has again."""
    query = _rows().order_by(conversations.c.last_at.desc(), conversations.c.id)
    if state == words.RESOLVED:
        query = query.where(conversations.c.state.in_((words.RESOLVED, words.WITH_BOT)))
    elif state:
        query = query.where(conversations.c.state == state)
    return _all(connection, _searched(query, search).limit(limit))


def counts(connection: Connection, agent_id: str) -> dict[str, int]:
    """How many conversations each list holds (``resolved`` is not counted: it only grows)."""
    by_state = select(conversations.c.state, func.count()).group_by(conversations.c.state)
    by_state = by_state.where(conversations.c.state.in_(words.OPEN_HANDOFF_STATES))
    found = {row[0]: int(row[1]) for row in connection.execute(by_state)}
    mine = select(func.count()).select_from(conversations)
    mine = mine.where(conversations.c.owner_id == agent_id, conversations.c.state == words.ACTIVE)
    return {
        "waiting": found.get(words.QUEUED, 0),
        "mine": int(connection.execute(mine).scalar() or 0),
        "all": sum(found.values()),
    }


def one(connection: Connection, conversation_id: str) -> Row | None:
    rows = _all(connection, _rows().where(conversations.c.id == conversation_id))
    return rows[0] if rows else None


def handoffs_of(connection: Connection, conversation_id: str) -> list[Row]:
    """Its handoffs, oldest first, each with the agent's name."""
    query = select(handoffs, agents.c.name.label("agent_name"))
    query = query.select_from(handoffs.outerjoin(agents, agents.c.id == handoffs.c.agent_id))
    query = query.where(handoffs.c.conversation_id == conversation_id).order_by(handoffs.c.requested_at)
    return _all(connection, query)


def transcript(connection: Connection, conversation_id: str, limit: int = TRANSCRIPT_LIMIT) -> list[Row]:
    """The last ``limit`` lines, oldest first."""
    query = select(messages).where(messages.c.conversation_id == conversation_id)
    query = query.order_by(messages.c.order_at.desc(), messages.c.id.desc()).limit(limit)
    return _all(connection, query)[::-1]


def expected_wait_seconds(connection: Connection) -> int | None:
    """The median of the last accepted handoffs' waits; None before the first one."""
    query = select(handoffs.c.accepted_at - handoffs.c.requested_at).where(handoffs.c.accepted_at.isnot(None))
    query = query.order_by(handoffs.c.accepted_at.desc()).limit(WAITS_LOOKED_AT)
    waits = [max(0.0, float(row[0])) for row in connection.execute(query)]
    return round(median(waits)) if waits else None


def place_in_queue(connection: Connection, priority: str) -> int:
    """The place of somebody who comes now, from 1: behind all who wait with this priority or a higher one."""
    rank = _RANKS.get(priority, _RANKS["normal"])
    query = select(func.count()).select_from(conversations).where(conversations.c.state == words.QUEUED)
    return 1 + int(connection.execute(query.where(rank >= _PRIORITY)).scalar() or 0)


def waiting_count(connection: Connection) -> int:
    query = select(func.count()).select_from(conversations).where(conversations.c.state == words.QUEUED)
    return int(connection.execute(query).scalar() or 0)


def _rows() -> Any:
    return select(conversations, agents.c.name.label("owner_name")).select_from(_OWNED)


def _searched(query: Any, search: str) -> Any:
    if not search.strip():
        return query
    escaped = search.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = f"%{escaped}%"
    said = select(messages.c.id).where(
        messages.c.conversation_id == conversations.c.id, func.lower(messages.c.text).like(like, escape="\\")
    )
    columns = (conversations.c.customer_name, conversations.c.customer_address, conversations.c.topic)
    return query.where(or_(*(func.lower(column).like(like, escape="\\") for column in columns), said.exists()))


def _all(connection: Connection, query: Any) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]
