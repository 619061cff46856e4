"""The dispatcher in a process of its own, beside the Rasa server that started it, and the pipe between the two.

Sending costs the interpreter about as much as a turn does, and one interpreter runs one thread at a time: in the
server's process each answer would delay the next turn. It also outlives its server: after `kill -9` of the Rasa server
it ends what is on the way and records it, so that nothing is sent twice.

The pipe carries one JSON array a line: ``[]`` (look at the outbox), ``["fetch"]`` (look for files) or
``[number, message id]`` (acknowledge it). Its end tells the dispatcher to finish. What is lost with a pipe is found in
the database, which is looked at anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import Callable, Mapping, cast

import structlog
from sqlalchemy.engine import Connection

from handoff import media, outbox_claims, server
from handoff.agent_channel import AgentChannel
from handoff.channel import CustomerChannel
from handoff.clock import system_clock
from handoff.database import Database, Unavailable
from handoff.dispatcher import Dispatcher
from handoff.logs import configure_logging
from handoff.media_downloader import MediaDownloader
from handoff.media_store import MediaStore
from handoff.settings import MediaSettings, SettingsError, bridge_settings, media_settings

log = structlog.get_logger(__name__)

RESTART_SECONDS = 1.0
RETRY_SECONDS = 0.5
FETCH = "fetch"


class DispatcherProcess:
    """The server's end: the same calls as the dispatcher's, from any thread. Starts the process again if it dies."""

    def __init__(self, database_url: str, channel: str, environ: Mapping[str, str] | None = None) -> None:
        """``channel``: ``module:function`` of what makes the customer's channel, without arguments. ``environ``:
        what the process gets besides our own environment."""
        self._environ = dict(environ or {})
        self._database_url = database_url
        self._channel = channel
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="dispatcher-watcher", daemon=True)

    def start(self) -> None:
        self._process = self._started()
        self._watcher.start()

    def wake(self) -> None:
        self._tell([])

    def acknowledge(self, number: str, message_id: str) -> None:
        """Mark a message as read and show "typing". Not worth waiting for, nor worth trying twice."""
        self._tell([number, message_id])

    def fetch_media(self) -> None:
        """There is a file to be fetched."""
        self._tell([FETCH])

    def stop(self, timeout: float) -> None:
        """Let it send what is on the way and record it; after ``timeout`` seconds it is killed."""
        self._stopping.set()
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "handoff.dispatcher_process", self._channel],
            stdin=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **self._environ, "DATABASE_URL": self._database_url},
        )
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)  # a dispatcher that hangs must not hang the server
        return process

    def _watch(self) -> None:
        while self._process is not None:
            status = self._process.wait()
            if self._stopping.is_set():
                return
            log.error("baton.dispatcher_ended", status=status, again_in_seconds=RESTART_SECONDS)
            self._stopping.wait(RESTART_SECONDS)
            if not self._stopping.is_set():
                self._process = self._started()

    def _tell(self, words: list[str]) -> None:
        if self._process is not None and self._process.stdin is not None:
            # full, closed or gone: it looks into the outbox by itself, and a "typing" more or less is no loss
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(json.dumps(words).encode() + b"\n")


async def dispatch(database: Database, channel: CustomerChannel, agents: AgentChannel, settings: MediaSettings) -> None:
    """Send the outbox and fetch files until standard input ends, then finish what is under way."""
    name = server.new_name()
    dispatcher = Dispatcher(database, channel, agents, name, system_clock)
    store = MediaStore(settings.store)
    downloader = MediaDownloader(database, channel, store, name, system_clock, settings.most_bytes)
    await _release(database)
    running = [asyncio.ensure_future(part.run()) for part in (downloader, dispatcher)]
    await asyncio.sleep(0)  # they run from here on; what came before would not be heard
    loop = asyncio.get_running_loop()

    def end() -> None:
        for task in running:
            task.cancel()

    threading.Thread(target=_listen, args=(loop, dispatcher, downloader, end), daemon=True).start()
    await asyncio.gather(*running, return_exceptions=True)


def _listen(
    loop: asyncio.AbstractEventLoop, dispatcher: Dispatcher, downloader: MediaDownloader, end: Callable[[], object]
) -> None:
    for line in sys.stdin.buffer:
        words = json.loads(line)
        if words == [FETCH]:
            downloader.wake()
        elif words:
            dispatcher.acknowledge(*words)
        else:
            dispatcher.wake()
    with contextlib.suppress(RuntimeError):  # the loop has ended already
        loop.call_soon_threadsafe(end)


async def _release(database: Database) -> None:
    """What a dispatcher that died on this machine had claimed may be sent again, after a pause for its status."""

    def work(connection: Connection) -> int:
        media.release_claims_of(connection, server.gone)
        return outbox_claims.release_claims_of(connection, server.gone, system_clock())

    while True:
        try:
            interrupted = await database.write(work)
            break
        except Unavailable as error:
            log.warning("baton.dispatcher_waits", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
    if interrupted:
        log.warning("baton.interrupted_sends", count=interrupted)


def _channel(name: str) -> CustomerChannel:
    module, _, function = name.partition(":")
    return cast(CustomerChannel, getattr(importlib.import_module(module), function)())


def main() -> int:
    # Ctrl-C and a stop of the whole group reach this process too; it ends when its server has closed the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    configure_logging()
    try:
        settings = bridge_settings()
        database, channel = Database(settings.database_url), _channel(sys.argv[1])
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    agents = AgentChannel(settings.desk_url, settings.secret, system_clock)
    asyncio.run(dispatch(database, channel, agents, media_settings()))
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
