"""The bridge's end of the agent channel: takes signed commands in, and sends signed events out."""

from __future__ import annotations

from typing import Any, Awaitable, Callable

import httpx
import structlog
from rasa.core.channels.channel import InputChannel, UserMessage
from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json

from handoff import media_route, protocol, templates_route
from handoff.channel import DeliveryError
from handoff.clock import Clock
from handoff.database import Unavailable
from handoff.outbox_claims import Delivery
from handoff.protocol import Envelope, ProtocolError
from handoff.settings import bridge_settings

log = structlog.get_logger(__name__)

MAX_BODY = 1024 * 1024


class HandoffInput(InputChannel):
    """``POST /webhooks/handoff/commands``: where an agent channel tells the bridge what its people do, and
    ``GET /webhooks/handoff/media/<id>``: where it gets the files that customers sent."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    @classmethod
    def name(cls) -> str:
        return "handoff"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(bridge_settings().secret)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        blueprint = Blueprint("handoff_commands", __name__)

        @blueprint.route("/commands", methods=["POST"])
        async def commands(request: Request) -> HTTPResponse:
            try:
                if len(request.body) > MAX_BODY:
                    raise ProtocolError(413, "too_large", "A command may be 1 MB at most.")
                protocol.verify(self.secret, request.headers, request.body)
                command = protocol.parse_envelope(request.body, protocol.COMMAND_TYPES)
                applied = await _bridge(request).command(command)
                return json(applied.answer, status=applied.status)
            except ProtocolError as error:
                return json(error.body(), status=error.status)
            except Unavailable:
                return _away()

        @blueprint.route("/media/<media_id:str>", methods=["GET"])
        async def customers_file(request: Request, media_id: str) -> HTTPResponse | None:
            try:
                protocol.verify(
                    self.secret, request.headers, protocol.signed_address(request.path, request.query_string)
                )
                bridge = _bridge(request)
                return await media_route.answer(request, bridge.database, bridge.store, media_id)
            except ProtocolError as error:
                return json(error.body(), status=error.status)
            except Unavailable:
                return _away()

        @blueprint.route("/templates", methods=["GET"])
        async def templates(request: Request) -> HTTPResponse:
            try:
                protocol.verify(
                    self.secret, request.headers, protocol.signed_address(request.path, request.query_string)
                )
                return json(await templates_route.listed(_bridge(request), request.args.get("conversation") or ""))
            except ProtocolError as error:
                return json(error.body(), status=error.status)
            except Unavailable:
                return _away()

        return blueprint


def _bridge(request: Request) -> Any:
    bridge = getattr(request.app.ctx, "bridge", None)
    if bridge is None:
        raise ProtocolError(503, "starting", "The bridge is still starting; try again.")
    return bridge


def _away() -> HTTPResponse:
    return json(ProtocolError(503, "unavailable", "The database is away; try again.").body(), status=503)


class AgentChannel:
    """Sends events to the agent channel at ``desk_url``. Lives on the dispatcher's event loop."""

    def __init__(self, desk_url: str, secret: str, clock: Clock) -> None:
        self.url = f"{desk_url}/agent-channel/events"
        self.secret = secret
        self.clock = clock
        self._client: httpx.AsyncClient | None = None

    async def deliver(self, delivery: Delivery) -> None:
        """Send one event and wait until it was taken.

        Raises:
            DeliveryError: not taken; permanent only when the channel says that the event itself is wrong.
        """
        event = Envelope(
            id=delivery.id,
            type=delivery.kind,
            at=delivery.created_at,
            conversation_id=delivery.conversation_id,
            handoff_id=delivery.handoff_id,
            epoch=delivery.epoch,
            seq=delivery.seq,
            data=delivery.payload,
        )
        body = event.to_bytes()
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=httpx.Timeout(10, connect=3))
        headers = {**protocol.sign(self.secret, body, self.clock()), "Content-Type": "application/json"}
        try:
            answer = await self._client.post(self.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            # sent again under the same id, so it does not matter whether it arrived
            raise DeliveryError(f"The agent channel does not answer: {type(error).__name__}", retry=True) from error
        if answer.status_code != 200:
            permanent = answer.status_code in (400, 404, 409, 413, 422)
            text = f"The agent channel answered {answer.status_code}: {answer.text[:200]}"
            raise DeliveryError(text, retry=not permanent, code=answer.status_code)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
