"""What a stack keeps its data in: SQLite files, or PostgreSQL and Redis. Both can be taken away for a while."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Mapping, Protocol

from tests.support.postgres import Postgres
from tests.support.redis import Redis


class Backend(Protocol):
    name: str
    variables: Mapping[str, str]

    def prepare(self, environ: Mapping[str, str]) -> None:
        """Whatever must be done once before the first start."""
        ...

    def away(self) -> contextlib.AbstractContextManager[None]:
        """The bridge's database cannot be used while this is open."""
        ...


class SqliteBackend:
    """The default: files under the stack's folder, made by the processes themselves."""

    name = "sqlite"

    def __init__(self, var: Path) -> None:
        self.var = var
        self.variables: Mapping[str, str] = {}

    def prepare(self, environ: Mapping[str, str]) -> None:
        pass

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Somebody else holds the file's write lock."""
        connection = sqlite3.connect(self.var / "baton.db", isolation_level=None, timeout=30)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()


class PostgresBackend:
    """New databases in the session's cluster, and its Redis."""

    name = "postgresql+redis"

    def __init__(self, postgres: Postgres, redis: Redis) -> None:
        self.postgres = postgres
        self.variables: Mapping[str, str] = {
            "DATABASE_URL": postgres.new_database("baton"),
            "DESK_DATABASE_URL": postgres.new_database("desk"),
            "REDIS_URL": redis.url,
        }

    def prepare(self, environ: Mapping[str, str]) -> None:
        """Migrations are run by command on PostgreSQL."""
        for words in (["migrate"], ["desk", "migrate"]):
            command = [sys.executable, "-m", "handoff", *words]
            done = subprocess.run(command, env=dict(environ), capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stdout}{done.stderr}")

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """The server is stopped as by a crash, and recovers when it is started again."""
        self.postgres.stop("immediate")
        try:
            yield
        finally:
            self.postgres.start()
