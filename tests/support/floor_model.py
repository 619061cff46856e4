"""A small copy of the bridge in memory: the real `Floor` decides, and what surrounds it (inbox, leases, outbox,
commands) is reduced to the decisions that could let somebody speak who does not have the floor. `play` runs one random
interleaving and checks, after each step, what must always hold."""

from __future__ import annotations

import random
from typing import Any, Callable

from handoff.floor import BOT, HUMAN, SYSTEM, Floor, StaleFloor

LEASE, CLAIM, GRACE, EXPIRY = 30, 60, 4, 24 * 3600
TRIES = 5
STEPS = 22


class Broken(AssertionError):
    """Something that must always hold did not. Carries the seed, and the steps that led here."""


class Message:
    """One row of the outbox's customer lane, with what an observer knows of how it came about."""

    __slots__ = ("accepted", "author", "claimed_until", "epoch", "id", "lost", "made_by_owner", "not_before",
                 "overtaken", "server", "status", "unknown")  # fmt: skip

    def __init__(self, number: int, author: str, epoch: int, made_by_owner: bool) -> None:
        self.id = number
        self.author = author
        self.epoch = epoch
        self.made_by_owner = made_by_owner  # the author had the floor when it spoke
        self.status = "pending"
        self.lost = False  # its author lost the floor since
        self.overtaken = False  # somebody lost the floor since
        self.claimed_until = self.not_before = 0
        self.server: int | None = None
        self.accepted = self.unknown = 0


class Item:
    __slots__ = ("attempts", "id", "kind", "not_before", "status")

    def __init__(self, number: int, kind: str) -> None:
        self.id, self.kind = number, kind
        self.status, self.attempts, self.not_before = "pending", 0, 0


class World:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = 0
        self.floor = Floor(BOT, None, 0)
        self.bot_answers = seed % 2 == 0  # while the customer waits
        self.log: list[tuple[Floor, Floor]] = []
        self.changes_seen = 0
        self.floor_seen = self.floor
        self.inbox: list[Item] = []
        self.webhooks: set[int] = set()
        self.story: list[int] = []  # what the tracker holds, by item id
        self.handed_over: list[int] = []  # parked items
        self.outbox: list[Message] = []
        self.delivered: list[int] = []
        self.lease: tuple[int, int] | None = None  # (server, until)
        self.hands: list[tuple[Item, int, str] | None] = [None, None]  # server -> item, epoch and owner when taken
        self.sending: list[list[Message]] = [[], []]
        self.handoffs: dict[str, str] = {}  # id -> state
        self.requested_at = 0
        self.answers: dict[int, str] = {}
        self.last_command: tuple[int, Callable[[], str]] | None = None
        self.numbers = 0

    # --- what the bridge decides

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def change(self, after: Floor, hand_on: bool) -> None:
        before = self.floor
        self.floor = after
        if before.owner == after.owner:
            return  # a handoff begins or ceases to wait beside the bot: nobody falls silent
        self.log.append((before, after))
        for message in self.outbox:
            if message.status in ("pending", "sending"):
                if hand_on and message.epoch == before.epoch:
                    message.epoch = after.epoch
                elif not hand_on:
                    message.overtaken = True
                    message.lost = message.lost or message.author == before.owner

    def start(self, hand_on: bool, state: str = "requested") -> None:
        if self.floor.handoff_id:  # one waits already, beside the bot
            self.come(hand_on)
            if state == "active":
                self.handoffs[self.floor.handoff_id] = state
            return
        handoff = f"h{self.number()}"
        self.change(self.floor.to_human(handoff), hand_on)
        self.handoffs[handoff] = state
        self.requested_at = self.now

    def ask_for_a_person(self) -> None:
        """Saver._hand_over"""
        if not self.bot_answers:
            self.start(hand_on=True)
        elif self.floor.handoff_id is None:
            handoff = f"h{self.number()}"
            self.change(self.floor.waiting_beside_bot(handoff), hand_on=True)
            self.handoffs[handoff] = "requested"
            self.requested_at = self.now

    def come(self, hand_on: bool) -> None:
        """handoffs.take_floor"""
        assert self.floor.handoff_id is not None
        self.change(self.floor.to_human(self.floor.handoff_id), hand_on)

    def end(self, state: str, hand_on: bool) -> None:
        handoff = self.floor.handoff_id
        self.change(self.floor.to_bot(handoff), hand_on)
        assert handoff is not None
        self.handoffs[handoff] = state
        self.inbox.append(Item(self.number(), "returned"))

    def speak(self, author: str, epoch: int, had_floor: bool) -> None:
        self.outbox.append(Message(self.number(), author, epoch, had_floor))

    def take(self, server: int) -> None:
        """inbox.take_next"""
        if self.lease and self.lease[0] != server and self.lease[1] > self.now:
            return
        item = next((item for item in self.inbox if item.status == "pending"), None)
        if item is None or item.not_before > self.now:
            self.lease = None
            return
        other = self.hands[1 - server]
        if other is not None and other[0] is item and self.lease and self.lease[1] > self.now and not self.owns(server):
            raise Broken(f"two servers work on item {item.id}")
        self.lease = (server, self.now + LEASE)
        self.hands[server] = (item, self.floor.epoch, self.floor.owner)

    def owns(self, server: int) -> bool:
        return self.lease is not None and self.lease[0] == server

    # --- the steps of an interleaving

    def customer_writes(self) -> None:
        kind = self.rng.choice(("text", "text", "text", "person", "broken", "flaky", "stay", "echo"))
        item = Item(self.number(), kind)
        self.webhooks.add(item.id)
        self.inbox.append(item)

    def webhook_comes_again(self) -> None:
        """The row is unique on the message's id."""
        if self.webhooks:
            again = self.rng.choice(sorted(self.webhooks))
            if again not in self.webhooks:
                self.inbox.append(Item(again, "text"))

    def server_takes(self, server: int | None = None) -> None:
        server = self.rng.randrange(2) if server is None else server
        if self.hands[server] is None:
            self.take(server)

    def server_ends_turn(self, server: int | None = None) -> None:
        server = self.rng.randrange(2) if server is None else server
        hand = self.hands[server]
        if hand is None:
            return
        self.hands[server] = None
        item, epoch, owner = hand
        if not self.owns(server):
            return  # LeaseLost: nothing of it is saved
        if owner == BOT and item.kind not in ("echo", "stay"):
            self.end_bot_turn(item, epoch)
        elif item.kind == "echo":
            self.story.append(item.id)
            item.status = "done"
            if self.floor.owner == BOT:
                self.start(hand_on=False, state="active")
        elif self.floor.owner == owner:
            self.end_other_turn(item, owner)
        if self.lease:
            self.take(server)

    def end_bot_turn(self, item: Item, epoch: int) -> None:
        """Saver.bot_turn, or Worker._failed"""
        if item.kind == "broken" or (item.kind == "flaky" and not item.attempts):
            item.attempts += 1
            item.not_before = self.now + 2**item.attempts
            if item.attempts >= TRIES:
                item.status = "parked"
                self.story.append(item.id)
                self.handed_over.append(item.id)
                if self.floor.owner == BOT:
                    self.start(hand_on=True)
                    self.speak(SYSTEM, self.floor.epoch, True)
            return
        if not self.floor.lets_pass(epoch):
            return  # StaleFloor: taken again, for whoever has the floor now
        had_floor = self.floor.owner == BOT
        if item.kind == "person":
            self.ask_for_a_person()
        self.speak(BOT, self.floor.epoch, had_floor)
        self.story.append(item.id)
        item.status = "done"

    def end_other_turn(self, item: Item, owner: str) -> None:
        """Saver.human_turn, Saver.skip"""
        item.status = "done"
        self.story.append(item.id)
        handoff = self.floor.handoff_id
        if item.kind == "stay" and handoff and self.handoffs[handoff] in ("requested", "queued"):
            self.end("cancelled", hand_on=False)

    def command(self, act: Callable[[str], None]) -> None:
        number, handoff = self.number(), self.some_handoff()

        def apply() -> str:
            if number in self.answers:
                return self.answers[number]
            try:
                if self.floor.waits(handoff):
                    self.come(hand_on=True)
                if not self.floor.held_by(handoff):
                    raise StaleFloor
                act(handoff or "")
                self.answers[number] = "ok"
            except StaleFloor:
                self.answers[number] = "stale"
            return self.answers[number]

        self.last_command = (number, apply)
        apply()

    def some_handoff(self) -> str | None:
        """The handoff that an agent has open on the screen: mostly the one that counts, sometimes one that is over."""
        if self.handoffs and self.rng.random() < 0.3:
            return self.rng.choice(list(self.handoffs))
        return self.floor.handoff_id

    def agent_accepts(self) -> None:
        self.command(lambda handoff: self.handoffs.update({handoff: "active"}))

    def agent_writes(self) -> None:
        self.command(lambda handoff: self.speak(HUMAN, self.floor.epoch, handoff == self.floor.handoff_id))

    def agent_resolves(self) -> None:
        def resolve(handoff: str) -> None:
            if handoff != self.floor.handoff_id:
                raise Broken("a handoff that is over gave the floor back")
            self.end("resolved", hand_on=True)

        self.command(resolve)

    def agent_clicks_twice(self) -> None:
        if self.last_command is None:
            return
        number, apply = self.last_command
        known = self.answers[number], len(self.outbox), self.floor
        if (apply(), len(self.outbox), self.floor) != known:
            raise Broken("a command that came twice was applied twice, or answered differently")

    def server_claims(self, server: int | None = None) -> None:
        """outbox.claim: only the first open row counts"""
        server = self.rng.randrange(2) if server is None else server
        head = next((row for row in self.outbox if row.status in ("pending", "sending")), None)
        if head is None or head.not_before > self.now or (head.status == "sending" and head.claimed_until > self.now):
            return
        if not self.floor.lets_pass(head.epoch):
            head.status = "refused"
            return
        self.check_may_go_out(head)
        head.unknown += head.status == "sending"
        head.status, head.server, head.claimed_until = "sending", server, self.now + CLAIM
        self.sending[server].append(head)

    def channel_answers(self, server: int | None = None) -> None:
        server = self.rng.randrange(2) if server is None else server
        if not self.sending[server]:
            return
        row = self.sending[server].pop(0)
        dice = self.rng.random()
        if dice < 0.8:
            row.accepted += 1
            self.delivered.append(row.id)
            row.status = "sent"
        elif row.status == "sending":
            row.status, row.not_before = "pending", self.now + 1
            if dice < 0.9:  # no answer, and it went out
                row.accepted, row.unknown, row.not_before = row.accepted + 1, row.unknown + 1, self.now + GRACE
                self.delivered.append(row.id)

    def server_crashes(self) -> None:
        server = self.rng.randrange(2)
        self.hands[server] = None
        for row in self.sending[server]:
            if self.rng.random() < 0.5:  # it went out before the end
                row.accepted += 1
                self.delivered.append(row.id)
        restarts_at_once = self.rng.random() < 0.5
        if restarts_at_once:  # the new process releases what the old one held
            if self.owns(server):
                self.lease = None
            for row in self.outbox:
                if row.status == "sending" and row.server == server:
                    row.status, row.not_before, row.unknown = "pending", self.now + GRACE, row.unknown + 1
        self.sending[server] = []

    def time_passes(self) -> None:
        seconds = self.rng.choice((1, 5, 5, 20, 40, 70, 3660, 3 * 24 * 3600))
        for server in (0, 1):  # a send has a timeout, and never outlasts its claim
            while self.sending[server] and self.sending[server][0].claimed_until <= self.now + seconds:
                self.channel_answers(server)
        self.now += seconds
        handoff = self.floor.handoff_id
        waits = handoff is not None and self.handoffs[handoff] in ("requested", "queued")
        if waits and self.now - self.requested_at >= EXPIRY:
            self.end("expired", hand_on=False)

    # --- what must hold

    def check_may_go_out(self, row: Message) -> None:
        if not row.made_by_owner:
            raise Broken(f"message {row.id} of the {row.author} goes out, who did not have the floor when it spoke")
        if row.lost:
            raise Broken(f"message {row.id} goes out after the {row.author} lost the floor")

    def check_step(self) -> None:
        floor = self.floor
        if floor.owner not in (BOT, HUMAN) or (floor.owner == HUMAN and floor.handoff_id is None):
            raise Broken(f"not exactly one owner: {floor}")
        if floor.owner == BOT and floor.handoff_id and not self.bot_answers:
            raise Broken(f"a handoff waits although the bot does not answer: {floor}")
        owner, epoch = self.floor_seen.owner, self.floor_seen.epoch
        for before, after in self.log[self.changes_seen :]:
            if (before.owner, before.epoch) != (owner, epoch) or after.owner == owner or after.epoch != epoch + 1:
                raise Broken(f"the log does not tell what happened: {before} -> {after}")
            owner, epoch = after.owner, after.epoch
        if (owner, epoch) != (floor.owner, floor.epoch):
            raise Broken(f"the floor moved without a line in the log: {floor}")
        self.changes_seen, self.floor_seen = len(self.log), floor

    def settle(self) -> None:
        """No more customers, agents or crashes: all that is open comes to its end."""
        for turn in range(500):
            open_rows = any(row.status in ("pending", "sending") for row in self.outbox)
            if not open_rows and not any(item.status == "pending" for item in self.inbox):
                return
            self.now += 16
            for step in (self.server_takes, self.server_ends_turn, self.server_claims, self.channel_answers):
                step(turn % 2)
                self.check_step()
        raise Broken("it does not come to an end")

    def check_end(self) -> None:
        ids = [item.id for item in self.inbox if item.kind != "returned"]
        told = [number for number in self.story if number in self.webhooks]
        if told != ids:
            raise Broken(f"came in: {ids}, in the story: {told}")
        for row in self.outbox:
            if row.accepted > 1 + row.unknown:
                raise Broken(f"message {row.id} went out {row.accepted} times")
            if row.status != "sent" and not row.overtaken:
                raise Broken(f"message {row.id} was {row.status} although nobody lost the floor")
        first = list(dict.fromkeys(self.delivered))
        if first != sorted(first):
            raise Broken(f"out of order: {self.delivered}")


_STEPS: tuple[tuple[Callable[[World], Any], int], ...] = (
    (World.customer_writes, 5),
    (World.webhook_comes_again, 1),
    (World.server_takes, 5),
    (World.server_ends_turn, 6),
    (World.agent_accepts, 1),
    (World.agent_writes, 3),
    (World.agent_resolves, 1),
    (World.agent_clicks_twice, 1),
    (World.server_claims, 4),
    (World.channel_answers, 4),
    (World.server_crashes, 1),
    (World.time_passes, 1),
)
STEP_TABLE = tuple(step for step, weight in _STEPS for _ in range(weight))


def play(seed: int) -> int:
    """One interleaving. Returns how often the floor moved in it.

    Raises:
        Broken: something did not hold; names the seed and the steps.
    """
    world = World(seed)
    step: Callable[[World], Any] = World.settle
    done: list[str] = []
    try:
        for _ in range(STEPS):
            step = world.rng.choice(STEP_TABLE)
            done.append(step.__name__)
            step(world)
            world.check_step()
        world.settle()
        world.check_end()
    except (Broken, StaleFloor) as error:
        raise Broken(f"seed {seed}: {error}\nsteps: {', '.join(done)}") from error
    return len(world.log)


def play_many(seeds: range) -> tuple[int, int]:
    """Many interleavings; returns how many there were, and how often the floor moved in all of them."""
    return len(seeds), sum(map(play, seeds))
