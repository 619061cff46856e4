"""Takes webhooks from HTTP: size, signature, JSON, and only then what is in them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Iterable

from sanic.request import Request

MAX_BODY_BYTES = 3 * 1024 * 1024  # Meta sends up to 3 MB
SIGNATURE_HEADER = "X-Hub-Signature-256"


class Refused(Exception):
    """A request that is answered with ``status`` and nothing else."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def signature(secret: str, body: bytes) -> str:
    """What WhatsApp writes into the signature header for these bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def same(expected: str, given: str) -> bool:
    """Compare two secrets in constant time; any characters are allowed."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def challenge(request: Request, verify_token: str) -> str:
    """What to answer when WhatsApp verifies the address.

    Raises:
        Refused: 403, the token or the mode is not right.
    """
    mode = request.args.get("hub.mode", "")
    token = request.args.get("hub.verify_token", "")
    answer = request.args.get("hub.challenge")
    if not same(verify_token, token) or mode != "subscribe" or answer is None:
        raise Refused(403, "not our verification")
    return str(answer)


async def signed_json(request: Request, app_secrets: Iterable[str]) -> tuple[Any, str]:
    """The decoded body of a request that WhatsApp signed, and the secret of the app that it comes from. Nothing of a
    larger or foreign body is decoded.

    Raises:
        Refused: 413 too large, 403 not signed with one of our secrets, 400 not JSON.
    """
    body = await _body(request)
    given = request.headers.get(SIGNATURE_HEADER, "")
    fitting = [secret for secret in app_secrets if same(signature(secret, body), given)]
    if not fitting:
        raise Refused(403, "bad signature" if given else "not signed")
    try:
        return json.loads(body), fitting[0]
    except (ValueError, RecursionError) as error:
        raise Refused(400, "not JSON") from error


async def _body(request: Request) -> bytes:
    """The raw bytes, read piece by piece: the header may lie about their number, or be absent."""
    announced = request.headers.get("Content-Length", "0")
    if not announced.isdigit() or int(announced) > MAX_BODY_BYTES:
        raise Refused(413, "too large")
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream:
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise Refused(413, "too large")
        pieces.append(piece)
    return b"".join(pieces)
