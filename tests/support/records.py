"""What the bridge has written down, read straight from its database: the last word on what was lost or doubled."""

from __future__ import annotations

import json
from typing import Any, Mapping

import sqlalchemy as sa

from tests.support.phone import Phone
from tests.support.stack import Stack
from tests.support.waiting import wait_until

Row = Mapping[str, Any]

# Every column that holds a time, by table: moving them all back is the same as moving the clock forward.
TIMES = {
    "conversations": ("window_ends_at", "lease_until", "created_at"),
    "inbox": ("next_try_at", "received_at", "done_at"),
    "outbox": ("next_try_at", "claimed_until", "created_at", "sent_at"),
    "handoffs": ("requested_at", "joined_at", "closed_at", "told_unreachable_at"),
    "commands": ("received_at",),
}


class Records:
    """Reads, and for tests of time moves, the rows of one stack's bridge."""

    def __init__(self, stack: Stack) -> None:
        url = stack.environ.get("DATABASE_URL") or f"sqlite:///{stack.var / 'baton.db'}"
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)

    def rows(self, query: str, **values: Any) -> list[Row]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.text(query), values).mappings()]

    def conversation_of(self, phone: Phone) -> Row:
        """The customer's conversation, once there is one."""

        def look() -> Row | None:
            found = self.rows(
                "SELECT * FROM conversations WHERE wa_id = :wa_id OR user_id = :user_id",
                wa_id=phone.wa_id, user_id=phone.customer["user_id"],
            )  # fmt: skip
            return found[0] if found else None

        found = wait_until(f"a conversation of {phone.name}", look)
        assert found is not None
        return found

    def events(self, conversation_id: str, *types: str) -> list[dict[str, Any]]:
        """The tracker's events in order; with ``types`` only those."""
        rows = self.rows("SELECT data FROM events WHERE sender_id = :id ORDER BY id", id=conversation_id)
        events = [json.loads(row["data"]) for row in rows]
        return [event for event in events if not types or event["event"] in types]

    def inbox(self, conversation_id: str | None = None) -> list[Row]:
        return self._of("inbox", conversation_id)

    def outbox(self, conversation_id: str | None = None) -> list[Row]:
        found = self._of("outbox", conversation_id)
        return [{**row, "payload": _read(row["payload"])} for row in found]

    def handoffs(self, conversation_id: str) -> list[Row]:
        query = "SELECT * FROM handoffs WHERE conversation_id = :id ORDER BY requested_at"
        return self.rows(query, id=conversation_id)

    def wait_done(self, message_id: str, timeout: float = 20) -> Row:
        """The inbox row of this message, once its turn has ended."""

        def look() -> Row | None:
            found = self.rows("SELECT * FROM inbox WHERE message_id = :id AND status <> 'pending'", id=message_id)
            return found[0] if found else None

        row = wait_until(f"the turn of {message_id} has ended", look, timeout)
        assert row is not None
        return row

    def age(self, conversation_id: str, seconds: float) -> None:
        """Move everything that is stored about a conversation into the past."""
        with self.engine.begin() as connection:
            for table, columns in TIMES.items():
                key = "id" if table == "conversations" else "conversation_id"
                moved = ", ".join(f"{column} = {column} - :by" for column in columns)
                statement = f"UPDATE {table} SET {moved} WHERE {key} = :id"
                connection.execute(sa.text(statement), {"by": seconds, "id": conversation_id})
            events = sa.text("SELECT id, data FROM events WHERE sender_id = :id")
            for row in connection.execute(events, {"id": conversation_id}).all():
                event = json.loads(row.data)
                event["timestamp"] -= seconds
                connection.execute(
                    sa.text("UPDATE events SET timestamp = timestamp - :by, data = :data WHERE id = :row"),
                    {"by": seconds, "data": json.dumps(event), "row": row.id},
                )

    def _of(self, table: str, conversation_id: str | None) -> list[Row]:
        where = "" if conversation_id is None else "WHERE conversation_id = :id"
        values = {} if conversation_id is None else {"id": conversation_id}
        return self.rows(f"SELECT * FROM {table} {where} ORDER BY seq", **values)


def _read(value: Any) -> Any:
    """JSON columns come as text from SQLite and as values from PostgreSQL."""
    return json.loads(value) if isinstance(value, str) else value
