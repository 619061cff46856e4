"""Delivers webhooks to the connector: signed, in each customer's order, again and again until answered 200, for up to
seven days of the pretended clock.

Updates wait in lanes; a lane has one POST on its way at a time. Ordinarily each customer has a lane. With the
``batch`` fault all share one, and with ``shuffle`` the gathered updates are dealt into lanes of their own.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from typing import Callable, Hashable, Sequence

import aiohttp

from connectors.simulator.faults import Faults
from connectors.simulator.model import Webhook
from connectors.simulator.webhooks import SIGNATURE_HEADER, STATUSES, sign

FIRST_PAUSE = 0.5
KEPT_SECONDS = 7 * 24 * 3600
CONNECTIONS = 100
# Below the five seconds after which Sanic closes an idle connection: a race there would look like a failure.
KEEP_IDLE_SECONDS = 3
ANSWER_SECONDS = 15

logger = logging.getLogger(__name__)

_Due = tuple[float, Webhook]


class Sender:
    """``pack`` makes the body of a POST; ``delivered`` hears of each that was answered, ``failed`` of others, and
    ``dropped`` of what was given up after seven days. ``now`` is the pretended time: :meth:`clock_moved` says that it
    has jumped, so that retries which are due now go at once."""

    def __init__(
        self,
        url: str,
        app_secret: str,
        pack: Callable[[Sequence[Webhook]], bytes],
        delivered: Callable[[Sequence[Webhook]], None],
        failed: Callable[[], None],
        dropped: Callable[[Sequence[Webhook]], None],
        now: Callable[[], float],
    ) -> None:
        self.url = url
        self.longest_pause = 10.0
        self.faults = Faults()
        self._secret = app_secret
        self._pack = pack
        self._delivered = delivered
        self._failed = failed
        self._dropped = dropped
        self._now = now
        self._moved = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._lanes: dict[Hashable, deque[_Due]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool: list[Webhook] = []
        self._pool_timer: asyncio.TimerHandle | None = None
        self._shuffled_lanes = 0

    def start(self) -> None:
        """Open connections; needs a running event loop."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_IDLE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=ANSWER_SECONDS),
        )

    async def close(self) -> None:
        """Stop; what is not delivered stays the owner's to keep."""
        await self.forget()
        if self._session:
            await self._session.close()

    async def forget(self) -> None:
        """Drop everything that waits."""
        if self._pool_timer:
            self._pool_timer.cancel()
        self._pool, self._pool_timer = [], None
        self._lanes.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def put(self, webhook: Webhook) -> None:
        """Deliver this soon."""
        if not self.faults.webhook.shuffle:
            lane = "batched" if self.faults.webhook.batch > 1 else webhook.lane
            self._enqueue(lane, [webhook])
            return
        self._pool.append(webhook)
        if self._pool_timer is None:
            loop = asyncio.get_running_loop()
            self._pool_timer = loop.call_later(self.faults.webhook.shuffle_seconds, self._deal)

    def drops(self, kind: str) -> bool:
        """Whether a switched-on fault loses updates of this kind."""
        return kind == STATUSES and self.faults.webhook.drop_statuses

    def clock_moved(self) -> None:
        """The pretended time has jumped: look again at what is due."""
        self._moved.set()
        self._moved = asyncio.Event()

    def _deal(self) -> None:
        pool, self._pool, self._pool_timer = self._pool, [], None
        self.faults.webhook_dice.shuffle(pool)
        size = self.faults.webhook.batch
        for start in range(0, len(pool), size):
            self._shuffled_lanes += 1
            self._enqueue(("shuffled", self._shuffled_lanes), pool[start : start + size])

    def _enqueue(self, key: Hashable, webhooks: Sequence[Webhook]) -> None:
        due = asyncio.get_running_loop().time() + self.faults.webhook.delay_ms / 1000
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = deque()
            task = asyncio.create_task(self._run(key, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        lane.extend((due, webhook) for webhook in webhooks)

    async def _run(self, key: Hashable, lane: deque[_Due]) -> None:
        loop = asyncio.get_running_loop()
        while lane:
            wait = lane[0][0] - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            batch = [webhook for _, webhook in list(lane)[: self.faults.webhook.batch]]
            await self._deliver(batch)
            for _ in batch:
                lane.popleft()
        self._lanes.pop(key, None)

    async def _deliver(self, batch: Sequence[Webhook]) -> None:
        """Post until it is answered; what has become too old is taken out on the way."""
        pause = FIRST_PAUSE
        while not await self._post(batch):
            self._failed()
            await self._until(self._now() + pause)
            pause = min(pause * 2, self.longest_pause)
            batch = self._without_old(batch)
            if not batch:
                return
        self._delivered(batch)

    def _without_old(self, batch: Sequence[Webhook]) -> Sequence[Webhook]:
        old = [webhook for webhook in batch if self._now() - webhook.at > KEPT_SECONDS]
        if old:
            logger.warning("%d webhooks were not answered for seven days, and are dropped.", len(old))
            self._dropped(old)
        return [webhook for webhook in batch if webhook not in old]

    async def _until(self, when: float) -> None:
        """Wait for a moment of the pretended time."""
        while (left := when - self._now()) > 0:
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except asyncio.TimeoutError:
                pass  # it is time, unless the clock says otherwise

    async def verify(self, token: str) -> bool:
        """Ask the connector for the challenge, as Meta does when a webhook is set up; whether it answered right."""
        assert self._session is not None, "start() comes first"
        challenge = str(secrets.randbelow(10**9))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        try:
            async with self._session.get(self.url, params=query, allow_redirects=False) as response:
                return response.status == 200 and await response.text() == challenge
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            logger.debug("The challenge got no answer: %r", error)
            return False

    async def _post(self, batch: Sequence[Webhook]) -> bool:
        assert self._session is not None, "start() comes first"
        body = self._pack(batch)
        headers = {SIGNATURE_HEADER: sign(self._secret, body), "Content-Type": "application/json"}
        try:
            async with self._session.post(self.url, data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                if response.status != 200:
                    logger.warning("The connector answered a webhook with %s; it comes again.", response.status)
                return response.status == 200
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            logger.debug("A webhook got no answer: %r", error)
            return False
