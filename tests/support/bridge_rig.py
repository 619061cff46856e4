"""A bridge in one process, without Rasa: the real inbox, outbox, floor, saver, worker and dispatcher over a real
database, with a bot, channels and a clock of our own. Its coroutines are stepped by hand, so that a test decides where
a server stands when another one moves, or when it dies."""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import logging
import random
from typing import Any, Callable, Coroutine, Generator, Iterator, Mapping, Sequence, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from handoff import inbox, migrate, outbox, protocol, tables
from handoff.channel import TEMPLATE, Address, DeliveryError, Inbound, Rendered, TemplateProblem
from handoff.commands import Applied, Commands
from handoff.database import Database
from handoff.dispatcher import Dispatcher
from handoff.heard import user_event
from handoff.outbox_claims import Delivery
from handoff.protocol import Envelope
from handoff.saving import Assistant, Saver
from handoff.turn import Turn, TurnFailed
from handoff.waiting import LEAVE_MESSAGE, STAY_WITH_BOT, Patience
from handoff.wishes import OPTED_OUT
from handoff.worker import Worker

T = TypeVar("T")

START = 1_700_000_000.0
NUMBER = "100000000000001"
SLOTS = frozenset({"order_number", "handoff_outcome"})


class Clock:
    """The time, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Step:
    """Where a stepped coroutine stops. On an ordinary event loop it lets others go first, and no more."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Work:
    """A coroutine that is stepped by hand, in a context of its own, as a task has one."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self.coroutine = coroutine
        self.context = contextvars.copy_context()
        self.ended = False
        self.result: Any = None

    def step(self) -> None:
        try:
            self.context.run(self.coroutine.send, None)
        except StopIteration as end:
            self.ended, self.result = True, end.value

    def run(self) -> Any:
        while not self.ended:
            self.step()
        return self.result

    def kill(self) -> None:
        """The process is gone: nothing after this point happens."""
        self.ended = True
        self.context.run(self.coroutine.close)


class SteppedDatabase:
    """The same database, with a stop before each transaction, and one after it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.is_sqlite = database.is_sqlite

    async def write(self, work: Callable[..., T], *args: Any, durable: bool = True) -> T:
        await Step()
        result = self.database.write_now(work, *args)
        await Step()
        return result

    async def read(self, work: Callable[..., T], *args: Any) -> T:
        return await self.write(work, *args)

    async def flush(self) -> None:
        pass


class TextChannel:
    """A customer's channel that shows each response as one message, and answers as ``answer`` says."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, str]] = []  # (outbox id, text), each time that one was taken
        self.answer: Callable[[], Exception | None] = lambda: None
        self.arrives: Callable[[], bool] = lambda: True  # of an unknown send: did it go out after all?
        self.pace = 80.0
        self.rendered: list[Mapping[str, Any]] = []
        self._ids = itertools.count(1)

    def template(self, number: str, spec: Mapping[str, Any]) -> Rendered:
        if spec.get("name") != "answer_ready":
            raise TemplateProblem("There is no such template.")
        text = f"Answer: {' '.join(spec['parameters'])}"
        return Rendered({"text": text}, text, kind=spec.get("kind", TEMPLATE))

    def render(self, responses: Sequence[Mapping[str, Any]], number: str = "") -> list[Rendered]:
        self.rendered += responses
        return [
            Rendered(
                {"text": response["text"]},
                response["text"],
                tuple(button["payload"] for button in response.get("buttons", ())),
            )
            for response in responses
        ]

    async def deliver(self, to: Address, payload: Mapping[str, Any], *, outbox_id: str) -> str:
        await Step()
        error = self.answer()
        if error is None or (isinstance(error, DeliveryError) and error.unknown and self.arrives()):
            self.accepted.append((outbox_id, payload["text"]))
        await Step()
        if error is not None:
            raise error
        return f"wamid.{next(self._ids)}"

    def per_second(self, number: str) -> float:
        return self.pace

    async def acknowledge(self, number: str, message_id: str) -> None:
        pass

    async def close(self) -> None:
        pass


class Agents:
    """An agent channel that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[Delivery] = []
        self.answer: Callable[[], Exception | None] = lambda: None

    async def deliver(self, delivery: Delivery) -> None:
        await Step()
        error = self.answer()
        if error is None or (isinstance(error, DeliveryError) and error.unknown):
            self.told.append(delivery)
        await Step()
        if error is not None:
            raise error

    async def close(self) -> None:
        pass


class Bot:
    """Answers each message. One with "person" in it hands over, "broken" always fails, "flaky" fails the first time,
    "twice" says two things, "button" sends one button, "no news" and "news again" opt out and in."""

    def __init__(self, database: SteppedDatabase, saver: Saver) -> None:
        self.database = database
        self.saver = saver

    async def answer(self, turn: Turn) -> None:
        await Step()
        item, now = turn.item, self.saver.clock()
        text = item.message.get("text") or ""
        if "broken" in text or ("flaky" in text and item.attempts == 0):
            raise TurnFailed("The action server does not answer.")
        heard = [user_event(item, now)] if item.kind == inbox.CUSTOMER else []
        say = [f"re:{item.message_id}", f"and:{item.message_id}"] if "twice" in text else [f"re:{item.message_id}"]
        for words in say:
            buttons = [{"title": "Stay", "payload": STAY_WITH_BOT}] if "person" in text or "button" in text else []
            buttons += [{"title": "Leave a message", "payload": LEAVE_MESSAGE}] if "closed" in text else []
            turn.say({"text": words, "buttons": buttons})
        events: list[dict[str, Any]] = [
            *heard,
            {"event": "action", "timestamp": now, "name": "action_answer"},
            *({"event": "bot", "timestamp": now, "text": words, "data": {}} for words in say),
        ]
        if "news" in text:
            events.append({"event": "slot", "timestamp": now, "name": OPTED_OUT, "value": "no news" in text})
        if "person" in text:
            events += [
                {"event": "slot", "timestamp": now, "name": "handoff_reason", "value": "customer_request"},
                {"event": "pause", "timestamp": now},
            ]
        else:
            events.append({"event": "action", "timestamp": now, "name": "action_listen"})
        await self.database.write(lambda connection: self.saver.bot_turn(connection, turn, events))
        turn.committed = True


class Server:
    """One Rasa server's half of the bridge."""

    def __init__(self, rig: Rig, name: str) -> None:
        self.name = name
        database: Any = SteppedDatabase(rig.database)
        agents: Any = rig.agents
        self.saver = Saver(name, rig.channel, rig.assistant, rig.clock, rig.patience)
        self.bot: Any = Bot(database, self.saver)
        self.dispatcher = Dispatcher(database, rig.channel, agents, name, rig.clock)
        self.worker = Worker(database, self.saver, self.bot, self.dispatcher, name, rig.clock)

    def turns(self, conversation_id: str) -> Work:
        """All that the worker has to do in a conversation now."""
        self.worker._working.setdefault(conversation_id, False)
        return Work(self.worker._work(conversation_id))

    def cycle(self) -> list[Work]:
        """Record what ended, claim what is due; returns the sends that follow."""
        deliveries, _ = Work(self.dispatcher._record_and_claim(claim=True)).run()
        return [self.send(delivery) for delivery in deliveries]

    def send(self, delivery: Delivery) -> Work:
        self.dispatcher.in_flight += 1
        return Work(self.dispatcher._deliver(delivery))

    def sweep(self) -> int:
        return int(self.dispatcher.database.database.write_now(self.saver.sweep))  # type: ignore[attr-defined]


class Rig:
    """Servers over one database, customers and agents around them. ``random`` jitter is left as it is: tests compare
    what happened, not when."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.channel = TextChannel()
        self.agents = Agents()
        self.assistant = Assistant({"track_order_form": ["order_number"]}, response_named)
        self.patience = Patience()
        self.commands = Commands(self.channel, SLOTS, self.clock)
        self._ids = itertools.count(1)
        self._names = itertools.count(1)
        self.transactions = 0  # that wrote, or could have
        write_now = database.write_now

        def counted(*args: Any, **options: Any) -> Any:
            self.transactions += 1
            return write_now(*args, **options)

        database.write_now = counted  # type: ignore[method-assign]

    def server(self) -> Server:
        return Server(self, f"server-{next(self._names)}")

    def address(self, phone: str = "447700900123", **other: Any) -> Address:
        return Address(NUMBER, wa_id=phone, **other)

    def inbound(self, text: str | None = "hello", address: Address | None = None, **other: Any) -> Inbound:
        values: dict[str, Any] = {
            "message_id": f"wamid.in.{next(self._ids)}",
            "sent_at": self.clock.now,
            "kind": "text" if text is not None else "image",
            **other,
        }
        return Inbound(text=text, address=address or self.address(), **values)

    def accept(self, message: Inbound) -> str | None:
        return self.write(lambda connection: inbox.accept(connection, message, "trace", self.clock.now))

    def receive(self, text: str | None = "hello", address: Address | None = None, **other: Any) -> str:
        conversation_id = self.accept(self.inbound(text, address, **other))
        assert conversation_id is not None
        return conversation_id

    def command(
        self, type_: str, conversation_id: str, handoff_id: str | None, command_id: str | None = None, **data: Any
    ) -> Applied:
        data.setdefault("agent", {"id": "a1", "name": "Sam"})
        envelope = Envelope(
            command_id or f"command-{next(self._ids)}", type_, self.clock.now, conversation_id, handoff_id, data=data
        )
        return self.write(lambda connection: self.commands.apply(connection, envelope))

    def say(self, conversation_id: str, text: str = "I am here", **other: Any) -> Applied:
        """The agent whose handoff has the floor writes."""
        handoff_id = self.row(conversation_id)["handoff_id"]
        return self.command(protocol.AGENT_MESSAGE, conversation_id, handoff_id, text=text, **other)

    def resolve(self, conversation_id: str, outcome: str = "solved", **other: Any) -> Applied:
        handoff_id = self.row(conversation_id)["handoff_id"]
        return self.command(protocol.HANDOFF_RESOLVED, conversation_id, handoff_id, outcome=outcome, **other)

    def write(self, work: Callable[[Connection], T]) -> T:
        return self.database.write_now(work)

    def rows(self, table: sa.Table, **where: Any) -> list[dict[str, Any]]:
        query = sa.select(table).order_by(*table.primary_key.columns)
        for name, value in where.items():
            query = query.where(table.c[name] == value)
        found = self.database.read_now(lambda connection: connection.execute(query).mappings().all())
        return [dict(row) for row in found]

    def row(self, conversation_id: str) -> dict[str, Any]:
        (row,) = self.rows(tables.conversations, id=conversation_id)
        return row

    def outbox(self, conversation_id: str, lane: str = outbox.CUSTOMER) -> list[dict[str, Any]]:
        return self.rows(tables.outbox, conversation_id=conversation_id, lane=lane)

    def told(self, conversation_id: str, kind: str) -> list[Mapping[str, Any]]:
        """The data of the agent channel's events of one type, queued or delivered."""
        return [row["payload"] for row in self.outbox(conversation_id, outbox.AGENT) if row["kind"] == kind]

    def work(self, server: Server) -> int:
        """Let the server do what is due now; returns how many conversations and messages there were."""
        due = self.database.read_now(lambda connection: inbox.due(connection, self.clock.now))
        for conversation_id in due:
            server.turns(conversation_id).run()
        sends = server.cycle()
        for send in sends:
            send.run()
        if sends:
            Work(server.dispatcher._record_and_claim(claim=False)).run()
        return len(due) + len(sends)

    def settle(self, server: Server, patience: int = 4000) -> None:
        """Let time pass until nothing is left to do."""
        for _ in range(patience):
            if not self.work(server):
                if not self.unfinished():
                    return
                self.clock.now += 1.0
            self.clock.now += 0.1
        raise AssertionError(f"work is left: {self.unfinished()}")

    def unfinished(self) -> list[tuple[str, int]]:
        waiting = (
            sa.select(sa.literal("inbox"), tables.inbox.c.seq)
            .where(tables.inbox.c.status == inbox.PENDING)
            .union_all(
                sa.select(sa.literal("outbox"), tables.outbox.c.seq).where(
                    tables.outbox.c.status.in_([outbox.PENDING, outbox.SENDING])
                )
            )
        )
        found = self.database.read_now(lambda connection: connection.execute(waiting).all())
        return [(str(row[0]), int(row[1])) for row in found]


def response_named(name: str) -> dict[str, Any]:
    """A response whose text is its name; those about waiting have their buttons, and say when the desk opens."""
    if not name.startswith("utter_waiting"):
        return {"text": f"{name} {{opening}}" if name.endswith("opening") else name}
    titles = {"Leave a message": LEAVE_MESSAGE, "Stay": STAY_WITH_BOT}
    return {"text": f"{name} {{opening}}", "buttons": [{"title": title, "payload": p} for title, p in titles.items()]}


def new_database(url: str) -> Database:
    """A database with the bridge's schema."""
    database = Database(url)
    migrate.upgrade(database)
    return database


@contextlib.contextmanager
def only_errors_logged() -> Iterator[list[str]]:
    """The bridge's log, errors only: a rig must not meet any."""
    errors: list[str] = []

    def keep(_logger: Any, _name: str, event: Any) -> Any:
        errors.append(f"{event['event']}: {event.get('exc_info') or event.get('error')}")
        raise structlog.DropEvent

    structlog.configure(processors=[keep], wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield errors
    finally:
        structlog.reset_defaults()


def unreliable(seed: int) -> Callable[[], Exception | None]:
    """A channel that takes most messages, fails some, and leaves some without an answer."""
    rng = random.Random(seed)

    def answer() -> Exception | None:
        dice = rng.random()
        if dice < 0.7:
            return None
        if dice < 0.85:
            return DeliveryError("The channel does not work right now.", retry=True)
        return DeliveryError("No answer came.", retry=True, unknown=True)

    return answer
