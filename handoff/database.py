"""One database, reached without blocking an event loop: each unit of work is a function that runs in a thread, in one
transaction. On SQLite one thread of a process writes at a time, so that they never wait for each other's locks.

One thread may do its SQLite work itself (`work_here`): the one that turns run in, where a model computes anyway. A
statement that touches no disk costs less there than its way through another thread and back; what would have to wait
takes that way still.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any, Callable, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool, StaticPool

T = TypeVar("T")

SQLITE = "sqlite:///"
_SYNCHRONOUS = {True: "PRAGMA synchronous=FULL", False: "PRAGMA synchronous=NORMAL"}
BUSY_TIMEOUT_SECONDS = 5
PATIENCE_HERE_SECONDS = 0.02  # longer than any turn's transaction
POSTGRESQL_THREADS = 8
# Webhooks, turns and deliveries lock several conversations, in the order in which they come.
DEADLOCK_TRIES = 4
_DEADLOCK_CODES = ("40P01", "40001")  # deadlock_detected, serialization_failure


class Unavailable(Exception):
    """The database cannot be reached, or stayed locked for too long. Trying again later helps."""


class _Busy(Exception):
    """Somebody else writes just now."""


class _Deadlock(Exception):
    """PostgreSQL gave this transaction up, so that another could end. The same again succeeds."""


class Database:
    """An engine and the threads that use it.

    `write` and `read` take a function of a connection (and of what else is given) and run it in a transaction; what it
    returns comes back. A deadlock is resolved by running the function again: what it changes is in the database alone.
    They raise `Unavailable` when the database is away; any other error of the function passes through, rolled back.

    What is committed survives the end of any process. With ``durable`` it is on the disk as well when `write` returns;
    without, a power cut can undo it within the next half second (`flush`), as if it had not happened yet.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.path = url[len(SQLITE) :] if self.is_sqlite else None
        writers = 1 if self.is_sqlite else POSTGRESQL_THREADS
        self._writers = concurrent.futures.ThreadPoolExecutor(writers, thread_name_prefix="database-write")
        self._lock = threading.Lock()
        self._writing: contextlib.AbstractContextManager[Any] = (
            self._lock if self.is_sqlite else contextlib.nullcontext()
        )
        self._here = threading.local()
        self._more_engines: list[Engine] = []
        self._readers = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="database-read")

    def work_here(self) -> None:
        """From now on this thread does its own reads, and its writes that are not ``durable``, if it need not wait."""
        if self.is_sqlite:
            self._here.engine = _sqlite_engine(self.url, PATIENCE_HERE_SECONDS, poolclass=StaticPool)
            self._more_engines.append(self._here.engine)
            with self._here.engine.connect() as connection:
                connection.connection.execute(_SYNCHRONOUS[False])

    async def write(self, work: Callable[..., T], *args: Any, durable: bool = True) -> T:
        here = self._engine_here()
        if here is not None and not durable:
            with contextlib.suppress(_Busy):
                return self._write_here(here, work, *args)
        call = functools.partial(self.write_now, work, *args, durable=durable)
        return await asyncio.get_running_loop().run_in_executor(self._writers, call)

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        here = self._engine_here()
        if here is not None:  # SQLite's readers wait for nobody
            return _read(here, work, *args)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, work, *args)

    def _engine_here(self) -> Engine | None:
        return getattr(self._here, "engine", None)

    def _write_here(self, engine: Engine, work: Callable[..., T], *args: Any) -> T:
        """
        Raises:
            _Busy: somebody else writes; nothing was done.
        """
        if not self._lock.acquire(timeout=PATIENCE_HERE_SECONDS):
            raise _Busy
        begun = False
        try:
            with engine.connect() as connection, connection.begin():
                begun = True
                return work(connection, *args)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            failure = _translated(error)
            raise (failure if begun or not isinstance(failure, Unavailable) else _Busy()) from error
        finally:
            self._lock.release()

    def write_now(self, work: Callable[..., T], *args: Any, durable: bool = True) -> T:
        """The same from a thread that may wait (start-up, command line)."""
        for _ in range(DEADLOCK_TRIES):
            with contextlib.suppress(_Deadlock):
                return self._write_once(work, *args, durable=durable)
        return self._write_once(work, *args, durable=durable, last=True)

    def _write_once(self, work: Callable[..., T], *args: Any, durable: bool, last: bool = False) -> T:
        """
        Raises:
            _Deadlock: unless it is the ``last`` try; nothing was done.
        """
        try:
            with self._writing, self.engine.connect() as connection:
                if self.is_sqlite:
                    connection.connection.execute(_SYNCHRONOUS[durable])
                with connection.begin():
                    if not durable and not self.is_sqlite:
                        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                    return work(connection, *args)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            if not last and getattr(getattr(error, "orig", None), "pgcode", None) in _DEADLOCK_CODES:
                raise _Deadlock from error
            raise _translated(error) from error

    def read_now(self, work: Callable[..., T], *args: Any) -> T:
        return _read(self.engine, work, *args)

    async def flush(self) -> None:
        """Bring to the disk what was written without ``durable``. PostgreSQL does that by itself."""
        if self.is_sqlite:
            await asyncio.get_running_loop().run_in_executor(self._readers, self._flush_log)

    def _flush_log(self) -> None:
        with contextlib.suppress(FileNotFoundError), open(f"{self.path}-wal", "rb") as log:
            os.fsync(log.fileno())

    def close(self) -> None:
        self._writers.shutdown()
        self._readers.shutdown()
        for engine in (self.engine, *self._more_engines):
            engine.dispose()


def _read(engine: Engine, work: Callable[..., T], *args: Any) -> T:
    try:
        with engine.connect() as connection:
            connection = connection.execution_options(baton_read_only=True)
            with connection.begin():
                return work(connection, *args)
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        raise _translated(error) from error


def _translated(error: sa.exc.DBAPIError | sa.exc.TimeoutError) -> Exception:
    if isinstance(error, sa.exc.TimeoutError):
        return Unavailable("Every connection to the database is taken.")
    # SQLite's InterfaceError is about a value that it cannot store: trying again does not help
    away = isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)) or error.connection_invalidated
    if away and not isinstance(error.orig, sqlite3.InterfaceError):
        return Unavailable(f"The database is not available: {error.orig}")
    same: Exception = error
    return same


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_size=POSTGRESQL_THREADS + 4,
            pool_timeout=5,
            connect_args={"connect_timeout": 5},
        )
    Path(url[len(SQLITE) :]).parent.mkdir(parents=True, exist_ok=True)
    return _sqlite_engine(url, BUSY_TIMEOUT_SECONDS, poolclass=QueuePool, pool_size=8)


def _sqlite_engine(url: str, patience: float, **pool: Any) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": patience, "check_same_thread": False}, **pool)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # pysqlite's own BEGIN comes too late; _begin_sqlite sends it
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a transaction that will write takes the lock at once, and cannot fail half-way on a stale read
    read_only = connection.get_execution_options().get("baton_read_only")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
