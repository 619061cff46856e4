"""The customer's channel for the bridge: renders turns and delivers messages to WhatsApp's Cloud API through pywa."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any, Awaitable, Mapping, Sequence

import httpx
import structlog
from pywa_async.errors import WhatsAppError

from connectors.whatsapp_documents import File, NotADocument
from connectors.whatsapp_errors import classify, is_of_no_use, once_for_a_link
from connectors.whatsapp_fields import object_in, text_of
from connectors.whatsapp_lines import Lines
from connectors.whatsapp_media_out import upload_in
from connectors.whatsapp_numbers import VARIABLE, Numbers, from_variable, only
from connectors.whatsapp_outbound import RenderOptions, render
from connectors.whatsapp_templates import language_of, template_message
from handoff.channel import Address, DeliveryError, MediaFile, Rendered, TemplateProblem
from handoff.settings import WhatsAppSettings, whatsapp_settings

log = structlog.get_logger()

TIMEOUT = httpx.Timeout(15.0, connect=5.0)
UPLOAD_SECONDS = 30.0  # in all; with the send after it, less than the time for which a message is claimed
NOTHING: Mapping[str, Any] = MappingProxyType({})
CALLBACK_LIMIT = 512  # characters of biz_opaque_callback_data
# Nothing was sent when one of these is raised; after any other failure nobody knows.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class WhatsAppChannel:
    """Implements `handoff.channel.CustomerChannel`. All calls but ``render`` belong to one event loop."""

    def __init__(
        self,
        settings: WhatsAppSettings,
        options: RenderOptions | None = None,
        *,
        numbers: Numbers | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        """``numbers``: all of ours; without them the one in ``settings``, with ``options``."""
        numbers = numbers or only(settings, options)
        self._lines = Lines(settings, numbers, timeout, _check_readable, self._call)

    def render(self, responses: Sequence[Mapping[str, Any]], number: str = "") -> list[Rendered]:
        return render(responses, self._lines.find(number).number.options, functools.partial(self.template, number))

    def template(self, number: str, spec: Mapping[str, Any]) -> Rendered:
        """A template, filled in. Without the list of templates it is made as it was given.

        Raises:
            TemplateProblem: it is not approved, or something in it is missing or wrong.
        """
        name, language = text_of(spec.get("name")) or "", language_of(spec) or ""
        templates = self._lines.find(number).templates
        known = templates.find(name, language)
        if known is None and templates.known:
            raise TemplateProblem(f"There is no approved template '{name}' in the language '{language}'.")
        return template_message(spec, known)

    async def templates(self, number: str) -> list[dict[str, Any]]:
        """The account's approved templates.

        Raises:
            DeliveryError: they could not be fetched.
        """
        templates = self._lines.of(number).templates
        await templates.refresh()
        return [template.as_json() for template in templates.all()]

    async def learn_templates(self) -> None:
        """Have the templates of all numbers at hand, for the bot's turns, which cannot wait for them."""
        for line in self._lines.all():
            with contextlib.suppress(DeliveryError):  # said in the log, and asked for again
                await line.templates.refresh()

    async def deliver(self, to: Address, payload: Mapping[str, Any], *, outbox_id: str) -> str:
        """Send one message; returns WhatsApp's id of it. ``outbox_id`` comes back in each status.

        A file in it is uploaded first. That happens again when the message is tried again: only sending must not.

        Raises:
            DeliveryError: it was not accepted, or nobody knows.
        """
        recipient = _recipient(to)
        message = {
            **await self._with_upload(to.number, payload),
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **recipient,
            "biz_opaque_callback_data": outbox_id[:CALLBACK_LIMIT],
        }
        answer = await self._post(to.number, message)
        sent = answer.get("messages")
        first = sent[0] if isinstance(sent, list) and sent else None
        provider_id = text_of(first.get("id")) if isinstance(first, dict) else None
        if provider_id is None:
            raise DeliveryError("WhatsApp took the message but gave it no id.", retry=True, unknown=True)
        return provider_id

    def per_second(self, number: str) -> float:
        return self._lines.find(number).number.per_second

    async def acknowledge(self, number: str, message_id: str) -> None:
        """Blue ticks for the message and those before it, and "typing" until the answer comes or 25 s have passed."""
        receipt = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": message_id,
            "typing_indicator": {"type": "text"},
        }
        try:
            await self._post(number, receipt)
        except DeliveryError as error:
            log.debug("whatsapp.acknowledge_failed", code=error.code, reason=str(error))

    def fetch_media(self, number: str, provider_id: str) -> AbstractAsyncContextManager[MediaFile]:
        """Open a file that a customer sent.

        Raises:
            MediaError: it does not come; also while it is read.
        """
        return self._lines.find(number).media.fetch(number, provider_id)

    async def close(self) -> None:
        await self._lines.close()

    async def _with_upload(self, number: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """The message with the id of its file in place of the file."""
        try:
            found = upload_in(payload)
        except NotADocument as error:
            raise DeliveryError(f"The file cannot be sent: {error}.", retry=False) from error
        if found is None:
            return payload
        kind, part, file = found
        media_id = await self._upload(number, file, text_of(part.get("filename")) or kind)
        return {**payload, kind: {"id": media_id, **{key: part[key] for key in part if key != "data"}}}

    async def _upload(self, number: str, file: File, filename: str) -> str:
        """Give WhatsApp a file; returns its id there. The customer gets nothing yet, so no failure is unknown."""
        api = self._lines.of(number).api
        request = api.upload_media(phone_id=number, media=file.content, mime_type=file.type, filename=filename)
        no_answer = DeliveryError("WhatsApp gave no answer when the file was uploaded.", retry=True)
        try:
            answer = await asyncio.wait_for(self._call(request), UPLOAD_SECONDS)
        except asyncio.TimeoutError as error:
            raise no_answer from error
        except DeliveryError as error:
            if error.unknown:
                raise no_answer from error
            raise
        media_id = text_of(answer.get("id"))
        if media_id is None:
            raise no_answer
        return media_id

    async def _post(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One call to ``/{number}/messages``."""
        api = self._lines.of(number).api
        return await self._call(api.send_raw_request("POST", f"/{number}/messages", json=body), body)

    async def _call(
        self, request: Awaitable[Mapping[str, Any]], message: Mapping[str, Any] = NOTHING
    ) -> dict[str, Any]:
        """One call, every failure of which is a `DeliveryError`."""
        try:
            answer = await request
        except WhatsAppError as error:
            raise _refused(error, message) from error
        except _NOT_SENT as error:
            raise DeliveryError(f"WhatsApp could not be reached: {type(error).__name__}.", retry=True) from error
        except httpx.HTTPError as error:
            words = f"WhatsApp gave no answer ({type(error).__name__}); the message may have been sent."
            raise DeliveryError(words, retry=True, unknown=True) from error
        return dict(answer)


def from_environment() -> WhatsAppChannel:
    """The channel as the dispatcher's process needs it, to deliver.

    Raises:
        SettingsError: the environment lacks something.
    """
    quiet_libraries()
    settings = whatsapp_settings()
    return WhatsAppChannel(settings, numbers=from_variable(os.environ.get(VARIABLE, ""), settings))


def quiet_libraries() -> None:
    """Keep httpx's line per call, and pywa's advice on each time-out, out of a log that has a line per delivery."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("pywa").setLevel(logging.ERROR)


def _recipient(to: Address) -> dict[str, str]:
    """``to`` with a plus sign, without which Meta may take our own country's code; else the user id."""
    if to.wa_id:
        return {"to": f"+{to.wa_id}"}
    if to.user_id:
        return {"recipient": to.user_id}
    raise DeliveryError("The customer has neither a phone number nor a user id.", retry=False)


def _refused(error: WhatsAppError, message: Mapping[str, Any]) -> DeliveryError:
    verdict = classify(error.code, status=error.status_code, transient=error.is_transient)
    verdict = once_for_a_link(verdict, error.code, message)
    if is_of_no_use(error.code, message):
        return DeliveryError("The message to react to is gone or too old.", retry=False, code=error.code)
    log.warning("whatsapp.refused", code=error.code, status=error.status_code, remedy=verdict.remedy.value)
    return verdict.as_error(error.code, _retry_after(error.raw_response))


def _retry_after(response: httpx.Response | None) -> float | None:
    """Seconds from a Retry-After header, when it has a number."""
    raw = response.headers.get("Retry-After", "") if response is not None else ""
    return float(raw) if raw.isascii() and raw.isdigit() else None


async def _check_readable(response: httpx.Response) -> None:
    """Stop an answer that is not in Meta's shape: a gateway in front may send anything, and pywa expects the shape.

    Raises:
        DeliveryError: the body is no object, or an error without code and message.
    """
    await response.aread()
    status = response.status_code
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if isinstance(answer, dict) and response.is_success:
        return
    error = object_in(answer, "error")
    if response.is_error and type(error.get("code")) is int and isinstance(error.get("message"), str):
        return
    log.warning("whatsapp.unreadable_answer", status=status)
    if response.is_success or status in (502, 504):  # what stands behind the gateway may have taken the message
        raise DeliveryError(f"WhatsApp's answer (HTTP {status}) could not be read.", retry=True, unknown=True)
    again = status >= 500 or status in (408, 429)
    words = f"WhatsApp, or something in front of it, answered HTTP {status} without a reason."
    raise DeliveryError(words, retry=again, retry_after=_retry_after(response))
