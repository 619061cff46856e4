"""``GET /webhooks/handoff/templates?conversation=<id>``: the approved templates that can go to a customer."""

from __future__ import annotations

from typing import Any

from handoff.channel import DeliveryError
from handoff.protocol import ProtocolError


async def listed(bridge: Any, conversation_id: str) -> dict[str, Any]:
    """The templates of the number that this conversation is with.

    Raises:
        ProtocolError: 404 unknown conversation, 502 WhatsApp does not give the list.
    """
    try:
        return {"templates": await bridge.templates(conversation_id)}
    except DeliveryError as error:
        raise ProtocolError(502, "templates_unavailable", f"The templates could not be fetched: {error}") from error
