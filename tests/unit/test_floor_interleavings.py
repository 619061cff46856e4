"""The floor over the real inbox, outbox, saver, commands, worker and dispatcher, on real databases: random
interleavings, step by step, and threads that race."""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from handoff import floor, inbox, outbox, outbox_claims, protocol, tables
from handoff.database import Database
from tests.support.bridge_rig import Rig, Work, new_database, only_errors_logged, unreliable
from tests.support.interleaving import Interleaving, Leases
from tests.support.postgres import Postgres

STEPS = 60
TEXTS = ("hello", "twice", "person please", "flaky")


@pytest.fixture(autouse=True)
def nothing_goes_wrong_unseen() -> Iterator[None]:
    with only_errors_logged() as errors:
        yield
    assert not errors


def play(database: Database, seeds: range, patch: pytest.MonkeyPatch) -> int:
    rig, leases = Rig(database), Leases(patch)
    moves = 0
    for seed in seeds:
        try:
            interleaving = Interleaving(rig, leases, seed)
            interleaving.play(STEPS)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        moves += interleaving.floor.epoch
    database.close()
    return moves


def test_interleavings_on_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(new_database("sqlite:///:memory:"), range(80), monkeypatch) > 80


@pytest.mark.postgres
def test_interleavings_on_postgresql(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(new_database(postgres.new_database("floor")), range(1000, 1015), monkeypatch) > 15


@pytest.mark.long
@pytest.mark.skipif(not os.environ.get("BATON_TEST_LONG"), reason="runs in `make test-long`")
def test_many_interleavings_on_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    for start in range(2000, 4000, 200):  # a new database for each two hundred: it grows
        with pytest.MonkeyPatch.context() as patch:
            play(new_database("sqlite:///:memory:"), range(start, start + 200), patch)


class Race:
    """Servers in threads of their own, each doing whatever comes to its mind in the same few conversations."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self.rig, self.seed = rig, seed
        self.phones = [f"4470{seed:05d}{number}" for number in range(2)]
        self.conversations = [rig.receive("hello", rig.address(phone)) for phone in self.phones]
        self.came = [rig.inbound("hello", rig.address(phone)) for phone in self.phones]
        self.answers: list[tuple[str, Any]] = []
        self.errors: list[BaseException] = []
        rig.channel.answer = rig.agents.answer = unreliable(seed)

    def run(self, threads: int = 4, steps: int = 30) -> None:
        running = [threading.Thread(target=self.one, args=(number, steps)) for number in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def one(self, number: int, steps: int) -> None:
        rng = random.Random(f"{self.seed}/{number}")
        server = self.rig.server()
        moves: list[Callable[[random.Random, Any], Any]] = [
            self.write, self.write_again, self.turns, self.turns, self.turns, self.send, self.send, self.command,
            self.command, self.crash,
        ]  # fmt: skip
        try:
            for _ in range(steps):
                server = rng.choice(moves)(rng, server) or server
        except BaseException as error:
            self.errors.append(error)

    def write(self, rng: random.Random, server: Any) -> None:
        message = self.rig.inbound(rng.choice(TEXTS), self.rig.address(rng.choice(self.phones)))
        self.rig.accept(message)
        self.came.append(message)

    def write_again(self, rng: random.Random, server: Any) -> None:
        self.rig.accept(rng.choice(self.came))

    def turns(self, rng: random.Random, server: Any) -> None:
        conversation_id = rng.choice(self.conversations)
        server.worker._working[conversation_id] = False
        asyncio.run(server.worker._work(conversation_id))

    def send(self, rng: random.Random, server: Any) -> None:
        for send in server.cycle():
            send.run()
        Work(server.dispatcher._record_and_claim(claim=False)).run()

    def command(self, rng: random.Random, server: Any) -> None:
        """Few ids, so that two threads often send the same command at the same moment."""
        conversation_id = rng.choice(self.conversations)
        handoff_id = self.rig.row(conversation_id)["handoff_id"]
        kind = rng.choice(
            (protocol.AGENT_JOINED, protocol.AGENT_MESSAGE, protocol.AGENT_MESSAGE, protocol.HANDOFF_RESOLVED)
        )
        command_id = f"{conversation_id}/{rng.randrange(12)}"
        applied = self.rig.command(kind, conversation_id, handoff_id, command_id, text="words", outcome="solved")
        self.answers.append((command_id, (applied.status, json.dumps(dict(applied.answer)))))

    def crash(self, rng: random.Random, server: Any) -> Any:
        """Take an item and a message, and go; the next process releases them."""
        conversation_id = rng.choice(self.conversations)
        self.rig.write(lambda connection: inbox.take_next(connection, conversation_id, server.name, self.rig.clock.now))
        for send in server.cycle():
            send.kill()
        dead = [server.name]
        self.rig.write(lambda connection: inbox.release_leases_of(connection, lambda names: dead))
        self.rig.write(
            lambda connection: outbox_claims.release_claims_of(connection, lambda names: dead, self.rig.clock.now)
        )
        return self.rig.server()

    def check(self) -> None:
        self.rig.channel.answer = self.rig.agents.answer = lambda: None
        self.rig.settle(self.rig.server())
        assert len(dict(self.answers)) == len(set(self.answers)), "one command was answered in two ways"
        for conversation_id in self.conversations:
            lines = self.rig.rows(tables.event_log, conversation_id=conversation_id, kind="floor.changed")
            owners = [(line["owner_before"], line["owner_after"]) for line in lines]
            there, back = (floor.BOT, floor.HUMAN), (floor.HUMAN, floor.BOT)
            assert owners == [back if number % 2 else there for number in range(len(owners))]
            assert [line["epoch"] for line in lines] == list(range(1, len(lines) + 1))
            assert self.rig.row(conversation_id)["epoch"] == len(lines)
            came = [
                row["message_id"]
                for row in self.rig.rows(tables.inbox, conversation_id=conversation_id, kind="customer")
            ]
            told = [json.loads(row["data"]) for row in self.rig.rows(tables.events, sender_id=conversation_id)]
            assert [event["message_id"] for event in told if event["event"] == "user"] == came
            said = [event["metadata"]["command_id"] for event in told if event["event"] == "agent"]
            assert len(said) == len(set(said))
            for row in self.rig.outbox(conversation_id):
                times = sum(taken == row["id"] for taken, _ in self.rig.channel.accepted)
                assert times <= 1 + row["unknown_sends"]
                assert row["status"] == outbox.SENT, row  # whoever left the floor here left it by itself


def race(database: Database, seeds: range) -> None:
    rig = Rig(database)
    for seed in seeds:
        try:
            running = Race(rig, seed)
            running.run()
            running.check()
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
    database.close()


@pytest.mark.postgres
def test_threads_that_race_on_postgresql(postgres: Postgres) -> None:
    race(new_database(postgres.new_database("race")), range(4))


def test_threads_that_race_on_sqlite(tmp_path: Path) -> None:
    race(new_database(f"sqlite:///{tmp_path}/race.db"), range(100, 103))
