"""What was sent to somebody cannot be undone by a crash of the database: the turn it came from is on the disk."""

from __future__ import annotations

import asyncio
from typing import Any, Iterator, Mapping, Sequence

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import inbox, migrate, outbox, tables
from handoff.channel import Address, Inbound, Rendered
from handoff.clock import system_clock
from handoff.database import Database
from handoff.dispatcher import Dispatcher
from tests.support.postgres import Postgres

ANA = Address("100000000000001", "GB.1", "447700900001", "Ana")


class CrashingChannel:
    """Takes a message, and at that moment the database crashes."""

    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres
        self.taken: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def render(self, responses: Sequence[Mapping[str, Any]], number: str = "") -> list[Rendered]:
        return [Rendered(response, str(response.get("text"))) for response in responses]

    async def deliver(self, to: Address, payload: Mapping[str, Any], *, outbox_id: str) -> str:
        self.postgres.stop("immediate")
        self.taken.set_result(outbox_id)
        return f"wamid.{outbox_id}"

    def per_second(self, number: str) -> float:
        return 80.0

    async def acknowledge(self, number: str, message_id: str) -> None:
        """Nobody looks."""

    async def close(self) -> None:
        """Nothing is open."""


class NoAgents:
    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """An empty bridge database whose server takes its time before it writes what need not be durable."""
    database = Database(postgres.new_database("durability"))
    migrate.upgrade(database)
    _set_server(database, "ALTER SYSTEM SET wal_writer_delay = '10s'")
    yield database
    _set_server(database, "ALTER SYSTEM RESET wal_writer_delay")
    database.close()


def _set_server(database: Database, statement: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
        connection.exec_driver_sql("SELECT pg_reload_conf()")


def hear(connection: Connection) -> str:
    now = system_clock()  # a message of long ago could not be answered any more
    conversation_id = inbox.accept(connection, Inbound("wamid.1", ANA, now, kind="text", text="hi"), "trace", now)
    assert conversation_id is not None
    return conversation_id


@pytest.mark.postgres
@pytest.mark.chaos
async def test_nothing_is_sent_from_a_turn_that_a_crash_of_the_database_can_undo(
    postgres: Postgres, database: Database
) -> None:
    conversation_id = await database.write(hear)

    def answer(connection: Connection) -> str:
        hello = Rendered({"type": "text", "text": {"body": "hello"}}, "hello")
        return outbox.add_message(
            connection, conversation_id, hello, author="bot", epoch=0, trace_id="trace", at=system_clock()
        )

    outbox_id = await database.write(answer, durable=False)  # as the end of a turn is written
    channel = CrashingChannel(postgres)
    dispatcher = Dispatcher(database, channel, NoAgents(), "server/1/a", system_clock)  # type: ignore[arg-type]
    running = asyncio.ensure_future(dispatcher.run())
    assert await asyncio.wait_for(channel.taken, 30) == outbox_id
    running.cancel()
    await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 60)
    postgres.start()
    database.engine.dispose()
    rows = await database.read(lambda connection: connection.execute(sa.select(tables.outbox)).mappings().all())
    assert [(row["id"], row["status"]) for row in rows] == [(outbox_id, "sending")]
