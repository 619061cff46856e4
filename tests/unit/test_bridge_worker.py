"""The worker and the dispatcher on event loops of their own: they go on through a database that is away and through
defects, and stop in order."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any, Callable

import pytest
import structlog

from handoff import dispatcher, inbox, tables, worker
from handoff.database import Database, Unavailable
from handoff.loop_thread import LoopThread
from tests.support.bridge_rig import Rig, Server, new_database


@pytest.fixture(autouse=True)
def quick_and_quiet(monkeypatch: pytest.MonkeyPatch) -> Any:
    for module in (worker, dispatcher):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
        monkeypatch.setattr(module, "PAUSE_WHEN_UNAVAILABLE", 0.02)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


class Now:
    """The real time, where a rig moves it by hand otherwise."""

    @property
    def now(self) -> float:
        return time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def real(tmp_path: Path) -> Any:
    """A rig whose server uses the database's own threads, as it does in earnest."""
    rig = Rig(new_database(f"sqlite:///{tmp_path}/baton.db"))
    rig.clock = Now()  # type: ignore[assignment]
    yield rig
    rig.database.close()


def server_of(rig: Rig) -> Server:
    one = rig.server()
    for part in (one.worker, one.dispatcher, one.bot):
        part.database = rig.database
    return one


async def until(check: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 20
    while not check():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


class Running:
    def __init__(self, one: Server) -> None:
        self.one = one

    async def __aenter__(self) -> Server:
        self.tasks = [asyncio.create_task(part.run()) for part in (self.one.worker, self.one.dispatcher)]
        await asyncio.sleep(0)
        return self.one

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            assert not task.done(), "it stopped by itself"
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def receive(rig: Rig, text: str = "hello", phone: str = "441") -> str:
    message = rig.inbound(text, rig.address(phone), sent_at=time.time())
    conversation_id = rig.database.write_now(lambda connection: inbox.accept(connection, message, "trace", time.time()))
    assert conversation_id
    return conversation_id


async def test_a_message_is_answered_without_being_woken(real: Rig) -> None:
    receive(real)
    async with Running(server_of(real)):
        await until(lambda: real.channel.accepted, "no answer")


async def test_many_conversations_are_answered_each_in_order(real: Rig) -> None:
    async with Running(server_of(real)) as one:
        for number in range(3):
            one.worker.wake([receive(real, f"message {number}", f"44{phone}") for phone in range(20)])
        await until(lambda: len(real.channel.accepted) == 60, "answers are missing")
    for conversation in real.rows(tables.conversations):
        order = {row["id"]: row["seq"] for row in real.outbox(conversation["id"])}
        seqs = [order[taken] for taken, _ in real.channel.accepted if taken in order]
        assert seqs == sorted(seqs) and len(seqs) == 3


@pytest.mark.parametrize("error", [Unavailable("away"), RuntimeError("a defect"), KeyError("a defect")])
async def test_work_goes_on_after_the_database_was_away_and_after_a_defect(
    error: Exception, real: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = server_of(real)
    failures = 0
    sweep, write = one.saver.sweep, Database.write

    def fails(connection: Any) -> int:
        nonlocal failures
        failures += 1
        if failures <= 3:
            raise error
        return sweep(connection)

    async def fails_at_first(self: Database, work: Any, *args: Any, **options: Any) -> Any:
        nonlocal failures
        if failures < 3 and "_record_and_claim" in work.__qualname__:
            failures += 1
            raise error
        return await write(self, work, *args, **options)

    for target, name, replacement in ((one.saver, "sweep", fails), (Database, "write", fails_at_first)):
        failures = 0
        with monkeypatch.context() as patch:
            patch.setattr(target, name, replacement)
            async with Running(one):
                await until(lambda: failures >= 3, "it was not tried again")  # noqa: B023
                receive(real, phone=f"44{name}")
                wanted = len(real.rows(tables.inbox))
                await until(lambda wanted=wanted: len(real.channel.accepted) == wanted, "no answer afterwards")


async def test_a_defect_in_a_turn_leaves_other_conversations_alone(real: Rig) -> None:
    one = server_of(real)
    answer = one.bot.answer

    async def breaks(turn: Any) -> None:
        if "bad" in turn.item.message["text"]:
            raise RuntimeError("a defect")
        await answer(turn)

    one.bot.answer = breaks
    bad, good = receive(real, "bad", "441"), receive(real, "good", "442")
    async with Running(one):
        await until(lambda: real.channel.accepted, "no answer")
        await until(lambda: real.rows(tables.inbox, conversation_id=bad)[0]["attempts"], "not noted")
    assert [row["status"] for row in real.rows(tables.inbox, conversation_id=good)] == ["done"]


async def test_a_turn_that_saves_nothing_is_a_failure(real: Rig) -> None:
    one = server_of(real)

    async def says_nothing(turn: Any) -> None:
        return None

    one.bot.answer = says_nothing
    conversation_id = receive(real)
    async with Running(one):
        await until(lambda: real.rows(tables.inbox, conversation_id=conversation_id)[0]["attempts"], "not noted")
    assert "RuntimeError" in real.rows(tables.inbox)[0]["error"]


async def test_what_is_under_way_ends_when_the_server_stops(real: Rig) -> None:
    one = server_of(real)
    receive(real)
    started, go_on = asyncio.Event(), asyncio.Event()
    answer = one.bot.answer

    async def slowly(turn: Any) -> None:
        started.set()
        await go_on.wait()
        await answer(turn)

    one.bot.answer = slowly
    task = asyncio.create_task(one.worker.run())
    await started.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert real.rows(tables.inbox)[0]["status"] == "done"


def test_a_loop_of_its_own_starts_and_stops() -> None:
    told: list[str] = []

    async def job() -> None:
        try:
            told.append("started")
            await asyncio.sleep(60)
        finally:
            told.append("tidied up")

    thread = LoopThread("test")
    thread.start(job())
    deadline = time.monotonic() + 5
    while not told:
        assert time.monotonic() < deadline
    thread.stop(5)
    assert told == ["started", "tidied up"]
    thread.loop.close()
