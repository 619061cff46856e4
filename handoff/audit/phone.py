"""A customer's phone in the audit: the simulator's control API, asynchronously."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, Mapping
from urllib.parse import quote

import httpx

from handoff.audit.audit_file import Step
from handoff.audit.judge import Message, choices_in

LOOK_EVERY = 0.1
QUIET_SECONDS = 0.7  # after an answer, so long without another one: the turn is over

_RAW: Mapping[str, Mapping[str, Any]] = {
    "sticker": {"id": "1", "mime_type": "image/webp", "animated": False},
    "location": {"latitude": 51.45, "longitude": -2.59},
    "contacts": {},
    "audio": {"id": "2", "mime_type": "audio/ogg; codecs=opus", "voice": True},
    "unsupported": {"type": "poll_creation"},
}


class Unplayable(Exception):
    """A step of a situation cannot be done, such as a button that was not offered. The text says which."""


class Phone:
    """One customer, made new or found by their number."""

    def __init__(self, control: httpx.AsyncClient, key: str) -> None:
        self._control = control
        self._path = f"/control/customers/{quote(key)}"
        self.key = key
        self.seq = 0  # the last message that was there when the customer last wrote

    @classmethod
    async def of(cls, control: httpx.AsyncClient, name: str, number: str) -> Phone:
        answer = await control.post("/control/customers", json={"name": name, "wa_id": number})
        answer.raise_for_status()
        return cls(control, number)

    async def do(self, step: Step) -> None:
        """Send a step's message.

        Raises:
            Unplayable: nothing with this title was offered.
        """
        if step.press is not None:
            await self.press(step.press)
        elif step.kind is not None:
            part = _RAW.get(step.kind)
            if part is None:
                raise Unplayable(f"'{step.kind}' is no type that the audit can send; it can send {', '.join(_RAW)}")
            message = {"type": step.kind, step.kind: [] if step.kind == "contacts" else dict(part)}
            await self._send({"type": "raw", "message": message})
        else:
            await self.say(step.text or "")

    async def say(self, text: str) -> None:
        await self._send({"type": "text", "text": text})

    async def press(self, title: str) -> None:
        """Press the button, or choose the row, with this title in the newest message that offers it."""
        for message in reversed(await self.messages()):
            for choice in choices_in(message) if message["direction"] == "out" else ():
                if choice.title.casefold() == title.casefold():
                    reply = {"type": choice.kind, "id": choice.id, "title": choice.title, "context": choice.message_id}
                    return await self._send(reply)
        raise Unplayable(f"no message offers '{title}'")

    async def messages(self, after: int = 0) -> list[dict[str, Any]]:
        answer = await self._control.get(f"{self._path}/messages", params={"after": after})
        answer.raise_for_status()
        return list(answer.json()["messages"])

    async def answers(self, seconds: float, enough: Callable[[list[Message]], bool]) -> list[Message]:
        """What the business says to the latest message: until it is enough, or nothing more comes, or time is up."""
        until, known, since = time.monotonic() + seconds, 0, time.monotonic()
        while True:
            heard: list[Message] = [one for one in await self.messages(self.seq) if one["direction"] == "out"]
            now = time.monotonic()
            if len(heard) != known:
                known, since = len(heard), now
            if (heard and (enough(heard) or now - since >= QUIET_SECONDS)) or now >= until:
                return list(heard)
            await asyncio.sleep(LOOK_EVERY)

    async def _send(self, message: Mapping[str, Any]) -> None:
        answer = await self._control.post(f"{self._path}/messages", json=message)
        answer.raise_for_status()
        self.seq = int(answer.json()["seq"])
