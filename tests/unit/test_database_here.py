"""A thread that does its own SQLite work: at once if it can, through the writing thread if it would have to wait."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff.database import Database, Unavailable


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'here.db'}")
    database.write_now(lambda connection: connection.exec_driver_sql("CREATE TABLE lines (line TEXT)"))
    database.work_here()
    yield database
    database.close()


def add(connection: Connection, line: str) -> str:
    connection.execute(sa.text("INSERT INTO lines VALUES (:line)"), {"line": line})
    return threading.current_thread().name


def lines(connection: Connection) -> list[str]:
    return list(connection.execute(sa.text("SELECT line FROM lines")).scalars())


async def test_it_writes_and_reads_in_its_own_thread(database: Database) -> None:
    assert await database.write(add, "here", durable=False) == threading.current_thread().name
    assert await database.read(lines) == ["here"]
    assert await database.read(lambda _: threading.current_thread().name) == threading.current_thread().name


async def test_what_must_be_on_the_disk_is_written_by_the_writing_thread(database: Database) -> None:
    assert (await database.write(add, "durable")).startswith("database-write")


async def test_what_would_have_to_wait_is_written_by_the_writing_thread(database: Database) -> None:
    other = sqlite3.connect(str(database.path), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    releasing = threading.Timer(0.3, other.execute, ("COMMIT",))
    releasing.start()
    assert (await database.write(add, "later", durable=False)).startswith("database-write")
    releasing.join()
    other.close()
    assert await database.read(lines) == ["later"]
    assert await database.write(add, "again here", durable=False) == threading.current_thread().name


async def test_whoever_writes_in_this_process_is_waited_for_elsewhere(database: Database) -> None:
    begun, ending = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add(connection, "slow")
        begun.set()
        ending.wait(10)

    writing = threading.Thread(target=database.write_now, args=(slow,))
    writing.start()
    assert begun.wait(10)
    waiting = asyncio.ensure_future(database.write(add, "after", durable=False))
    await asyncio.sleep(0)
    ending.set()
    assert (await waiting).startswith("database-write")
    writing.join()
    assert await database.read(lines) == ["slow", "after"]


async def test_a_write_that_fails_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    def breaks(connection: Connection) -> None:
        add(connection, "half")
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        await database.write(breaks, durable=False)
    assert await database.read(lines) == []
    await database.write(add, "whole", durable=False)
    assert await database.read(lines) == ["whole"]


async def test_an_error_of_the_database_in_the_middle_is_not_tried_twice(database: Database) -> None:
    tries = 0

    def breaks(connection: Connection) -> None:
        nonlocal tries
        tries += 1
        connection.exec_driver_sql("SELECT * FROM nowhere")

    with pytest.raises(Unavailable):
        await database.write(breaks, durable=False)
    assert tries == 1
