"""Carries commands to the bridge: per conversation in order, across conversations in parallel, until answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Awaitable, Callable, Mapping

import httpx
import structlog

from handoff import protocol
from handoff.clock import Clock
from handoff.desk import commands, words
from handoff.desk.database import Database, DatabaseUnavailable

COMMANDS_PATH = "/webhooks/handoff/commands"
PARALLEL = 20
ANSWER_SECONDS = 10.0
LOOK_EVERY_SECONDS = 2.0  # finds what another desk process left behind

log = structlog.get_logger("handoff.desk.courier")

Changed = Callable[[str], Awaitable[None]]


class Courier:
    """One per desk process. ``wake`` after a commit that added commands; ``changed`` is told what to show anew."""

    def __init__(self, database: Database, rasa_url: str, secret: str, clock: Clock, changed: Changed) -> None:
        self._database = database
        self._url = rasa_url + COMMANDS_PATH
        self._secret = secret
        self._clock = clock
        self._changed = changed
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. A database that is away only delays."""
        while True:
            self._wake.clear()
            pause = LOOK_EVERY_SECONDS
            try:
                pause = await self._start_what_is_due()
            except DatabaseUnavailable as error:
                log.warning("commands wait for the database", error=str(error))
            except Exception:  # a courier that stops would keep every agent's words at the desk
                log.exception("a defect in delivering commands")
            # not wait_for: in Python 3.10 it loses a cancellation that comes together with the wake-up
            timer = asyncio.get_running_loop().call_later(pause, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                timer.cancel()

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._client.aclose()

    async def _start_what_is_due(self) -> float:
        """Returns the seconds until it is worth looking again."""
        due_at = await self._database.read(commands.next_due_at)
        now = self._clock()
        if due_at is None:
            return LOOK_EVERY_SECONDS
        if due_at > now:
            return min(LOOK_EVERY_SECONDS, due_at - now)
        room = PARALLEL - len(self._running)
        taken = await self._database.write(commands.claim_due, now, room) if room > 0 else []
        for command in taken:
            task = asyncio.ensure_future(self._carry(command))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return LOOK_EVERY_SECONDS if room > len(taken) else 0.2

    async def _carry(self, command: Mapping[str, Any]) -> None:
        started = self._clock()
        answer = await self._ask(command)
        log.info(
            "command", command_id=command["id"], type=command["type"], conversation_id=command["conversation_id"],
            handoff_id=command["handoff_id"], attempt=command["attempts"] + 1, result=answer.state,
            code=answer.code, error=answer.error, seconds=round(self._clock() - started, 3),
        )  # fmt: skip
        try:
            await self._database.write(commands.settle, command, answer, self._clock())
        except DatabaseUnavailable:
            return  # the claim runs out and the same id is sent again
        finally:
            self.wake()
        await self._changed(command["conversation_id"])

    async def _ask(self, command: Mapping[str, Any]) -> commands.Answer:
        envelope = protocol.Envelope(
            id=command["id"], type=command["type"], at=command["created_at"],
            conversation_id=command["conversation_id"], handoff_id=command["handoff_id"], epoch=command["epoch"],
            data=command["data"],
        )  # fmt: skip
        body = envelope.to_bytes()
        headers = {**protocol.sign(self._secret, body, self._clock()), "Content-Type": "application/json"}
        try:
            response = await self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return commands.Answer(words.WAITING, code="no_answer", error=f"The bot's server: {type(error).__name__}")
        return read_answer(response.status_code, response.content)


def read_answer(status: int, body: bytes) -> commands.Answer:
    """What an HTTP answer means for its command.

    Only an answer in the protocol's own words ends a command: a 404 of a proxy, or of a server that is still
    starting, says nothing about the message. A refused signature (401) is the operator's to mend, so it waits too.
    """
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    content = content if isinstance(content, dict) else {}
    if status == 200:
        message_id = content.get("message_id")
        return commands.Answer(words.DONE, message_id=str(message_id) if message_id else None)
    error = content.get("error")
    if not isinstance(error, dict) or not error.get("code"):
        return commands.Answer(words.WAITING, code=f"http_{status}", error=f"The bot's server answered {status}.")
    code, text = str(error["code"])[:64], str(error.get("message") or error["code"])
    if status >= 500 or status in (401, 408, 425, 429):
        return commands.Answer(words.WAITING, code=code, error=text)
    return commands.Answer(words.REFUSED if status == 409 else words.DEAD, code=code, error=text)
