"""News for open phone pages: each has a queue; one that cannot keep up is told to load everything again."""

from __future__ import annotations

import asyncio
from typing import Any

QUEUE_LENGTH = 500
RESYNC: dict[str, Any] = {"event": "resync"}

News = dict[str, Any]


class Hub:
    """Who listens, and the telling."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[News | None]] = set()

    def listen(self) -> asyncio.Queue[News | None]:
        """A queue of news; ``None`` in it says goodbye."""
        queue: asyncio.Queue[News | None] = asyncio.Queue(QUEUE_LENGTH)
        self._listeners.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[News | None]) -> None:
        self._listeners.discard(queue)

    @property
    def heard(self) -> bool:
        """Whether it is worth making news at all."""
        return bool(self._listeners)

    def tell(self, news: News | None) -> None:
        for queue in self._listeners:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(RESYNC)
            queue.put_nowait(news)
