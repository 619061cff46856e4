"""The agent-channel protocol: how the bridge and an agent channel talk to each other.

JSON over HTTP in both directions. Each call is signed, and carries an id under which it can be sent again safely.
This module knows neither Rasa nor the desk: both sides, and any other agent channel, use it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any, Mapping

TIMESTAMP_HEADER = "X-Handoff-Timestamp"
SIGNATURE_HEADER = "X-Handoff-Signature"
ALLOWED_SKEW_SECONDS = 300
# Free-form messages end this long before the messaging window does: clocks differ, and sending takes time.
WINDOW_MARGIN_SECONDS = 120.0

# bridge -> agent channel
HANDOFF_REQUESTED = "handoff.requested"
CUSTOMER_MESSAGE = "customer.message"
MESSAGE_STATUS = "message.status"
HANDOFF_CANCELLED = "handoff.cancelled"
HANDOFF_CLOSED = "handoff.closed"
WINDOW_CHANGED = "window.changed"
MEDIA_CHANGED = "media.changed"
MESSAGE_REACTION = "message.reaction"
MESSAGE_EDITED = "message.edited"
MESSAGE_DELETED = "message.deleted"
EVENT_TYPES = frozenset(
    {HANDOFF_REQUESTED, CUSTOMER_MESSAGE, MESSAGE_STATUS, HANDOFF_CANCELLED, HANDOFF_CLOSED, WINDOW_CHANGED}
    | {MEDIA_CHANGED, MESSAGE_REACTION, MESSAGE_EDITED, MESSAGE_DELETED}
)

# agent channel -> bridge
AGENT_JOINED = "agent.joined"
AGENT_TYPING = "agent.typing"
AGENT_MESSAGE = "agent.message"
HANDOFF_TRANSFERRED = "handoff.transferred"
HANDOFF_RESOLVED = "handoff.resolved"
SLOTS_SET = "slots.set"
COMMAND_TYPES = frozenset({AGENT_JOINED, AGENT_TYPING, AGENT_MESSAGE, HANDOFF_TRANSFERRED, HANDOFF_RESOLVED, SLOTS_SET})

# why a command is refused (409)
STALE_FLOOR = "stale_floor"  # its handoff does not have the floor (any more)
NEWER_MESSAGE = "newer_message"  # the customer wrote what its agent had not seen

OUTCOMES = ("solved", "unsolved", "follow_up")


class ProtocolError(Exception):
    """A call that cannot be taken. ``status`` is the HTTP status, ``code`` a word for programs, the text for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": str(self)}}


@dataclass(frozen=True)
class Envelope:
    """One call in either direction. ``at`` is Unix seconds; ``seq`` grows within a conversation (0 in commands)."""

    id: str
    type: str
    at: float
    conversation_id: str
    handoff_id: str | None = None
    epoch: int = 0
    seq: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        return json.dumps(self.__dict__, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def parse_envelope(body: bytes, allowed: frozenset[str]) -> Envelope:
    """Read and check an envelope.

    Raises:
        ProtocolError: 400, naming the field that is missing or wrong.
    """
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(400, "not_json", f"The body is not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ProtocolError(400, "not_an_object", "The body must be a JSON object.")
    for name in ("id", "type", "conversation_id"):
        if not isinstance(raw.get(name), str) or not raw[name]:
            raise ProtocolError(400, "missing_field", f"'{name}' must be a non-empty string.")
    if raw["type"] not in allowed:
        known = ", ".join(sorted(allowed))
        raise ProtocolError(400, "unknown_type", f"Type '{raw['type']}' is not known here; known are: {known}.")
    data = raw.get("data", {})
    if not isinstance(data, dict):
        raise ProtocolError(400, "wrong_field", "'data' must be an object.")
    handoff_id = raw.get("handoff_id")
    if handoff_id is not None and not isinstance(handoff_id, str):
        raise ProtocolError(400, "wrong_field", "'handoff_id' must be a string or null.")
    for name in ("at", "epoch", "seq"):
        if not _is_number(raw.get(name, 0)):
            raise ProtocolError(400, "wrong_field", f"'{name}' must be a number.")
    return Envelope(
        id=raw["id"],
        type=raw["type"],
        at=float(raw.get("at", 0)),
        conversation_id=raw["conversation_id"],
        handoff_id=handoff_id,
        epoch=int(raw.get("epoch", 0)),
        seq=int(raw.get("seq", 0)),
        data=data,
    )


def _is_number(value: Any) -> bool:
    """A number that a database can keep: no NaN, nothing beyond 64 bits."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def signed_address(path: str, query: str) -> bytes:
    """What the signature of a GET covers: it has no body."""
    return (f"{path}?{query}" if query else path).encode()


def sign(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """The headers that sign a call. For a GET, ``body`` is the path with its query string."""
    timestamp = str(int(time.time() if at is None else at))
    return {TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: f"sha256={_digest(secret, timestamp, body)}"}


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> None:
    """Check a call's signature and age.

    Raises:
        ProtocolError: 401, saying whether the signature is missing, wrong or too old.
    """
    timestamp = headers.get(TIMESTAMP_HEADER, "")
    signature = headers.get(SIGNATURE_HEADER, "")
    if not timestamp or not signature:
        raise ProtocolError(401, "unsigned", f"The headers {TIMESTAMP_HEADER} and {SIGNATURE_HEADER} are required.")
    expected = f"sha256={_digest(secret, timestamp, body)}"
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise ProtocolError(401, "bad_signature", "The signature does not fit the body. Do both sides share a secret?")
    try:
        age = (time.time() if now is None else now) - int(timestamp)
    except (ValueError, OverflowError) as error:
        raise ProtocolError(401, "bad_timestamp", f"{TIMESTAMP_HEADER} must be Unix seconds.") from error
    if abs(age) > ALLOWED_SKEW_SECONDS:
        raise ProtocolError(401, "too_old", f"The call was signed {age:.0f} s ago; are both clocks right?")


def _digest(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode("utf-8", "replace") + b"." + body, hashlib.sha256).hexdigest()
