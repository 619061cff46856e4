"""Files that customers sent, from WhatsApp: first their address, which lives for five minutes, then their bytes.

The access token goes to the Cloud API and to Meta's file server, and to nobody else: not to the host of an address
that we are given, nor along a redirect.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from dataclasses import dataclass
from typing import Any, AsyncIterator
from urllib.parse import quote

import httpx
import structlog

from connectors.whatsapp_errors import classify
from connectors.whatsapp_fields import integer_of, object_in, text_of
from handoff.channel import MediaError, MediaFile

log = structlog.get_logger()

FILE_SERVER = "lookaside.fbsbx.com"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)
MOST_REDIRECTS = 3
CHUNK_BYTES = 256 * 1024
_GONE = frozenset({33, 100, 131009})  # what Graph says of an object that it does not have (any more)
_HEX = re.compile(r"[0-9a-fA-F]{64}")

GONE = "WhatsApp no longer has this file. Ask the customer to send it again."
NOT_REACHED = "WhatsApp's file server does not answer."


@dataclass(frozen=True)
class _Place:
    url: str
    size: int | None
    sha256: str | None


class _Late(Exception):
    """The address has run out, or never worked."""


class WhatsAppMedia:
    """``api_url`` with the version, such as ``https://graph.facebook.com/v23.0``. Belongs to one event loop."""

    def __init__(self, api_url: str, token: str) -> None:
        self._api_url = api_url
        self._token = token
        self._origin = _origin(httpx.URL(api_url))
        self._session = httpx.AsyncClient(timeout=TIMEOUT, headers={"User-Agent": "Baton"})

    @contextlib.asynccontextmanager
    async def fetch(self, number: str, media_id: str) -> AsyncIterator[MediaFile]:
        """Open the file with this id.

        Raises:
            MediaError: it does not come; also while it is read.
        """
        async with contextlib.AsyncExitStack() as stack:
            try:
                place = await self._place(number, media_id)
                response = await self._opened(stack, place.url)
            except _Late:
                place = await self._place(number, media_id)
                try:
                    response = await self._opened(stack, place.url)
                except _Late as error:
                    raise MediaError("WhatsApp's address of this file does not work.", retry=True) from error
            announced = response.headers.get("Content-Length", "")
            size = place.size if place.size is not None else int(announced) if announced.isdigit() else None
            yield MediaFile(_chunks(response), size, place.sha256)

    async def close(self) -> None:
        await self._session.aclose()

    async def _place(self, number: str, media_id: str) -> _Place:
        try:
            address = f"{self._api_url}/{quote(media_id, safe='')}"
            answer = await self._session.get(address, params={"phone_number_id": number}, headers=self._authorization)
        except httpx.HTTPError as error:
            raise MediaError("WhatsApp does not answer.", retry=True) from error
        try:
            facts: Any = answer.json()
        except ValueError:
            facts = None
        url = text_of(object_in({"facts": facts}, "facts").get("url"))
        if answer.is_success and url:
            size = facts.get("file_size")  # a number, or a number in a text
            return _Place(url, int(size) if str(size).isdigit() else None, hex_digest(facts.get("sha256")))
        raise _refused(answer.status_code, facts)

    async def _opened(self, stack: contextlib.AsyncExitStack, address: str) -> httpx.Response:
        """The answer from an address, or from where it sends us, with its body still to come."""
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL as error:
            raise MediaError("WhatsApp gave an address for this file that is none.", retry=True) from error
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url)
            headers = self._authorization if self._may_see_token(url) else {}
            try:
                request = self._session.build_request("GET", url, headers=headers)
                response = await self._session.send(request, stream=True)
            except httpx.HTTPError as error:
                raise MediaError(NOT_REACHED, retry=True) from error
            stack.push_async_callback(response.aclose)
            if response.is_success:
                return response
            if response.next_request is None:
                raise _not_given(response.status_code)
            url = response.next_request.url
        raise MediaError("WhatsApp's address of this file leads nowhere.", retry=True)

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _may_see_token(self, url: httpx.URL) -> bool:
        return _origin(url) in (self._origin, ("https", FILE_SERVER, 443))

    def _check(self, url: httpx.URL) -> None:
        """A file comes encrypted, or from where the Cloud API is (on this machine, in a demo)."""
        if url.scheme != "https" and _origin(url) != self._origin:
            log.warning("whatsapp.media_address_refused", scheme=url.scheme, host=url.host)
            raise MediaError("WhatsApp gave an address for this file that is not safe.", retry=True)


def hex_digest(value: object) -> str | None:
    """A SHA-256 in lower-case hexadecimal, from hexadecimal or base64; None when it is neither."""
    if not isinstance(value, str):
        return None
    if _HEX.fullmatch(value):
        return value.lower()
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 32 else None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_bytes(CHUNK_BYTES):
            yield chunk
    except httpx.HTTPError as error:
        raise MediaError("The connection to WhatsApp's file server broke.", retry=True) from error


def _refused(status: int, answer: Any) -> MediaError:
    """What Graph says instead of an address."""
    code = integer_of(object_in(answer, "error").get("code"))
    if code is None:  # a gateway's page
        return MediaError(f"WhatsApp answered {status} without a reason.", retry=True)
    if code in _GONE:
        return MediaError(GONE, retry=False)
    verdict = classify(code, status=status)
    log.warning("whatsapp.media_refused", code=code, status=status, retry=verdict.retry)
    return MediaError(verdict.explanation, retry=verdict.retry, operator=verdict.operator)


def _not_given(status: int) -> Exception:
    if status in (401, 403, 404, 410):
        return _Late()
    return MediaError(f"WhatsApp's file server answered {status}.", retry=True)
