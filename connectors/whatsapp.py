"""The WhatsApp channel for Rasa: webhooks in, responses out, in the shape of Rasa's own channels.

Unlike those it neither handles a message before it answers the webhook nor sends anything by itself: the bridge keeps
each message, runs the turn, and delivers what was said in it. In credentials.yml, all settings optional:

    connectors.whatsapp.WhatsAppInput:
      merge_texts: true      # texts that follow each other in a turn become one message
      list_button: Choose    # the words on the button that opens a list

The number and its secrets come from the environment (WHATSAPP_*). More numbers, and settings of each:
connectors/whatsapp_numbers.py.
"""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Iterable
from typing import Any, Awaitable, Callable, Mapping, Protocol

import structlog
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, empty, json, text

from connectors.whatsapp_client import WhatsAppChannel, quiet_libraries
from connectors.whatsapp_inbound import MalformedWebhook, for_numbers, parse
from connectors.whatsapp_numbers import (
    VARIABLE,
    Numbers,
    ids_signed_by,
    only,
    read_numbers,
    secrets_of,
    to_variable,
)
from connectors.whatsapp_webhook import Refused, challenge, signed_json
from handoff.channel import Batch, CustomerChannel
from handoff.clock import Clock, system_clock
from handoff.settings import WhatsAppSettings, whatsapp_settings
from handoff.turn import current_turn

log = structlog.get_logger()


class RunningBridge(Protocol):
    """What the channel asks of the bridge."""

    async def accept(self, batch: Batch, trace_id: str) -> None:
        """Returns when everything in the batch is durable; raises when it is not."""

    async def stop(self) -> None:
        """Finish and close, the customer channel included."""


CHANNEL_MAKER = "connectors.whatsapp_client:from_environment"
StartBridge = Callable[[Sanic, CustomerChannel], Awaitable[RunningBridge]]


class WhatsAppOutput(OutputChannel):
    """Adds what the bot says to the current turn. It sends nothing: the bridge delivers a turn once it is saved."""

    @classmethod
    def name(cls) -> str:
        return "whatsapp"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Say one response, whole.

        Raises:
            LookupError: there is no turn to say it in.
        """
        current_turn().say(message)  # which keeps a copy

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        await self.send_response(recipient_id, {**kwargs, "text": text})

    async def send_image_url(self, recipient_id: str, image: str, **kwargs: Any) -> None:
        await self.send_response(recipient_id, {**kwargs, "image": image})

    async def send_attachment(self, recipient_id: str, attachment: str, **kwargs: Any) -> None:
        await self.send_response(recipient_id, {**kwargs, "attachment": attachment})

    async def send_text_with_buttons(
        self, recipient_id: str, text: str, buttons: list[dict[str, Any]], **kwargs: Any
    ) -> None:
        await self.send_response(recipient_id, {**kwargs, "text": text, "buttons": buttons})

    async def send_quick_replies(
        self, recipient_id: str, text: str, quick_replies: list[dict[str, Any]], **kwargs: Any
    ) -> None:
        await self.send_response(recipient_id, {**kwargs, "text": text, "quick_replies": quick_replies})

    async def send_elements(self, recipient_id: str, elements: Iterable[dict[str, Any]], **kwargs: Any) -> None:
        await self.send_response(recipient_id, {**kwargs, "elements": list(elements)})

    async def send_custom_json(self, recipient_id: str, json_message: dict[str, Any], **kwargs: Any) -> None:
        await self.send_response(recipient_id, {**kwargs, "custom": json_message})


class WhatsAppInput(InputChannel):
    """Receives WhatsApp's webhooks and hands what is in them to the bridge before it answers."""

    def __init__(
        self,
        settings: WhatsAppSettings,
        numbers: Numbers | None = None,
        *,
        bridge: StartBridge | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.settings = settings
        self.numbers = numbers or only(settings)
        given = {VARIABLE: to_variable(self.numbers)}  # to the dispatcher's process
        self._start_bridge = bridge or functools.partial(_start_bridge, environ=given)
        self._clock = clock

    @classmethod
    def name(cls) -> str:
        return "whatsapp"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> WhatsAppInput:
        """Make the channel from its part of credentials.yml and the environment.

        Raises:
            SettingsError: the environment lacks something.
            RasaException: an option in credentials.yml is unknown or wrong.
        """
        settings = whatsapp_settings()
        return cls(settings, read_numbers(credentials or {}, settings))

    def get_output_channel(self) -> OutputChannel:
        return WhatsAppOutput()

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes, and the start and stop of the bridge. ``on_new_message`` is not used: turns run in the bridge."""
        blueprint = Blueprint("whatsapp_webhook", __name__)

        @blueprint.listener("after_server_start")
        async def start(app: Sanic, _loop: Any) -> None:
            quiet_libraries()
            app.ctx.bridge = await self._start_bridge(app, WhatsAppChannel(self.settings, numbers=self.numbers))

        @blueprint.listener("before_server_stop")
        async def stop(app: Sanic, _loop: Any) -> None:
            bridge = _bridge(app)
            if bridge is not None:
                await bridge.stop()

        @blueprint.get("/")
        async def health(_request: Request) -> HTTPResponse:
            return json({"status": "ok"})

        @blueprint.get("/webhook")
        async def verify(request: Request) -> HTTPResponse:
            try:
                return text(challenge(request, self.settings.verify_token))
            except Refused as refused:
                log.info("whatsapp.verification", status=refused.status, reason=refused.reason)
                return empty(refused.status)

        @blueprint.post("/webhook", stream=True)
        async def receive(request: Request) -> HTTPResponse:
            return empty(await self._receive(request))

        return blueprint

    async def _receive(self, request: Request) -> int:
        """Take one webhook; returns the HTTP status. One log line, without text, names, numbers or secrets."""
        started, trace_id = time.perf_counter(), uuid.uuid4().hex
        facts: dict[str, Any] = {}
        try:
            body, secret = await signed_json(request, secrets_of(self.numbers))
            batch = for_numbers(parse(body, received_at=self._clock()), ids_signed_by(self.numbers, secret))
            facts = _counts(batch)
            for notice in batch.notices:
                log.warning("whatsapp.account", trace_id=trace_id, **notice)
            status = await _hand_over(request.app, batch, trace_id)
        except Refused as refused:
            status, facts = refused.status, {"reason": refused.reason}
        except MalformedWebhook:
            status, facts = 400, {"reason": "not an object"}
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        log.info("whatsapp.webhook", trace_id=trace_id, status=status, ms=milliseconds, **facts)
        return status


async def _start_bridge(app: Sanic, channel: CustomerChannel, environ: Mapping[str, str]) -> RunningBridge:
    from handoff.bridge import start_bridge  # brings Rasa's agent and the database: only where it is started

    return await start_bridge(app, channel, CHANNEL_MAKER, WhatsAppOutput, environ)


async def _hand_over(app: Sanic, batch: Batch, trace_id: str) -> int:
    """200 once the batch is durable; 503 otherwise, and WhatsApp delivers it again."""
    bridge = _bridge(app)
    if bridge is None:
        return 503
    if not (batch.messages or batch.receipts or batch.changes):
        return 200
    try:
        await bridge.accept(batch, trace_id)
    except Exception as error:
        # Its text can hold the row that could not be written, and with it what the customer wrote.
        log.error("whatsapp.not_kept", trace_id=trace_id, error=type(error).__name__)
        return 503
    return 200


def _bridge(app: Sanic) -> RunningBridge | None:
    bridge: RunningBridge | None = getattr(app.ctx, "bridge", None)
    return bridge


def _counts(batch: Batch) -> dict[str, Any]:
    counts = {"messages": len(batch.messages), "receipts": len(batch.receipts), "changes": len(batch.changes)}
    return {**counts, "ignored": dict(batch.ignored)} if batch.ignored else counts
