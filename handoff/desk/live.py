"""Live updates: who must look again at what. Every open page has a queue; desk processes share through Redis."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter

import structlog
from redis.asyncio import Redis  # type: ignore[import-untyped]
from redis.exceptions import RedisError  # type: ignore[import-untyped]

CHANNEL = "baton:desk:changes"
RECONNECT_SECONDS = 1.0
QUEUE_LENGTH = 256

log = structlog.get_logger("handoff.desk.live")


class Page:
    """One open page. ``changes`` holds ids of changed conversations; None means: look at everything, then go on."""

    def __init__(self, agent_id: str) -> None:
        self.agent_id = agent_id
        self.changes: asyncio.Queue[str | None] = asyncio.Queue(QUEUE_LENGTH)
        self.closed = False

    def tell(self, conversation_id: str | None) -> None:
        if self.changes.full():  # a slow page: one look at everything replaces the rest
            while not self.changes.empty():
                self.changes.get_nowait()
            conversation_id = None
        self.changes.put_nowait(conversation_id)


class Hub:
    """Knows the open pages of this process and tells them, and the other desk processes, what changed."""

    def __init__(self, redis_url: str | None) -> None:
        self._pages: set[Page] = set()
        self._me = secrets.token_hex(8)
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=2) if redis_url else None

    def open(self, agent_id: str) -> Page:
        page = Page(agent_id)
        self._pages.add(page)
        return page

    def close_page(self, page: Page) -> None:
        self._pages.discard(page)

    def agents_here(self) -> Counter[str]:
        return Counter(page.agent_id for page in self._pages)

    async def changed(self, conversation_id: str) -> None:
        """Call after the commit. Never fails: a page that misses it looks again within a minute."""
        self._tell(conversation_id)
        if self._redis is None:
            return
        try:
            await self._redis.publish(CHANNEL, json.dumps([self._me, conversation_id]))
        except RedisError as error:
            log.warning("other desks were not told", error=str(error))

    async def listen(self) -> None:
        """Until cancelled: pass on what other desk processes changed. Redis being away only delays."""
        while self._redis is not None:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    self._tell(None)  # something may have been missed while away
                    async for message in subscription.listen():
                        if message["type"] == "message":
                            self._hear(message["data"])
            except (RedisError, OSError) as error:
                log.warning("no news from other desks", error=str(error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def close(self) -> None:
        for page in list(self._pages):
            page.closed = True
            page.tell(None)
        if self._redis is not None:
            await self._redis.close()

    def _hear(self, data: bytes) -> None:
        sender, conversation_id = json.loads(data)
        if sender != self._me:
            self._tell(conversation_id)

    def _tell(self, conversation_id: str | None) -> None:
        for page in self._pages:
            page.tell(conversation_id)
