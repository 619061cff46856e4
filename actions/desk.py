"""Asking the agent channel how busy it is, before a person is promised."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import Any, Mapping

import httpx

from handoff.protocol import sign

logger = logging.getLogger(__name__)

_PATH = "/agent-channel/availability?language=en"
PATIENCE_SECONDS = 1.5
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
_NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError, *_UNREADABLE)


@dataclass(frozen=True)
class Availability:
    """The agent channel's answer. ``next_opening`` is ISO 8601 or None, the wait None when it is not known."""

    open: bool
    available: int
    next_opening: str | None = None
    expected_wait_seconds: int | None = None


async def ask_availability(environ: Mapping[str, str] | None = None) -> Availability | None:
    """How busy the desk is; None when it cannot be asked in time. A handoff never waits for this, nor fails by it."""
    environ = os.environ if environ is None else environ
    secret = environ.get("HANDOFF_SECRET", "")
    desk_url = environ.get("DESK_URL", "").rstrip("/") or f"http://127.0.0.1:{environ.get('DESK_PORT') or 5080}"
    if not secret:
        return None
    try:
        answer = await asyncio.wait_for(_get(desk_url, secret), PATIENCE_SECONDS)
        return _read(answer)
    except _NO_ANSWER as error:
        logger.warning("The desk's availability is not known: %s", type(error).__name__)
        return None


async def _get(desk_url: str, secret: str) -> Any:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        answer = await client.get(desk_url + _PATH, headers=sign(secret, _PATH.encode()))
        answer.raise_for_status()
        return answer.json()


def _read(answer: Any) -> Availability:
    wait = answer.get("expected_wait_seconds")
    return Availability(
        open=bool(answer["open"]),
        available=int(answer["available"]),
        next_opening=answer.get("next_opening"),
        expected_wait_seconds=None if wait is None else int(wait),
    )
