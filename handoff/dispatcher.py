"""Sends the outbox: in order within a conversation's lane, in parallel across conversations, until each message is
taken or given up visibly."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from sqlalchemy.engine import Connection

from handoff import outbox, outbox_claims, outbox_results, rates
from handoff.agent_channel import AgentChannel
from handoff.alarms import Alarms
from handoff.channel import CustomerChannel, DeliveryError
from handoff.clock import Clock
from handoff.database import Database, Unavailable
from handoff.outbox_claims import Delivery

log = structlog.get_logger(__name__)

# More at a time is no faster: the HTTP client's cost per call doubles from 8 calls in flight to 16, and again to 32.
MAX_IN_FLIGHT = 32
MAX_ACKNOWLEDGEMENTS = 8
POLL_SECONDS = 0.5
PAUSE_WHEN_UNAVAILABLE = 0.5

Outcome = str | DeliveryError | None


class Dispatcher:
    """Runs on an event loop of its own. ``wake`` may be called from any thread."""

    def __init__(
        self, database: Database, channel: CustomerChannel, agents: AgentChannel, server: str, clock: Clock
    ) -> None:
        self.database = database
        self.channel = channel
        self.agents = agents
        self.server = server
        self.clock = clock
        self.in_flight = 0
        self._crowded: frozenset[str] = frozenset()  # numbers whose rate is used up, as of the last claim
        self._room_in: float | None = None  # seconds until one of them has room
        self._acknowledged: list[str] = []
        self._finished: list[tuple[Delivery, Outcome]] = []
        self._alarms = Alarms(clock)
        self._wake = asyncio.Event()
        self._acknowledging = asyncio.Semaphore(MAX_ACKNOWLEDGEMENTS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Claim, send and record until cancelled; then finish what is under way."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await self._cycle()
        except asyncio.CancelledError:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=5)
            with contextlib.suppress(Unavailable):
                await self._record_and_claim(claim=False)
            await self.channel.close()
            await self.agents.close()
            raise

    def wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    def acknowledge(self, number: str, message_id: str) -> None:
        """Mark a message as read and show "typing". Not worth waiting for, nor worth trying twice."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._spawn_acknowledgement, number, message_id)

    def _spawn_acknowledgement(self, number: str, message_id: str) -> None:
        self._keep(asyncio.ensure_future(self._acknowledge(number, message_id)))

    async def _acknowledge(self, number: str, message_id: str) -> None:
        """Gives way to messages: when their rate is used up, nobody misses it."""
        try:
            async with self._acknowledging:
                if self._crowded.isdisjoint((number, rates.APP)):
                    self._acknowledged.append(number)
                    await self.channel.acknowledge(number, message_id)
        except Exception as error:
            log.debug("baton.acknowledge_failed", error=type(error).__name__)

    async def _cycle(self) -> None:
        self._wake.clear()
        try:
            deliveries, more = await self._record_and_claim(claim=True)
        except Unavailable as error:
            log.warning("baton.dispatcher_waits", error=str(error))
            await asyncio.sleep(PAUSE_WHEN_UNAVAILABLE)
            return
        except Exception:  # a dispatcher that stops would leave every customer without an answer
            log.exception("baton.dispatcher_bug")
            await asyncio.sleep(PAUSE_WHEN_UNAVAILABLE)
            return
        for delivery in deliveries:
            self.in_flight += 1
            self._keep(asyncio.create_task(self._deliver(delivery)))
        if not more:
            # not wait_for: in Python 3.10 it loses a cancellation that comes together with the wake-up
            pause = POLL_SECONDS if self._room_in is None else min(POLL_SECONDS, max(0.01, self._room_in))
            timer = asyncio.get_running_loop().call_later(pause, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                timer.cancel()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record_and_claim(self, claim: bool) -> tuple[list[Delivery], bool]:
        """One transaction: what has been finished since the last one, and what is to be sent next."""
        finished = self._finished[:]

        def work(connection: Connection) -> tuple[list[Delivery], bool]:
            now = self.clock()
            for delivery, outcome in finished:
                if isinstance(outcome, DeliveryError):
                    outbox_results.record_failure(connection, delivery, outcome, now)
                else:
                    outbox_results.record_sent(connection, delivery, outcome, now)
            for delivery, outcome in finished:  # last: these locks are held by all who claim
                if isinstance(outcome, DeliveryError):
                    outbox_results.slow_down(connection, delivery.to.number, outcome, now)
            free = MAX_IN_FLIGHT - self.in_flight
            return self._claim(connection, now, free) if claim and free > 0 else ([], False)

        result = await self.database.write(work, durable=False)
        if result[0]:
            # What is sent cannot be taken back, so the turns that it comes from are on the disk first. PostgreSQL's log
            # is one: a commit that waits for the disk takes all earlier ones along.
            await self.database.flush()
        del self._finished[: len(finished)]
        return result

    def _claim(self, connection: Connection, now: float, free: int) -> tuple[list[Delivery], bool]:
        room = rates.room(connection, now, self.channel.per_second)
        while self._acknowledged:  # these count as well, where they are counted
            room.count(self._acknowledged.pop())
        deliveries, ended = outbox_claims.claim(connection, self.server, now, free, room)
        self._crowded, self._room_in = frozenset(room.closed), room.wait()
        if deliveries and not self.database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO on")
        return deliveries, bool(ended)

    async def _deliver(self, delivery: Delivery) -> None:
        started = self.clock()
        outcome: Outcome
        try:
            if delivery.lane == outbox.CUSTOMER:
                outcome = await self.channel.deliver(delivery.to, delivery.payload, outbox_id=delivery.id)
            else:
                await self.agents.deliver(delivery)
                outcome = None
        except DeliveryError as error:
            outcome = error
        except Exception as error:
            log.exception("baton.delivery_bug", trace_id=delivery.trace_id, lane=delivery.lane)
            outcome = DeliveryError(f"{type(error).__name__}: {error}", retry=True, unknown=True)
        self._alarms.tell(outcome if isinstance(outcome, DeliveryError) else None)
        self.in_flight -= 1
        self._finished.append((delivery, outcome))
        self._wake.set()
        _log_delivery(delivery, outcome, self.clock() - started)


def _log_delivery(delivery: Delivery, outcome: Outcome, seconds: float) -> None:
    failed = isinstance(outcome, DeliveryError)
    log.info(
        "baton.delivery",
        trace_id=delivery.trace_id,
        conversation=delivery.conversation_id,
        lane=delivery.lane,
        kind=delivery.kind,
        outbox_id=delivery.id,
        attempt=delivery.attempts + 1,
        result=str(outcome) if failed else "sent",
        ms=round(seconds * 1000),
    )
