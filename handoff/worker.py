"""Takes conversations, one item at a time and in order, and lets each item be a turn: of the bot, or of the human side.
Runs on an event loop of its own, so that a model at work never delays a webhook's answer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Callable, Iterable, Protocol

import structlog
from sqlalchemy.engine import Connection

from handoff import conversations, floor, inbox
from handoff.asides import EDIT
from handoff.bot import Bot
from handoff.clock import Clock
from handoff.database import Database, Unavailable
from handoff.inbox import Item
from handoff.saving import LeaseLost, Saver
from handoff.turn import Turn, TurnFailed, in_turn
from handoff.waiting import CHOICES

log = structlog.get_logger(__name__)

CONCURRENT_CONVERSATIONS = 16
POLL_SECONDS = 0.5
PAUSE_WHEN_UNAVAILABLE = 0.5


class Outgoing(Protocol):
    """What turns ask of the dispatcher, from any thread."""

    def wake(self) -> None: ...

    def acknowledge(self, number: str, message_id: str) -> None: ...


class Worker:
    """``wake`` may be called from any thread; `run` finds by itself what a crash left or what waits for a retry."""

    def __init__(
        self, database: Database, saver: Saver, bot: Bot, dispatcher: Outgoing, server: str, clock: Clock
    ) -> None:
        self.database = database
        self.saver = saver
        self.bot = bot
        self.dispatcher = dispatcher
        self.server = server
        self.clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._places = asyncio.Semaphore(CONCURRENT_CONVERSATIONS)
        self._working: dict[str, bool] = {}  # conversation -> look again when done
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Poll until cancelled; then let the turns under way end."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                await self._look_around()
                await asyncio.sleep(POLL_SECONDS)
        except asyncio.CancelledError:
            if self._tasks:
                _, late = await asyncio.wait(self._tasks, timeout=5)
                for task in late:
                    task.cancel()
            raise

    def wake(self, conversation_ids: Iterable[str]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._start, list(conversation_ids))

    async def _look_around(self) -> None:
        def work(connection: Connection) -> list[str]:
            return inbox.due(connection, self.clock())

        def write(connection: Connection) -> int:
            inbox.renew(connection, list(self._working), self.server, self.clock())
            return self.saver.sweep(connection)

        try:
            await self.database.flush()
            self._start(await self.database.read(work))
            if await self.database.write(write, durable=False):
                self.dispatcher.wake()
        except Unavailable as error:
            log.warning("baton.worker_waits", error=str(error))
        except floor.StaleFloor:
            pass  # the floor moved during the sweep; the next one looks again
        except Exception:  # a worker that stops would leave every customer without an answer
            log.exception("baton.worker_bug")

    def _start(self, conversation_ids: list[str]) -> None:
        for conversation_id in conversation_ids:
            if conversation_id in self._working:
                self._working[conversation_id] = True
                continue
            self._working[conversation_id] = False
            task = asyncio.ensure_future(self._work(conversation_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, conversation_id: str) -> None:
        async with self._places:
            again = True
            while again:
                self._working[conversation_id] = False
                try:
                    item = await self._take(conversation_id)
                    while item is not None:
                        item = await self._handle(item)
                except Unavailable as error:
                    log.warning("baton.turn_waits", conversation=conversation_id, error=str(error))
                    await asyncio.sleep(PAUSE_WHEN_UNAVAILABLE)
                    self._working[conversation_id] = True
                except LeaseLost:
                    log.warning("baton.lease_lost", conversation=conversation_id)
                except Exception:
                    log.exception("baton.worker_bug", conversation=conversation_id)
                again = self._working[conversation_id]
            del self._working[conversation_id]

    async def _take(self, conversation_id: str) -> Item | None:
        return await self.database.write(
            lambda connection: inbox.take_next(connection, conversation_id, self.server, self.clock()), durable=False
        )

    async def _handle(self, item: Item) -> Item | None:
        """One turn. Returns the conversation's next item.

        Raises:
            Unavailable, LeaseLost: nothing was done; the item is still there.
        """
        started = self.clock()
        by = item.conversation["owner"]
        try:
            following = await self._turn(item)
            result = "done"
        except floor.StaleFloor:
            # not a failure: the message is taken again, and goes to whoever has the floor now
            following, result = await self._take(item.conversation_id), "floor_changed"
        except (Unavailable, LeaseLost):
            raise
        except (Exception, TurnFailed) as error:
            following, result = await self._failed(item, error), f"failed: {_named(error)}"
        log.info(
            "baton.turn",
            trace_id=item.trace_id,
            conversation=item.conversation_id,
            kind=item.kind,
            floor=by,
            attempt=item.attempts + 1,
            result=result,
            ms=round((self.clock() - started) * 1000),
        )
        self.dispatcher.wake()
        return following

    async def _turn(self, item: Item) -> Item | None:
        if item.kind == inbox.ECHO:
            return await self._save(self.saver.echo_turn, item)
        if item.kind == inbox.ASIDE and not _is_heard(item):
            return await self._save(self.saver.aside_turn, item)
        if item.conversation["owner"] == floor.HUMAN:
            # a return that a newer handoff has overtaken says nothing
            human = self.saver.human_turn if item.kind == inbox.CUSTOMER else self.saver.skip
            return await self._save(human, item)
        if item.conversation["handoff_id"] and item.message.get("payload") in CHOICES:
            return await self._save(self.saver.choice_turn, item)
        if item.kind == inbox.CUSTOMER and conversations.closes_at(item.conversation) <= self.clock():
            return await self._save(self.saver.late_turn, item)
        return await self._bot_turn(item)

    async def _save(self, how: Callable[[Connection, Item], Item | None], item: Item) -> Item | None:
        return await self.database.write(lambda connection: how(connection, item), durable=False)

    async def _bot_turn(self, item: Item) -> Item | None:
        if item.kind == inbox.CUSTOMER:
            self.dispatcher.acknowledge(item.conversation["number"], item.message_id)
        with in_turn(Turn(item)) as turn:
            await self.bot.answer(turn)
        if not turn.committed:
            raise RuntimeError("The turn ended without saving its tracker.")
        return turn.next_item

    async def _failed(self, item: Item, error: BaseException) -> Item | None:
        log.warning("baton.turn_failed", trace_id=item.trace_id, error=_named(error), exc_info=error)

        def work(connection: Connection) -> Item | None:
            attempts = inbox.try_later(connection, item, _named(error), self.clock())
            if attempts >= inbox.MAX_ATTEMPTS:
                return self.saver.park(connection, item, _named(error))
            return inbox.take_next(connection, item.conversation_id, self.server, self.clock())

        with contextlib.suppress(floor.StaleFloor):
            return await self.database.write(work)
        return await self._take(item.conversation_id)


def _is_heard(item: Item) -> bool:
    """The bot must not act on the wrong order number: it hears what a message says now that it was corrected."""
    corrected = item.message["kind"] == EDIT and item.message["text"] is not None
    return corrected and item.conversation["owner"] == floor.BOT


def _named(error: BaseException) -> str:
    """What went wrong, without what the customer wrote."""
    cause = error.__cause__ if isinstance(error, TurnFailed) and error.__cause__ else error
    return f"{type(cause).__name__}: {str(error)[:200]}" if isinstance(error, TurnFailed) else type(cause).__name__
