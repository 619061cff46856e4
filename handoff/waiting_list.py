"""Who waits for a person, for how long, and what they have been told already."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import floor, tables
from handoff.handoffs import TRANSFERRED

_row = tables.handoffs

# literals, not parameters: only so does SQLite use the index on what waits
_IS_WAITING = _row.c.state.in_([sa.literal_column(f"'{state}'") for state in floor.WAITING])


def note_told(connection: Connection, handoff_id: str, at: float, *columns: str) -> None:
    """The customer was told something that is told once: ``told_unreachable_at``, ``offered_message_at``,
    ``told_kept_at``."""
    connection.execute(_row.update().where(_row.c.id == handoff_id).values(dict.fromkeys(columns, at)))


def unreached(connection: Connection, requested_before: float) -> list[str]:
    """Conversations whose request the agent channel has not taken, and whose customer does not know yet."""
    query = sa.select(_row.c.conversation_id).where(
        _IS_WAITING,
        _row.c.state == floor.REQUESTED,
        _row.c.requested_at <= requested_before,
        _row.c.told_unreachable_at.is_(None),
    )
    return list(connection.execute(query).scalars())


def overdue(connection: Connection, waiting_since: float) -> list[str]:
    """Conversations whose handoff nobody has taken since this moment."""
    return _waiting(connection, waiting_since)


def impatient(connection: Connection, waiting_since: float) -> list[str]:
    """Those of them whose customer was not offered anything else meanwhile."""
    return _waiting(connection, waiting_since, _row.c.offered_message_at.is_(None))


def _waiting(connection: Connection, since: float, *conditions: sa.sql.ColumnElement[bool]) -> list[str]:
    """Who has waited at least since then: since the handoff was requested, or put back into the queue."""
    log = tables.event_log
    put_back = (
        sa.select(sa.func.max(log.c.at))
        .where(log.c.conversation_id == _row.c.conversation_id, log.c.handoff_id == _row.c.id)
        .where(log.c.kind == TRANSFERRED)
        .scalar_subquery()
    )
    query = sa.select(_row.c.conversation_id).where(
        _IS_WAITING,
        _row.c.requested_at <= since,
        sa.func.coalesce(put_back, _row.c.requested_at) <= since,
        *conditions,
    )
    return list(connection.execute(query).scalars())
