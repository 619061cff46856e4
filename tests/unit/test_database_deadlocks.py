"""Two transactions that wait for each other's rows: PostgreSQL ends one of them, and it is done again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import database as databases
from handoff.database import Database, Unavailable
from tests.support.postgres import Postgres

pytestmark = pytest.mark.postgres

rows = sa.Table("rows", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer))


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    database = Database(postgres.new_database("deadlocks"))
    rows.metadata.create_all(database.engine)
    database.write_now(lambda connection: connection.execute(rows.insert(), [{"id": 1, "n": 0}, {"id": 2, "n": 0}]))
    yield database
    database.close()


def both_at_once(database: Database) -> list[int]:
    """Two transactions add 1 to both rows in opposite orders; returns how often each was run."""
    both_hold_one = threading.Barrier(2)
    runs = [0, 0]

    def add(connection: Connection, who: int, order: tuple[int, int]) -> None:
        runs[who] += 1
        connection.execute(rows.update().where(rows.c.id == order[0]).values(n=rows.c.n + 1))
        if runs[who] == 1:
            both_hold_one.wait(20)
        connection.execute(rows.update().where(rows.c.id == order[1]).values(n=rows.c.n + 1))

    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(database.write_now, add, who, order) for who, order in enumerate([(1, 2), (2, 1)])]
        for task in tasks:
            task.result(30)
    return runs


def test_a_deadlock_costs_nobody_their_transaction(database: Database) -> None:
    assert sorted(both_at_once(database)) == [1, 2]
    found = database.read_now(lambda connection: connection.execute(sa.select(rows.c.n)).scalars().all())
    assert found == [2, 2]


def test_a_deadlock_that_comes_again_and_again_is_said_in_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "DEADLOCK_TRIES", 0)
    with pytest.raises(Unavailable, match="deadlock"):
        both_at_once(database)
