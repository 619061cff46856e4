"""Fetches customers' files while the channel still has them. Lives beside the dispatcher, in its process."""

from __future__ import annotations

import asyncio
import hashlib

import structlog
from sqlalchemy.engine import Connection

from handoff import media
from handoff.alarms import Alarms
from handoff.channel import CustomerChannel, MediaError, MediaFile
from handoff.clock import Clock
from handoff.database import Database, Unavailable
from handoff.media import Claim
from handoff.media_store import MediaStore, Write
from handoff.media_types import HEAD_BYTES, Facts, facts_of

log = structlog.get_logger(__name__)

AT_A_TIME = 4
POLL_SECONDS = 2.0
PAUSE_WHEN_UNAVAILABLE = 0.5
DOWNLOAD_SECONDS = 240.0  # less than a claim lasts

Outcome = tuple[Facts, int] | MediaError | None  # None: it was to be removed, and is


class MediaDownloader:
    """Runs on the dispatcher's event loop. ``wake`` may be called from any thread."""

    def __init__(
        self,
        database: Database,
        channel: CustomerChannel,
        store: MediaStore,
        server: str,
        clock: Clock,
        most_bytes: int,
    ) -> None:
        self.database = database
        self.channel = channel
        self.store = store
        self.server = server
        self.clock = clock
        self.most_bytes = most_bytes
        self._alarms = Alarms(clock)
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled. What is half fetched then is fetched again by the next one."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                self._wake.clear()
                try:
                    await self._take()
                except Unavailable:
                    await asyncio.sleep(PAUSE_WHEN_UNAVAILABLE)
                    continue
                except Exception:  # a downloader that stops would lose every file that comes
                    log.exception("baton.media_bug")
                timer = self._loop.call_later(POLL_SECONDS, self._wake.set)
                try:
                    await self._wake.wait()
                finally:
                    timer.cancel()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _take(self) -> None:
        room = AT_A_TIME - len(self._tasks)
        if room <= 0 or not await self.database.read(media.is_due, self.clock()):
            return
        for claimed in await self.database.write(media.claim, self.server, self.clock(), room):
            task = asyncio.create_task(self.handle(claimed))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()  # there is room for another

    async def handle(self, claimed: Claim) -> None:
        """Fetch one file (or remove it), and write down what came of it."""
        started = self.clock()
        outcome = await self._outcome(claimed)
        while True:
            try:
                result = await self.database.write(self._record, claimed, outcome)
                break
            except Unavailable:
                await asyncio.sleep(PAUSE_WHEN_UNAVAILABLE)
        if result == "unwanted":
            await self.store.delete(claimed.key)
        log.info(
            "baton.media", trace_id=claimed.trace_id, conversation=claimed.conversation_id, media=claimed.id,
            attempt=claimed.attempts + 1, result=result, ms=round((self.clock() - started) * 1000),
        )  # fmt: skip
        if isinstance(outcome, MediaError):
            self._alarms.tell_of_file(outcome)

    async def _outcome(self, claimed: Claim) -> Outcome:
        try:
            if claimed.deleting:
                await self.store.delete(claimed.key)
                return None
            return await asyncio.wait_for(self._fetch(claimed), DOWNLOAD_SECONDS)
        except MediaError as error:
            return error
        except asyncio.TimeoutError:
            return MediaError("The file came too slowly.", retry=True)
        except Exception as error:  # of the store: a full disk, a bucket that is away
            log.exception("baton.media_store_failed", trace_id=claimed.trace_id, media=claimed.id)
            return MediaError(f"The file could not be kept ({type(error).__name__}).", retry=True, operator=True)

    async def _fetch(self, claimed: Claim) -> tuple[Facts, int]:
        async with self.channel.fetch_media(claimed.number, claimed.provider_id) as file:
            self._check_size(file.size or 0)
            async with self.store.writing(claimed.key) as write:
                head, size, digest = await self._copy(file, write)
                if file.sha256 and digest != file.sha256:
                    raise MediaError("The file was damaged on its way here.", retry=True)
        return await asyncio.to_thread(facts_of, head, claimed.declared_type), size

    async def _copy(self, file: MediaFile, write: Write) -> tuple[bytes, int, str]:
        """The file's first bytes, its size in bytes and its SHA-256, once all of it is written."""
        head, size, digest = b"", 0, hashlib.sha256()
        async for chunk in file.chunks:
            size += len(chunk)
            self._check_size(size)
            digest.update(chunk)
            head += chunk[: HEAD_BYTES - len(head)]
            await write(chunk)
        if file.size is not None and size < file.size:
            raise MediaError("The connection to WhatsApp's file server broke.", retry=True)
        return head, size, digest.hexdigest()

    def _check_size(self, size: int) -> None:
        if size > self.most_bytes:
            most = self.most_bytes // 1_000_000
            raise MediaError(f"The file is larger than the {most} MB that are kept here.", retry=False)

    def _record(self, connection: Connection, claimed: Claim, outcome: Outcome) -> str:
        """Returns what became of it, for the log."""
        now = self.clock()
        if claimed.deleting:
            if outcome is None:
                media.record_deleted(connection, claimed)
                return "deleted"
            media.postpone(connection, claimed, now)
            return str(outcome)
        if isinstance(outcome, MediaError):
            media.record_failure(connection, claimed, outcome, now)
            return str(outcome)
        assert outcome is not None
        return "ready" if media.record_ready(connection, claimed, *outcome, now) else "unwanted"
