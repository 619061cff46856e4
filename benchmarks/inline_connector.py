"""The ordinary way to connect WhatsApp to Rasa 3.6: handle the message, then answer the webhook.

It does what Rasa's own channels do, and what the connectors that people publish do: check the signature, take the
message out of the webhook, await Rasa, which sends each response as it is made, and then answer 200. One kindness:
the HTTP client keeps its connection and does not block the event loop.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Awaitable, Callable

import httpx
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse


class InlineOutput(OutputChannel):
    """Sends each response at once."""

    def __init__(self, client: httpx.AsyncClient, messages_url: str) -> None:
        self.client = client
        self.messages_url = messages_url

    @classmethod
    def name(cls) -> str:
        return "whatsapp_inline"

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        await self._send(recipient_id, {"type": "text", "text": {"body": text}})

    async def send_text_with_buttons(
        self, recipient_id: str, text: str, buttons: list[dict[str, Any]], **kwargs: Any
    ) -> None:
        replies = [
            {"type": "reply", "reply": {"id": each["payload"], "title": each["title"][:20]}} for each in buttons[:3]
        ]
        interactive = {"type": "button", "body": {"text": text}, "action": {"buttons": replies}}
        await self._send(recipient_id, {"type": "interactive", "interactive": interactive})

    async def _send(self, to: str, message: dict[str, Any]) -> None:
        answer = await self.client.post(self.messages_url, json={"messaging_product": "whatsapp", "to": to, **message})
        answer.raise_for_status()


class InlineInput(InputChannel):
    @classmethod
    def name(cls) -> str:
        return "whatsapp_inline"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InlineInput:
        return cls(**(credentials or {}))

    def __init__(self, api_url: str, phone_number_id: str, access_token: str, app_secret: str) -> None:
        self.messages_url = f"{api_url}/v23.0/{phone_number_id}/messages"
        self.headers = {"Authorization": f"Bearer {access_token}"}
        self.app_secret = app_secret
        self.client: httpx.AsyncClient | None = None

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        webhook = Blueprint("whatsapp_inline_webhook", "whatsapp_inline")

        @webhook.get("/")
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @webhook.post("/webhook")
        async def receive(request: Request) -> HTTPResponse:
            digest = hmac.new(self.app_secret.encode(), request.body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(f"sha256={digest}", request.headers.get("X-Hub-Signature-256", "")):
                return response.text("bad signature", status=403)
            value = request.json["entry"][0]["changes"][0]["value"]
            if value.get("messages"):
                message = value["messages"][0]
                output = InlineOutput(self._client(), self.messages_url)
                sender = message["from"]
                await on_new_message(UserMessage(message["text"]["body"], output, sender, input_channel=self.name()))
            return response.text("ok")

        return webhook

    def _client(self) -> httpx.AsyncClient:
        if self.client is None:
            self.client = httpx.AsyncClient(headers=self.headers, timeout=30)
        return self.client
