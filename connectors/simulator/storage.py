"""What the simulator knows, in a SQLite file: JSON documents, written behind in batches.

The truth is in memory. Changed documents are gathered and written a few times a second in a thread, so that no
write holds up the event loop; closing writes the rest. A killed simulator may lose the last fraction of a second.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any

from connectors.simulator.model import Document

FLUSH_SECONDS = 0.2

logger = logging.getLogger(__name__)

_Key = tuple[str, str]


class Storage:
    """Documents by kind and id. ``put`` and ``remove`` only take note; ``flush`` writes."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(str(file), check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))"
        )
        self._writing = threading.Lock()
        self._dirty: dict[_Key, Document | None] = {}
        self._fresh: set[_Key] = set()

    def load(self, kind: str) -> list[dict[str, Any]]:
        """All documents of a kind, in no order."""
        rows = self._connection.execute("SELECT body FROM documents WHERE kind = ?", (kind,))
        return [json.loads(body) for (body,) in rows]

    def put(self, kind: str, key: object, document: Document, *, new: bool = False) -> None:
        """Write this document soon, as it is then. ``new`` says that the database cannot have it yet."""
        name = (kind, str(key))
        self._dirty[name] = document
        if new:
            self._fresh.add(name)

    def remove(self, kind: str, key: object) -> None:
        """Remove soon. A document that was never written costs nothing."""
        name = (kind, str(key))
        if name in self._fresh:
            self._fresh.discard(name)
            self._dirty.pop(name, None)
        else:
            self._dirty[name] = None

    def clear(self) -> None:
        """Forget everything, now."""
        self._dirty.clear()
        self._fresh.clear()
        with self._writing, self._connection:
            self._connection.execute("DELETE FROM documents")

    async def run(self, stopping: asyncio.Event) -> None:
        """Write behind until told to stop."""
        while not stopping.is_set():
            try:
                await asyncio.wait_for(stopping.wait(), FLUSH_SECONDS)
            except asyncio.TimeoutError:
                pass
            if self._dirty:
                await self._write_in_thread()

    def close(self) -> None:
        """Write what is left, and close; :meth:`run` must have ended."""
        self._write(self._take())
        self._connection.close()

    async def _write_in_thread(self) -> None:
        rows = self._take()
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._write, rows)
        except sqlite3.Error as error:
            logger.error("The simulator's database could not be written, trying again: %s", error)
            for name, document in rows.items():
                self._dirty.setdefault(name, document)

    def _take(self) -> dict[_Key, Document | None]:
        rows, self._dirty = self._dirty, {}
        self._fresh.clear()
        return rows

    def _write(self, rows: dict[_Key, Document | None]) -> None:
        kept = [(*name, json.dumps(item.to_document())) for name, item in rows.items() if item is not None]
        gone = [name for name, item in rows.items() if item is None]
        with self._writing, self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", kept)
            self._connection.executemany("DELETE FROM documents WHERE kind = ? AND id = ?", gone)
