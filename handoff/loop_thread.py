"""An event loop in a thread of its own, for work that must not delay the server's loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import Any, Coroutine


class LoopThread:
    """Runs one coroutine, until it is stopped, on a loop of its own."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._job: concurrent.futures.Future[Any] | None = None

    def start(self, job: Coroutine[Any, Any, Any]) -> None:
        self._thread.start()
        self._job = asyncio.run_coroutine_threadsafe(job, self.loop)

    def stop(self, timeout: float) -> None:
        """Cancel the job and wait until it has tidied up."""
        if self._job is not None:
            self._job.cancel()
            asyncio.run_coroutine_threadsafe(self._settle(), self.loop).result(timeout)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout)

    async def _settle(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if others:
            await asyncio.wait(others, timeout=8)
