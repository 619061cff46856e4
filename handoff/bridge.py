"""Wires the bridge into a Rasa server. Its two channels talk to it: `accept` what came in, apply a `command`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import sys
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping, cast

import sqlalchemy as sa
import structlog
from rasa.core.channels.channel import OutputChannel
from sanic import Sanic
from sqlalchemy.engine import Connection

from handoff import asides, conversations, inbox, outbox_results, server
from handoff.alarms import Alarms
from handoff.bot import Bot, assistant_of, longest_history, take_over
from handoff.channel import Batch, CustomerChannel, DeliveryError
from handoff.clock import Clock, system_clock
from handoff.commands import Applied, Commands
from handoff.criteria import for_failure
from handoff.database import Database, Unavailable
from handoff.dispatcher_process import DispatcherProcess
from handoff.handoff_file import rules_of
from handoff.loop_thread import LoopThread
from handoff.media_store import MediaStore
from handoff.protocol import AGENT_MESSAGE, Envelope, ProtocolError
from handoff.saving import Saver
from handoff.settings import bridge_settings, handoff_file, media_settings
from handoff.waiting import Patience
from handoff.worker import Worker

log = structlog.get_logger(__name__)

STOP_SECONDS = 10
TEMPLATES_EVERY = 300.0
SWITCH_SECONDS = 0.0005


@dataclass(frozen=True)
class Accepted:
    """A webhook that waits to be written, with those that came at the same moment, in one commit."""

    batch: Batch
    trace_id: str
    written: asyncio.Future[None]


class Bridge:
    """The parts of the bridge in one Rasa server. `accept` and `command` run on the server's event loop."""

    def __init__(
        self, database: Database, worker: Worker, dispatcher: DispatcherProcess, commands: Commands, clock: Clock,
        store: MediaStore,
    ) -> None:  # fmt: skip
        self.database = database
        self.store = store
        self.worker = worker
        self.dispatcher = dispatcher
        self.commands = commands
        self.channel = commands.channel
        self._alarms = Alarms(clock)
        self.clock = clock
        self._waiting: list[Accepted] = []
        self._writer: asyncio.Task[None] | None = None
        self._turns = LoopThread("baton-turns")

    def start(self) -> None:
        self.dispatcher.start()
        self._turns.start(self._run_turns())

    async def _run_turns(self) -> None:
        self.database.work_here()
        await self.worker.run()

    async def stop(self) -> None:
        """Let turns and deliveries under way end. What is waiting stays in the database."""
        for part in (self._turns, self.dispatcher):
            await asyncio.to_thread(part.stop, STOP_SECONDS)
        self.database.close()

    async def accept(self, batch: Batch, trace_id: str) -> None:
        """Keep all that a webhook brought; returns once it is durable.

        Raises:
            Unavailable: it was not kept; WhatsApp has to deliver it again.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(Accepted(batch, trace_id, written))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.ensure_future(self._write_waiting())
        await written

    async def command(self, command: Envelope) -> Applied:
        """Apply what the agent channel says.

        Raises:
            Unavailable: nothing was done; the channel has to send it again.
        """
        await self._know_templates(command)
        applied = await self.database.write(lambda connection: self.commands.apply(connection, command))
        if applied.show_typing:
            self.dispatcher.acknowledge(applied.number, applied.show_typing)
        self.dispatcher.wake()
        self.worker.wake([applied.conversation_id])
        log.info("baton.command", trace_id=command.id, conversation=command.conversation_id, type=command.type,
                 status=applied.status)  # fmt: skip
        return applied

    async def templates(self, conversation_id: str) -> list[dict[str, Any]]:
        """The approved templates that can go to this customer.

        Raises:
            ProtocolError: 404, there is no such conversation.
            DeliveryError: the customer's channel does not give them.
        """
        number = await self.database.read(conversations.number_of, conversation_id)
        if number is None:
            raise ProtocolError(404, "unknown_conversation", "There is no conversation with this id.")
        return await self.channel.templates(number)

    async def keep_templates(self) -> None:
        """Learn the channel's templates now, and again and again: the bot's turns cannot wait for them."""
        while True:
            try:
                await self.channel.learn_templates()
            except Exception:  # else no change of theirs would be known until the next start
                log.exception("baton.templates_bug")
            await asyncio.sleep(TEMPLATES_EVERY)

    async def _know_templates(self, command: Envelope) -> None:
        """Have the list of templates at hand: a transaction cannot wait for it. Without it, what was given is sent."""
        if command.type == AGENT_MESSAGE and command.data.get("template") is not None:
            with contextlib.suppress(ProtocolError, DeliveryError):
                await self.templates(command.conversation_id)

    async def _write_waiting(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            try:
                await self._write_together(together)
            except Unavailable as error:
                _fail(together, error)
            except Exception:
                # one of them cannot be kept; the others must not be sent away because of it
                for accepted in together:
                    try:
                        await self._write_together([accepted])
                    except Exception as error:
                        _fail([accepted], error)

    async def _write_together(self, together: list[Accepted]) -> None:
        touched = await self._write(functools.partial(self._keep_all, together))
        for accepted in together:
            if not accepted.written.done():
                accepted.written.set_result(None)
            for receipt in accepted.batch.receipts:
                self._alarms.tell(receipt.failure)
        self.worker.wake(touched)
        self.dispatcher.wake()
        if any(message.media for accepted in together for message in accepted.batch.messages):
            self.dispatcher.fetch_media()

    async def _write(self, work: Callable[[Connection], list[str]]) -> list[str]:
        try:
            return await self.database.write(work)
        except sa.exc.IntegrityError:
            # two servers met a new customer at the same moment; the second look finds what the first one made
            return await self.database.write(work)

    def _keep_all(self, together: list[Accepted], connection: Connection) -> list[str]:
        now = self.clock()
        touched: dict[str, None] = {}
        for accepted in together:
            for change in accepted.batch.changes:
                changed = conversations.apply_change(connection, change, now)
                if changed is not None:
                    asides.tell_of_change(connection, changed, change, accepted.trace_id, now)
            for message in accepted.batch.messages:
                conversation_id = inbox.accept(connection, message, accepted.trace_id, now)
                if conversation_id is not None:
                    touched[conversation_id] = None
            for receipt in accepted.batch.receipts:
                outbox_results.apply_receipt(connection, receipt, now)
        for failed in (receipt for accepted in together for receipt in accepted.batch.receipts if receipt.failure):
            outbox_results.slow_down(connection, failed.number, cast(DeliveryError, failed.failure), now)
        return list(touched)


def _fail(together: list[Accepted], error: Exception) -> None:
    for accepted in together:
        if not accepted.written.done():
            accepted.written.set_exception(error)


async def start_bridge(
    app: Sanic, channel: CustomerChannel, channel_maker: str, output: Callable[[], OutputChannel],
    environ: Mapping[str, str],
) -> Bridge:  # fmt: skip
    """Build the bridge around the server's agent and start it. Called once, when the server is up.

    ``channel`` renders; what ``channel_maker`` (``module:function``) makes in the dispatcher's process delivers;
    ``environ`` is what that process gets besides our own environment.

    Raises:
        SettingsError, HandoffFileError, ModelUnfit: the server cannot work like this; the message says what to do.
    """
    # A model that computes gives the interpreter to the webhooks' thread only after this long, several times for each.
    sys.setswitchinterval(SWITCH_SECONDS)
    _log_at(os.environ.get("LOG_LEVEL", "INFO"))
    bridge_settings()  # the dispatcher's, checked here, where a message stops the start
    files = MediaStore(media_settings().store)
    agent = app.ctx.agent
    store = take_over(agent)
    store.window_turns = max(store.window_turns, longest_history(agent) + 2)
    name, clock = server.new_name(), system_clock
    database = store.database
    rules = rules_of(handoff_file())
    saver = Saver(name, channel, assistant_of(agent), clock, Patience.of(rules), for_failure(rules.criteria))
    store.save_turn = saver.bot_turn
    dispatcher = DispatcherProcess(database.url, channel_maker, environ)
    worker = Worker(database, saver, Bot(agent, database, output), dispatcher, name, clock)
    slots = frozenset(slot.name for slot in agent.processor.domain.slots)
    bridge = Bridge(database, worker, dispatcher, Commands(channel, slots, clock), clock, files)
    await _release(database)
    bridge.start()
    app.add_task(bridge.keep_templates())
    log.info("baton.bridge_started", server=name, database=database.engine.dialect.name)
    return bridge


def _log_at(level: str) -> None:
    """Our own lines keep their level: libraries that a model brings along set the root logger's."""
    for package in ("handoff", "connectors"):
        logging.getLogger(package).setLevel(level.upper())


async def _release(database: Database) -> None:
    def work(connection: Connection) -> None:
        inbox.release_leases_of(connection, server.gone)

    started = time.monotonic()
    while True:
        try:
            return await database.write(work)
        except Unavailable:
            if time.monotonic() - started > 60:
                raise
            await asyncio.sleep(1)
