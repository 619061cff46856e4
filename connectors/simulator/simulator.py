"""Everything put together: one object that the HTTP handlers use."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Sequence

from aiohttp import web

from connectors.simulator.business import Business
from connectors.simulator.drafts import Drafts
from connectors.simulator.faults import Faults
from connectors.simulator.live import Hub
from connectors.simulator.media import MediaShelf
from connectors.simulator.model import CUSTOMER, Settings, Webhook
from connectors.simulator.phones import Phones
from connectors.simulator.rates import Rates
from connectors.simulator.sender import Sender
from connectors.simulator.settings import SimulatorSettings
from connectors.simulator.storage import Storage
from connectors.simulator.telling import Teller
from connectors.simulator.templates import APPROVED, DISABLED, REJECTED, Template, TemplateShelf
from connectors.simulator.ticks import Ticks
from connectors.simulator.webhooks import TEMPLATE_STATUS, envelope
from connectors.simulator.world import World

SETTLE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Simulator:
    """Opens the database when made; ``start`` and ``close`` need a running event loop."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.hub = Hub()
        self._storage = Storage(settings.file)
        self.world = World(self._storage, self.hub, settings.whatsapp.phone_number_id)
        self.sender = Sender(
            settings.webhook_url,
            settings.whatsapp.app_secret,
            self._pack,
            self._delivered,
            self.world.count_failed_attempt,
            self.world.webhooks_dropped,
            self.world.now,
        )
        self.sender.longest_pause = self.world.settings.longest_retry_pause
        self.sender.faults = self.world.faults
        folder = settings.file.with_name("simulator-media")
        self.media = MediaShelf(self._storage, folder, settings.whatsapp.app_secret, self.world.now)
        self.teller = Teller(self.world, self.sender)
        self.ticks = Ticks(self.world, self.teller)
        self.rates = Rates(self.world.now, lambda: self.world.settings)
        self.phones = Phones(self.world, self.teller, self.rates)
        self.templates = TemplateShelf(self._storage, self._template_changed)
        drafts = Drafts(self.media, self.templates)
        self.business = Business(self.world, self.teller, self.ticks, drafts, self.rates)
        self._stopping: asyncio.Event | None = None
        self._news = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.sender.start()
        self._stopping = asyncio.Event()
        self._writer = asyncio.create_task(self._storage.run(self._stopping))
        self.teller.resume()
        self.ticks.resume()

    async def close(self) -> None:
        """Stop delivering and write everything down."""
        await self.sender.close()
        if self._writer and self._stopping:
            self._stopping.set()
            await self._writer
        self._storage.close()

    async def settled(self, since: int) -> None:
        """Wait until the updates made after this one (a number of the counter) are delivered, but not for ever."""

        async def delivered() -> None:
            while any(number > since for number in self.world.pending):
                await self._news.wait()

        try:
            await asyncio.wait_for(delivered(), SETTLE_SECONDS)
        except asyncio.TimeoutError:
            logger.warning("A status did not arrive before the answer: the connector does not take it.")

    def change_faults(self, faults: Faults) -> None:
        self.world.change_faults(faults)
        self.sender.faults = faults

    def change_settings(self, settings: Settings) -> None:
        self.world.change_settings(settings)
        self.sender.longest_pause = settings.longest_retry_pause

    def advance_clock(self, seconds: float) -> None:
        """Move the pretended time; what is due by then happens."""
        self.world.advance_clock(seconds)
        self.sender.clock_moved()

    async def reset(self) -> None:
        """Forget everything, updates on their way and files included."""
        await self.sender.forget()
        self.media.clear()
        self.rates.forget()
        self.world.reset()
        self.templates.begin()
        self.sender.faults = self.world.faults

    def review(self, template: Template) -> None:
        """What Meta thinks of a new template, as it is set."""
        verdict = self.world.settings.template_review
        if verdict == "approve":
            self.templates.change_status(template, APPROVED)
        elif verdict == "reject":
            self.templates.change_status(template, REJECTED, "INVALID_FORMAT")

    def _template_changed(self, template: Template, reason: str) -> None:
        value: dict[str, Any] = {
            "event": template.status,
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "message_template_category": template.category,
            "reason": reason,
        }
        if template.status == DISABLED:
            value["disable_info"] = {"disable_date": str(int(self.world.now()))}
        self.teller.tell_account(TEMPLATE_STATUS, value)

    def _pack(self, webhooks: Sequence[Webhook]) -> bytes:
        return envelope(self.settings.whatsapp.business_account_id, self.world.number, webhooks)

    def _delivered(self, webhooks: Sequence[Webhook]) -> None:
        self.world.webhooks_done(webhooks)
        self._news.set()
        self._news = asyncio.Event()
        for webhook in webhooks:
            message = self.world.messages.get(webhook.message_id or "")
            if message and message.author == CUSTOMER and message.status == "sent":
                self.world.set_status(message, "delivered")


SIMULATOR = web.AppKey("simulator", Simulator)
