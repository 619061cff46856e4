"""Database access that never blocks the event loop: plain functions of a connection, run in threads.

SQLite has one writer at a time, so writes go through one thread and wait in its queue rather than for a lock.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import Table

Result = TypeVar("Result")

BUSY_TIMEOUT_SECONDS = 5
POSTGRES_WRITERS = 4
READERS = 4


class DatabaseUnavailable(Exception):
    """The database does not answer or is locked. Nothing was changed; trying again helps."""


class Database:
    """Two ways in: ``read`` and ``write``. Each runs one function in one transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite:
            _make_folder(url)
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE", 1)
            self._reader = _sqlite_engine(url, "BEGIN", READERS)
        else:
            self._writer = self._reader = create_engine(
                url, pool_size=POSTGRES_WRITERS + READERS, max_overflow=2, pool_pre_ping=True, pool_timeout=5,
                connect_args={"connect_timeout": 5},
            )  # fmt: skip
        writers = 1 if self.is_sqlite else POSTGRES_WRITERS
        self._write_threads = ThreadPoolExecutor(writers, thread_name_prefix="desk-write")
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="desk-read")

    @property
    def engine(self) -> Engine:
        return self._writer

    async def write(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run ``function(connection, *args)`` in one transaction, committed when this returns.

        Raises:
            DatabaseUnavailable: nothing was committed.
        """
        return await self._run(self._write_threads, self._writer, function, args)

    async def read(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run ``function(connection, *args)`` on a consistent view of the database."""
        return await self._run(self._read_threads, self._reader, function, args)

    def write_now(self, function: Callable[..., Result], *args: Any) -> Result:
        """The same as ``write`` for programs without an event loop (the command line)."""
        return _in_transaction(self._writer, function, args)

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        engine: Engine,
        function: Callable[..., Result],
        args: tuple[Any, ...],
    ) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, _in_transaction, engine, function, args)

    def close(self) -> None:
        """Wait for what is running, then close every connection."""
        self._write_threads.shutdown(wait=True)
        self._read_threads.shutdown(wait=True)
        self._writer.dispose()
        self._reader.dispose()


def insert_once(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already. True when it was inserted."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    result = connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())
    return int(result.rowcount) == 1


def _in_transaction(engine: Engine, function: Callable[..., Result], args: tuple[Any, ...]) -> Result:
    try:
        with engine.begin() as connection:
            return function(connection, *args)
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable(f"The desk's database does not answer: {type(error).__name__}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable("The connection to the desk's database was lost.") from error
        raise


def _sqlite_engine(url: str, begin: str, size: int) -> Engine:
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=size, max_overflow=1,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS},
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the "begin" below opens transactions, not the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _make_folder(url: str) -> None:
    name = make_url(url).database
    if name and name != ":memory:":
        Path(name).parent.mkdir(parents=True, exist_ok=True)
