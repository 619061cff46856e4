"""One random interleaving of customers, agents, colleagues' phones, two servers and their crashes, over the real
functions of the bridge and a real database. After each transaction it checks what must always hold."""

from __future__ import annotations

import random
from typing import Any, Callable, Mapping

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from handoff import conversations, floor, handoffs, inbox, outbox, outbox_claims, protocol, tables
from handoff.channel import WINDOW_CLOSED, Inbound
from handoff.handoffs import Wish
from handoff.outbox_claims import Delivery
from handoff.waiting import LEAVE_MESSAGE, STAY_WITH_BOT, Patience
from tests.support.bridge_rig import Rig, Server, Work, unreliable

AGENTS = ({"id": "a1", "name": "Sam"}, {"id": "a2", "name": "Alex"})
TEXTS = ("hello", "hello", "twice", "button", "person please", "person, closed", "broken", "flaky")

_STANDS = sa.select(tables.conversations).where(tables.conversations.c.id == sa.bindparam("id"))
_LINES = (
    sa.select(tables.event_log)
    .where(tables.event_log.c.conversation_id == sa.bindparam("id"))
    .where(tables.event_log.c.seq > sa.bindparam("log_seen"), tables.event_log.c.kind == "floor.changed")
    .order_by(tables.event_log.c.seq)
)
_MADE = (
    sa.select(tables.outbox)
    .where(tables.outbox.c.conversation_id == sa.bindparam("id"), tables.outbox.c.seq > sa.bindparam("outbox_seen"))
    .order_by(tables.outbox.c.seq)
)
_LANES = _MADE.where(tables.outbox.c.status.in_(["pending", "sending"]))


class Broken(AssertionError):
    """Something that must always hold did not."""


class Leases:
    """Watches `inbox.take_next`: who works on a conversation, and until when nobody else may."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.until: dict[tuple[str, str], float] = {}
        self.problems: list[str] = []
        take_next = inbox.take_next

        def watched(connection: Connection, conversation_id: str, server: str, now: float) -> inbox.Item | None:
            item = take_next(connection, conversation_id, server, now)
            if item is None:
                self.until.pop((conversation_id, server), None)
                return None
            for (held, other), until in self.until.items():
                if held == conversation_id and other != server and until > now:
                    self.problems.append(f"{server} took item {item.seq}, which {other} works on")
            self.until[conversation_id, server] = now + inbox.LEASE_SECONDS
            return item

        patch.setattr(inbox, "take_next", watched)

    def release(self, server: str) -> None:
        self.until = {key: until for key, until in self.until.items() if key[1] != server}


class Interleaving:
    def __init__(self, rig: Rig, leases: Leases, seed: int) -> None:
        self.rig, self.leases = rig, leases
        self.rng = random.Random(seed)
        self.phone = f"44{seed:010d}"
        rig.channel.answer = unreliable(seed)
        rig.channel.arrives = lambda: self.rng.random() < 0.5
        rig.agents.answer = unreliable(seed + 1)
        rig.patience = Patience(bot_answers=seed % 2 == 0)  # half of them: the bot goes on while the customer waits
        self.servers = [rig.server(), rig.server()]
        self.turns: list[Work | None] = [None, None]
        self.sends: list[list[Work]] = [[], []]
        self.claimed: dict[Work, float] = {}
        self.came: list[Inbound] = []
        self.commands: list[tuple[str, Callable[[], Any], Any]] = []
        self.pressed: list[tuple[str | None, int]] = []  # resolves on their way: handoff, what the desk had then
        self.floor: floor.Floor = floor.Floor(floor.BOT, None, 0)
        self.log_seen = self.outbox_seen = self.transactions_seen = 0
        self.handoffs: list[str | None] = [None]
        self.lost: set[int] = set()
        self.overtaken: set[int] = set()
        self.conversation = rig.accept(self.customer_message("hello")) or ""
        self.check()

    def play(self, steps: int) -> None:
        for _ in range(steps):
            self.rng.choice(STEP_TABLE)(self)
            self.check()
        self.settle()
        if self.floor.handoff_id:  # leave nothing behind that could expire in the next interleaving
            self.rig.resolve(self.conversation)
            self.check()
            self.settle()
        self.check_end()

    # --- what may happen

    def customer_message(self, text: str, **other: Any) -> Inbound:
        message = self.rig.inbound(text, self.rig.address(self.phone), **other)
        self.came.append(message)
        return message

    def customer_writes(self) -> None:
        self.rig.accept(self.customer_message(self.rng.choice(TEXTS)))

    def customer_stays_with_bot(self) -> None:
        self.rig.accept(self.customer_message("Stay", kind="button", payload=STAY_WITH_BOT))

    def customer_leaves_a_message(self) -> None:
        self.rig.accept(self.customer_message("Leave a message", kind="button", payload=LEAVE_MESSAGE))

    def webhook_comes_again(self) -> None:
        if self.rig.accept(self.rng.choice(self.came)) is not None:
            raise Broken("a message was kept twice")

    def colleague_writes_on_the_phone(self) -> None:
        self.rig.accept(self.customer_message(f"echo {len(self.came)}", echo=True))

    def somebody_takes_the_floor(self) -> None:
        """By a road that does not go through the inbox, and so not behind a turn that is under way."""

        def work(connection: Connection) -> None:
            row = floor.lock(connection, self.conversation)
            if row is not None and row["owner"] == floor.BOT and row["handoff_id"]:
                now = self.rig.clock.now
                handoffs.take_floor(connection, row, who="supervisor", why="steps in", at=now, hand_on=False)
            elif row is not None and row["owner"] == floor.BOT:
                wish = Wish(floor.POLICY, "a supervisor steps in")
                handoffs.start(
                    connection, row, wish,
                    who="supervisor", forms={}, at=self.rig.clock.now, trace_id="t", hand_on=False,
                )  # fmt: skip

        self.rig.write(work)

    def turn_moves(self) -> None:
        """A server looks for work, or its turn moves on to the next stop."""
        index = self.rng.randrange(2)
        turn = self.turns[index]
        if turn is None:
            self.turns[index] = turn = self.servers[index].turns(self.conversation)
        turn.step()
        if turn.ended:
            self.turns[index] = None

    def dispatcher_cycles(self) -> None:
        index = self.rng.randrange(2)
        self.sends[index] += self.cycle(self.servers[index])

    def cycle(self, server: Server) -> list[Work]:
        deliveries, _ = Work(server.dispatcher._record_and_claim(claim=True)).run()
        self.check()
        for delivery in deliveries:
            lane = [row for row in self.rows_open() if row["lane"] == delivery.lane]
            if min(row["seq"] for row in lane) != delivery.seq:
                raise Broken(f"message {delivery.seq} goes out before an older one")
            if delivery.seq in self.lost:
                raise Broken(f"message {delivery.seq} goes out after the {delivery.author} lost the floor")
            closes_at = conversations.closes_at(self.rig.row(self.conversation))
            if delivery.lane == outbox.CUSTOMER and self.rig.clock.now >= closes_at:
                raise Broken(f"message {delivery.seq} goes out although the window is closed")
        sends = [server.send(delivery) for delivery in deliveries]
        self.claimed |= dict.fromkeys(sends, self.rig.clock.now)
        return sends

    def send_moves(self) -> None:
        sends = self.sends[self.rng.randrange(2)]
        if sends:
            send = self.rng.choice(sends)
            send.step()
            if send.ended:
                sends.remove(send)

    def agent_command(self, kind: str, handoff_id: str | None = None, **data: Any) -> int:
        handoff_id = handoff_id or self.some_handoff()
        agent = dict(self.rng.choice(AGENTS))
        number = f"{self.phone}-command-{len(self.commands)}"

        def apply() -> Any:
            applied = self.rig.command(kind, self.conversation, handoff_id, number, agent=agent, **data)
            return applied.status, dict(applied.answer)

        before = self.floor
        answer = apply()
        newer = answer[1].get("error", {}).get("code") == "newer_message"
        if (answer[0] == 200 or newer) != (handoff_id is not None and before.handoff_id == handoff_id):
            raise Broken(f"{kind} for {handoff_id} was answered {answer}; the floor was {before}")
        self.commands.append((kind, apply, answer))
        return int(answer[0])

    def some_handoff(self) -> str | None:
        """The handoff that an agent has on the screen: mostly the one that counts."""
        return self.rng.choice(self.handoffs) if self.rng.random() < 0.2 else self.floor.handoff_id

    def agent_accepts(self) -> None:
        self.agent_command(protocol.AGENT_JOINED)

    def agent_writes(self) -> None:
        self.agent_command(protocol.AGENT_MESSAGE, text="I look into it")

    def agent_presses_resolve(self) -> None:
        """The command is on its way; it says what the agent could see."""
        self.pressed.append((self.some_handoff(), max([each.seq for each in self.shown()], default=0)))

    def resolve_arrives(self) -> None:
        if not self.pressed:
            return
        handoff_id, seen_seq = self.pressed.pop(0)
        slots = {"order_number": "1042"}
        status = self.agent_command(
            protocol.HANDOFF_RESOLVED, handoff_id, outcome="solved", slots=slots, seen_seq=seen_seq
        )
        if status == 200:
            passed = self.rig.outbox(self.conversation, outbox.AGENT)
            unseen = [row for row in passed if row["handoff_id"] == handoff_id and row["seq"] > seen_seq]
            if any(self.is_from_customer(row["kind"], row["payload"]) for row in unseen):
                raise Broken("a handoff was resolved over a customer's message that its agent could not see")

    def shown(self) -> list[Delivery]:
        """The customer's messages that the desk has."""
        told = [delivery for delivery in self.rig.agents.told if delivery.conversation_id == self.conversation]
        return [delivery for delivery in told if self.is_from_customer(delivery.kind, delivery.payload)]

    @staticmethod
    def is_from_customer(kind: str, payload: Mapping[str, Any]) -> bool:
        return kind == protocol.CUSTOMER_MESSAGE and payload["author"] == "customer"

    def agent_sets_slots(self) -> None:
        self.agent_command(protocol.SLOTS_SET, slots={"order_number": "1043"})

    def agent_clicks_twice(self) -> None:
        if self.commands:
            kind, apply, answer = self.rng.choice(self.commands)
            if apply() != answer:
                raise Broken(f"{kind} was answered differently when it came again")

    def server_crashes(self) -> None:
        index = self.rng.randrange(2)
        dead = self.servers[index].name
        turn = self.turns[index]
        if turn is not None:
            turn.kill()
        for send in self.sends[index]:
            send.kill()
        self.turns[index], self.sends[index] = None, []
        self.servers[index] = self.rig.server()
        if self.rng.random() < 0.5:
            self.release(dead)

    def release(self, dead: str) -> None:
        """What a new process does first."""

        def work(connection: Connection) -> None:
            inbox.release_leases_of(connection, lambda names: [name for name in names if name == dead])
            outbox_claims.release_claims_of(
                connection, lambda names: [name for name in names if name == dead], self.rig.clock.now
            )

        self.rig.write(work)
        self.leases.release(dead)

    def leases_are_renewed(self) -> None:
        index = self.rng.randrange(2)
        if self.turns[index] is not None:
            name, now = self.servers[index].name, self.rig.clock.now
            self.rig.write(lambda connection: inbox.renew(connection, [self.conversation], name, now))
            if (self.conversation, name) in self.leases.until and self.holder() == name:
                self.leases.until[self.conversation, name] = now + inbox.LEASE_SECONDS

    def holder(self) -> str | None:
        return self.rig.row(self.conversation)["lease_owner"]  # type: ignore[no-any-return]

    def time_passes(self) -> None:
        seconds = self.rng.choice((0.1, 1.0, 1.0, 5.0, 20.0, 35.0, 70.0, 3660.0, 3 * 24 * 3600.0))
        self.rig.clock.now += seconds
        for sends in self.sends:  # a send has a timeout, and never outlasts its claim
            for send in [
                send for send in sends if self.claimed[send] + outbox_claims.CLAIM_SECONDS <= self.rig.clock.now
            ]:
                send.run()
                sends.remove(send)

    def sweep(self) -> None:
        self.servers[0].sweep()

    # --- what must hold

    def read(self) -> tuple[Any, list[Any], list[Any]]:
        """The conversation, and what the log and the outbox have in addition since the last look."""
        seen = {"id": self.conversation, "log_seen": self.log_seen, "outbox_seen": self.outbox_seen}

        def work(connection: Connection) -> tuple[Any, list[Any], list[Any]]:
            stands = connection.execute(_STANDS, seen).mappings().one()
            return (
                stands,
                connection.execute(_LINES, seen).mappings().all(),
                connection.execute(_MADE, seen).mappings().all(),
            )

        return self.rig.database.read_now(work)

    def rows_open(self) -> list[Any]:
        wanted = {"id": self.conversation, "outbox_seen": 0}
        return self.rig.database.read_now(lambda connection: connection.execute(_LANES, wanted).mappings().all())

    def check(self) -> None:
        """After each transaction: one owner, one line for each change, and no words of one who has not the floor."""
        if self.rig.transactions == self.transactions_seen:
            return
        self.transactions_seen = self.rig.transactions
        stands, lines, made = self.read()
        before, now = self.floor, floor.of(stands)
        beside_bot = now.owner == floor.BOT and now.handoff_id is not None
        if now.owner not in (floor.BOT, floor.HUMAN) or (now.owner == floor.HUMAN and now.handoff_id is None):
            raise Broken(f"not exactly one owner: {now}")
        if beside_bot and not self.rig.patience.bot_answers:
            raise Broken(f"a handoff waits although the bot does not answer: {now}")
        owner, epoch = before.owner, before.epoch
        for line in lines:  # mostly one; a person who resolves at once comes and goes
            told = (line["owner_before"], line["owner_after"], line["epoch"])
            if told != (owner, line["owner_after"], epoch + 1) or line["owner_after"] == owner:
                raise Broken(f"the log says {told}, and it was {before} -> {now}")
            self.log_seen = line["seq"]
            if not self.left_by_itself(line):
                waiting = self.rows_open_before(made)
                self.overtaken |= {row["seq"] for row in waiting}
                self.lost |= {row["seq"] for row in waiting if row["author"] == owner}
            owner, epoch = line["owner_after"], line["epoch"]
        if (owner, epoch) != (now.owner, now.epoch):
            raise Broken(f"{len(lines)} lines in the log for {before} -> {now}")
        for row in made:
            self.outbox_seen = row["seq"]
            if row["lane"] == outbox.CUSTOMER:
                self.check_made(row, before, now)
        self.floor = now
        if now.handoff_id not in self.handoffs:
            self.handoffs.append(now.handoff_id)
        if self.leases.problems:
            raise Broken("; ".join(self.leases.problems))

    def rows_open_before(self, made: list[Any]) -> list[Any]:
        new = {row["seq"] for row in made}
        return [row for row in self.rows_open() if row["lane"] == outbox.CUSTOMER and row["seq"] not in new]

    @staticmethod
    def left_by_itself(line: Mapping[str, Any]) -> bool:
        """The bot asked for a person, who may come later, or failed; a person resolved. Otherwise the floor was taken
        away."""
        if line["owner_before"] == floor.BOT:
            return line["who"] in (floor.BOT, floor.SYSTEM) or line["why"] in ("joined", "leaves a message")
        return line["why"] == floor.RESOLVED

    @staticmethod
    def check_made(row: Mapping[str, Any], before: floor.Floor, now: floor.Floor) -> None:
        by_its_handoff = now.owner == floor.HUMAN and now.handoff_id == row["handoff_id"]
        spoke = {floor.BOT: before.owner == floor.BOT, floor.HUMAN: by_its_handoff}
        if row["epoch"] != now.epoch or not spoke.get(row["author"], True):
            raise Broken(
                f"message {row['seq']} of the {row['author']}, epoch {row['epoch']}, was made when {now} stood"
            )

    def settle(self) -> None:
        """No more customers, agents or crashes: all that is open comes to its end."""
        self.rig.channel.answer = self.rig.agents.answer = lambda: None
        for _ in range(2000):
            for index, server in enumerate(self.servers):
                while self.turns[index] is not None:
                    self.step_turn(index)
                self.turns[index] = server.turns(self.conversation)
                while self.turns[index] is not None:
                    self.step_turn(index)
                for send in [*self.sends[index], *self.cycle(server)]:
                    send.run()
                self.sends[index] = []
                Work(server.dispatcher._record_and_claim(claim=False)).run()
                self.check()
            if not self.rig.unfinished():
                return
            self.rig.clock.now += 10.0
        raise Broken(f"work is left: {self.rig.unfinished()}")

    def step_turn(self, index: int) -> None:
        turn = self.turns[index]
        assert turn is not None
        turn.step()
        if turn.ended:
            self.turns[index] = None
        self.check()

    def check_end(self) -> None:
        self.check_story()
        self.check_answered()
        for row in self.rig.outbox(self.conversation):
            times = sum(taken == row["id"] for taken, _ in self.rig.channel.accepted)
            if times > 1 + row["unknown_sends"]:
                raise Broken(f"message {row['seq']} went out {times} times")
            old = row["status"] == outbox.DEAD and self.old(row)
            if row["status"] != outbox.SENT and row["seq"] not in self.overtaken and not old:
                raise Broken(f"message {row['seq']} was {row['status']} although nobody lost the floor")
        order = {row["id"]: row["seq"] for row in self.rig.outbox(self.conversation)}
        self.check_order([order[taken] for taken, _ in self.rig.channel.accepted if taken in order])
        told = [delivery for delivery in self.rig.agents.told if delivery.conversation_id == self.conversation]
        self.check_order([delivery.seq for delivery in told])

    def check_answered(self) -> None:
        """Every message was answered by the bot, or reached a person: as it came, or in what a handoff began with."""
        said = {
            text.partition(":")[2] for text in (row["payload"]["text"] for row in self.rig.outbox(self.conversation))
        }
        shown = {delivery.payload["message_id"] for delivery in self.shown()}
        handed = {
            line["message_id"]
            for handoff in self.rig.rows(tables.handoffs, conversation_id=self.conversation)
            for line in handoff["context"]["transcript"]
        }
        for message in self.came:
            if not message.echo and not message.payload and message.message_id not in said | shown | handed:
                raise Broken(f"{message.message_id} was answered by nobody")

    def old(self, row: Mapping[str, Any]) -> bool:
        """Did its window close before it could be sent? Then it is given up, and visibly."""
        return bool(row["error_code"] == WINDOW_CLOSED)

    @staticmethod
    def check_order(seqs: list[int]) -> None:
        first = list(dict.fromkeys(seqs))
        if first != sorted(first):
            raise Broken(f"out of order: {seqs}")

    def check_story(self) -> None:
        """What came in is in the tracker, once and in order, and so is with the person who had the floor."""
        story: list[str] = []
        for row in self.rig.rows(tables.events, sender_id=self.conversation):
            if row["type_name"] in ("user", "agent"):
                event = sa.JSON().result_processor(sa.create_engine("sqlite://").dialect, None)(row["data"])
                story.append(event.get("message_id") or event["text"])
        wanted = [message.text if message.echo else message.message_id for message in self.came if not message.payload]
        presses = {message.message_id for message in self.came if message.payload}
        got = [name for name in story if name not in presses and not name.startswith("I look")]
        if got != wanted:
            raise Broken(f"came in: {wanted}, in the story: {got}")
        if any(story.count(press) > 1 for press in presses):
            raise Broken("a press of a button is in the story twice")
        passed = [data["message_id"] for data in self.rig.told(self.conversation, protocol.CUSTOMER_MESSAGE)]
        if len(passed) != len(set(passed)):
            raise Broken(f"the person was told twice: {passed}")


_STEPS: tuple[tuple[Callable[[Interleaving], None], int], ...] = (
    (Interleaving.customer_writes, 5),
    (Interleaving.customer_stays_with_bot, 1),
    (Interleaving.customer_leaves_a_message, 1),
    (Interleaving.webhook_comes_again, 1),
    (Interleaving.colleague_writes_on_the_phone, 1),
    (Interleaving.somebody_takes_the_floor, 1),
    (Interleaving.turn_moves, 24),
    (Interleaving.dispatcher_cycles, 6),
    (Interleaving.send_moves, 8),
    (Interleaving.agent_accepts, 1),
    (Interleaving.agent_writes, 3),
    (Interleaving.agent_presses_resolve, 1),
    (Interleaving.resolve_arrives, 2),
    (Interleaving.agent_sets_slots, 1),
    (Interleaving.agent_clicks_twice, 1),
    (Interleaving.server_crashes, 1),
    (Interleaving.leases_are_renewed, 1),
    (Interleaving.time_passes, 2),
    (Interleaving.sweep, 1),
)
STEP_TABLE = tuple(step for step, weight in _STEPS for _ in range(weight))
