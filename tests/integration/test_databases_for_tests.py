"""The harness's own databases: a fault test proves nothing if its fault does not happen."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg2
import pytest

from tests.support.backends import SqliteBackend
from tests.support.postgres import Postgres
from tests.support.redis import Redis


@pytest.mark.postgres
def test_postgresql_keeps_what_was_committed_when_it_crashes(postgres: Postgres) -> None:
    address = postgres.new_database("crash")
    connection = psycopg2.connect(address)
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW fsync")
        assert cursor.fetchone() == ("on",)
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS number")
    postgres.stop("immediate")
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(address)
    connection.close()
    postgres.start()
    after = psycopg2.connect(address)
    with after, after.cursor() as cursor:
        cursor.execute("SELECT number FROM kept")
        assert cursor.fetchone() == (42,)
    after.close()


@pytest.mark.redis
def test_redis_answers(redis: Redis) -> None:
    import redis as client

    with client.Redis.from_url(redis.url) as connection:
        assert connection.ping()


def test_a_locked_sqlite_file_refuses_writers_and_then_lets_them_in(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "baton.db", timeout=0) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE kept (number)")
        writer.commit()
        with SqliteBackend(tmp_path).away(), pytest.raises(sqlite3.OperationalError, match="locked"):
            writer.execute("INSERT INTO kept VALUES (1)")
        writer.execute("INSERT INTO kept VALUES (2)")
        writer.commit()
        assert writer.execute("SELECT number FROM kept").fetchall() == [(2,)]
    writer.close()
