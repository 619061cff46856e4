"""The desk's way to its database: the same threads and transactions as the bridge's, on a database of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Table

from handoff.database import Database
from handoff.database import Unavailable as DatabaseUnavailable

__all__ = ["Database", "DatabaseUnavailable", "insert_once"]


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already. True when it was inserted."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    result = connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())
    return int(result.rowcount) == 1
