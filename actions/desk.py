"""Asking the agent channel how busy it is, before a person is promised."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import Any, Mapping
from urllib.parse import urlencode

import httpx

from handoff.protocol import sign

logger = logging.getLogger(__name__)

_PATH = "/agent-channel/availability"
PATIENCE_SECONDS = 1.5
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
_NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError, *_UNREADABLE)


@dataclass(frozen=True)
class Availability:
    """The agent channel's answer. ``next_opening`` is ISO 8601; ``place`` is the one that the customer would have in
    the queue, from 1; ``team`` or ``name`` say who would come. All of them None when they are not known."""

    open: bool
    available: int
    next_opening: str | None = None
    expected_wait_seconds: int | None = None
    place: int | None = None
    team: str | None = None
    name: str | None = None


async def ask_availability(
    wanted: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None
) -> Availability | None:
    """How busy the desk is; None when it cannot be asked in time. A handoff never waits for this, nor fails by it.

    ``wanted`` may have ``language``, ``skills`` (with commas between them) and ``priority``.
    """
    environ = os.environ if environ is None else environ
    secret = environ.get("HANDOFF_SECRET", "")
    desk_url = environ.get("DESK_URL", "").rstrip("/") or f"http://127.0.0.1:{environ.get('DESK_PORT') or 5080}"
    if not secret:
        return None
    try:
        answer = await asyncio.wait_for(_get(desk_url, secret, wanted or {}), PATIENCE_SECONDS)
        return _read(answer)
    except _NO_ANSWER as error:
        logger.warning("The desk's availability is not known: %s", type(error).__name__)
        return None


async def _get(desk_url: str, secret: str, wanted: Mapping[str, str]) -> Any:
    query = urlencode({name: value for name, value in wanted.items() if value})
    path = f"{_PATH}?{query}" if query else _PATH
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        answer = await client.get(desk_url + path, headers=sign(secret, path.encode()))
        answer.raise_for_status()
        return answer.json()


def _read(answer: Any) -> Availability:
    wait, place = answer.get("expected_wait_seconds"), answer.get("place")
    return Availability(
        open=bool(answer["open"]),
        available=int(answer["available"]),
        next_opening=answer.get("next_opening"),
        expected_wait_seconds=None if wait is None else int(wait),
        place=None if place is None else max(1, int(place)),
        team=_text(answer.get("team")),
        name=_text(answer.get("name")),
    )


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
