"""The dispatcher as a process of its own: it sends what its server tells it of, comes back when it dies, and finishes
what it began when its server is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import inbox, migrate, outbox, tables
from handoff.channel import Address, Inbound, Rendered
from handoff.clock import system_clock
from handoff.database import Database
from handoff.dispatcher_process import DispatcherProcess
from tests.support.file_channel import FOLDER
from tests.support.waiting import wait_until

MAKER = "tests.support.file_channel:make"
SERVER = f"""
import sys, time
from handoff.dispatcher_process import DispatcherProcess
process = DispatcherProcess(sys.argv[1], {MAKER!r})
process.start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    monkeypatch.setenv("HANDOFF_SECRET", "a secret of these tests")
    return tmp_path


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{folder / 'baton.db'}")
    migrate.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def process(database: Database) -> Iterator[DispatcherProcess]:
    process = DispatcherProcess(database.url, MAKER)
    process.start()
    yield process
    process.stop(20)


def queue(database: Database, phone: str) -> str:
    """One answer to a customer, as the end of a turn writes it. Returns its id in the outbox."""

    def work(connection: Connection) -> str:
        address = Address("100000000000001", None, phone, "Ana")
        message = Inbound(f"wamid.{phone}", address, sent_at=system_clock(), kind="text", text="hi")
        conversation_id = inbox.accept(connection, message, "trace", system_clock())
        assert conversation_id is not None
        hello = Rendered({"type": "text", "text": {"body": "hello"}}, "hello")
        return outbox.add_message(
            connection, conversation_id, hello, author="bot", epoch=0, trace_id="trace", at=system_clock()
        )

    return database.write_now(work)


def status(database: Database, outbox_id: str) -> str:
    query = sa.select(tables.outbox.c.status).where(tables.outbox.c.id == outbox_id)
    return database.read_now(lambda connection: connection.execute(query).scalar_one())


def noted(folder: Path, name: str) -> list[tuple[str, int]]:
    """(what, process) for each line of one of the channel's files."""
    file = folder / name
    lines = file.read_text().splitlines() if file.exists() else []
    return [(line.rpartition(" ")[0], int(line.rpartition(" ")[2])) for line in lines]


def test_it_sends_and_acknowledges_what_it_is_told_of(
    folder: Path, database: Database, process: DispatcherProcess
) -> None:
    outbox_id = queue(database, "447700900001")
    process.wake()
    process.acknowledge("100000000000001", "wamid.447700900001")
    wait_until("it was sent and recorded", lambda: status(database, outbox_id) == "sent")
    wait_until("it was acknowledged", lambda: noted(folder, "read"))
    assert [what for what, _ in noted(folder, "sent")] == [outbox_id]
    assert noted(folder, "sent")[0][1] != os.getpid()


def test_it_is_started_again_when_it_dies(folder: Path, database: Database, process: DispatcherProcess) -> None:
    first = queue(database, "447700900001")
    process.wake()
    wait_until("the first was sent", lambda: status(database, first) == "sent")
    died = noted(folder, "sent")[0][1]
    os.kill(died, signal.SIGKILL)
    second = queue(database, "447700900002")
    wait_until("the second was sent", lambda: status(database, second) == "sent", 40)
    assert noted(folder, "sent")[1][1] != died


def test_a_stop_lets_it_finish_and_record_what_it_is_sending(folder: Path, database: Database) -> None:
    process = DispatcherProcess(database.url, MAKER)
    process.start()
    (folder / "hold").touch()
    outbox_id = queue(database, "447700900001")
    process.wake()
    wait_until("sending began", lambda: noted(folder, "began"))
    assert process._process is not None and process._process.stdin is not None
    process._process.stdin.close()  # what `stop` does first, seen from inside: sending is held back meanwhile
    (folder / "hold").unlink()
    process.stop(20)
    assert status(database, outbox_id) == "sent"


def test_what_is_being_sent_while_its_server_is_killed_is_recorded_and_not_sent_twice(
    folder: Path, database: Database
) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER, database.url], stdout=subprocess.PIPE)
    (folder / "hold").touch()
    outbox_id = queue(database, "447700900001")
    wait_until("sending began", lambda: noted(folder, "began"), 40)
    server.kill()
    server.wait()
    (folder / "hold").unlink()
    wait_until("it was recorded", lambda: status(database, outbox_id) == "sent")
    sender = noted(folder, "sent")[0][1]
    wait_until("it ended, as nobody is there to wake it", lambda: not Path(f"/proc/{sender}").exists())
    assert [what for what, _ in noted(folder, "sent")] == [outbox_id]
    if server.stdout is not None:
        server.stdout.close()


def test_a_dispatcher_that_hangs_does_not_hang_its_server(database: Database, process: DispatcherProcess) -> None:
    assert process._process is not None
    os.kill(process._process.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        for number in range(20_000):  # far more than a pipe holds
            process.acknowledge("100000000000001", f"wamid.{number}")
        assert time.monotonic() - started < 30, "it waited for the dispatcher"
    finally:
        os.kill(process._process.pid, signal.SIGCONT)
    outbox_id = queue(database, "447700900001")
    wait_until("it works again", lambda: status(database, outbox_id) == "sent", 60)
