"""The parts of a running desk, put together once and handed to every route."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, TypeVar, cast

import httpx
from sanic.request import Request

from handoff.clock import Clock
from handoff.desk import people
from handoff.desk.courier import Courier
from handoff.desk.database import Database
from handoff.desk.live import Hub
from handoff.desk.template_shelf import TemplateShelf
from handoff.settings import DeskSettings

Result = TypeVar("Result")


@dataclass
class Desk:
    settings: DeskSettings
    database: Database
    hub: Hub
    courier: Courier
    shelf: TemplateShelf
    clock: Clock
    files: httpx.AsyncClient  # for what passes through from the bridge

    async def act(self, conversation_id: str, function: Callable[..., Result], *args: Any) -> Result:
        """Run an agent's act, then wake the courier and the pages that show the conversation."""
        result = await self.database.write(function, conversation_id, *args)
        self.courier.wake()
        await self.hub.changed(conversation_id)
        return result


class Presence:
    """Remembers who was seen, so that the database hears of it at most once in a while."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: dict[str, float] = {}

    async def seen(self, agent_id: str) -> None:
        now = time.monotonic()
        if now - self._told.get(agent_id, -1e9) < people.SEEN_EVERY_SECONDS:
            return
        self._told[agent_id] = now
        await self._desk.database.write(people.mark_seen, [agent_id], self._desk.clock())


def desk_of(request: Request) -> Desk:
    return cast(Desk, request.app.ctx.desk)


def presence_of(request: Request) -> Presence:
    return cast(Presence, request.app.ctx.presence)
