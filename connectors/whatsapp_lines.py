"""Connections to the Cloud API: one for each access token, and what is kept for each account and number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Mapping

import httpx
from pywa_async.client import WhatsApp

from connectors.whatsapp_media import WhatsAppMedia
from connectors.whatsapp_numbers import Number, Numbers
from connectors.whatsapp_template_list import TemplateList
from handoff.channel import DeliveryError
from handoff.settings import WhatsAppSettings

MAX_CONNECTIONS = 100

# one call's answer, every failure of which is a `DeliveryError`
Call = Callable[[Awaitable[Mapping[str, Any]]], Awaitable[dict[str, Any]]]
Check = Callable[[httpx.Response], Awaitable[None]]


@dataclass(frozen=True)
class Line:
    """How one of our numbers reaches the Cloud API. Numbers with the same token share ``api``, ``session`` and
    ``media``; with the same account ``templates``."""

    number: Number
    session: httpx.AsyncClient
    api: Any
    media: WhatsAppMedia
    templates: TemplateList


class Lines:
    """The lines of all our numbers."""

    def __init__(
        self, settings: WhatsAppSettings, numbers: Numbers, timeout: httpx.Timeout, check: Check, call: Call
    ) -> None:
        self._address = f"{settings.api_url}/v{settings.api_version.lstrip('v')}"
        self._version = settings.api_version.lstrip("v")
        self._timeout, self._check, self._call = timeout, check, call
        self._tokens: dict[str, tuple[httpx.AsyncClient, Any, WhatsAppMedia]] = {}
        self._accounts: dict[tuple[str, str], TemplateList] = {}
        self._lines = {number.id: self._line(number) for number in numbers.values()}

    def of(self, number_id: str) -> Line:
        """The line of one of our numbers; the first one for no number at all.

        Raises:
            DeliveryError: this number is not set up (any more).
        """
        line = self._lines.get(number_id) if number_id else next(iter(self._lines.values()))
        if line is None:
            raise DeliveryError(f"Our number {number_id} is not set up any more.", retry=False, operator=True)
        return line

    def find(self, number_id: str) -> Line:
        """As ``of``; the first one for a number that is not set up."""
        return self._lines.get(number_id) or next(iter(self._lines.values()))

    def all(self) -> tuple[Line, ...]:
        return tuple(self._lines.values())

    async def close(self) -> None:
        for session, _, media in self._tokens.values():
            await session.aclose()
            await media.close()

    def _line(self, number: Number) -> Line:
        if number.access_token not in self._tokens:
            self._tokens[number.access_token] = self._connect(number.access_token)
        session, api, media = self._tokens[number.access_token]
        account = (number.access_token, number.business_account_id)
        if account not in self._accounts:
            self._accounts[account] = TemplateList(self._fetch(api, number.business_account_id))
        return Line(number, session, api, media, self._accounts[account])

    def _connect(self, token: str) -> tuple[httpx.AsyncClient, Any, WhatsAppMedia]:
        session = httpx.AsyncClient(
            timeout=self._timeout,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
            event_hooks={"response": [self._check]},
        )
        api = WhatsApp(token=token, session=session, api_version=self._version).api
        # pywa has one address in it, Meta's, and sets it on the session when it is made.
        session.base_url = httpx.URL(self._address)
        return session, api, WhatsAppMedia(self._address, token)

    def _fetch(self, api: Any, account: str) -> Callable[[Mapping[str, str]], Awaitable[dict[str, Any]]]:
        async def page(query: Mapping[str, str]) -> dict[str, Any]:
            return await self._call(api.send_raw_request("GET", f"/{account}/message_templates", params=dict(query)))

        return page
