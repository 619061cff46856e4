"""What a webhook tells that nobody said: reactions, edits, deletions, calls, wishes about news, changed identities.

Each becomes an `Inbound` with ``aside``. Its ``content``, by ``kind``:

- ``reaction``: {emoji}, None when it was taken back
- ``edit``: nothing; the new words are its ``text``
- ``revoke``: nothing
- ``call``: nothing
- ``preference``: {opted_out: true or false}
- ``identity``: nothing
"""

from __future__ import annotations

from typing import Any

from connectors.whatsapp_content import text_in
from connectors.whatsapp_fields import Json, object_in, text_of, time_of
from connectors.whatsapp_identity import address_of
from handoff.channel import Inbound

KINDS = ("reaction", "edit", "revoke")  # as WhatsApp names them, among messages
_ABOUT = {"reaction": "message_id", "edit": "original_message_id", "revoke": "original_message_id"}
_OPTED_OUT = {"stop": True, "resume": False}
LONGEST_EMOJI = 64


def about(message: Json) -> str | None:
    """The message that is reacted to, edited or deleted; else the one that is quoted or answered."""
    quoted = text_of(object_in(message, "context").get("id"))
    kind = str(message.get("type"))
    return (text_of(object_in(message, kind).get(_ABOUT[kind])) if kind in _ABOUT else None) or quoted


def aside_text(message: Json) -> str | None:
    """The words that a message has now that it was edited; None when they are not told."""
    return text_in(object_in(object_in(message, "edit"), "message"))[1]


def aside_content(message: Json) -> dict[str, Any]:
    if message.get("type") != "reaction":
        return {}
    emoji = text_of(object_in(message, "reaction").get("emoji"))
    return {"emoji": emoji[:LONGEST_EMOJI] if emoji else None}


def identity_change(number: str, message_id: str, message: Json, received_at: float) -> Inbound | None:
    """The security code of a customer's phone changed. None when it is not said whose."""
    if object_in(message, "system").get("type") != "customer_identity_changed":
        return None
    address = address_of(number, message.get("from"), message.get("from_user_id"), [])
    if address is None:
        return None
    return Inbound(message_id, address, time_of(message, received_at), "identity", aside=True)


def preference(number: str, item: Json, contacts: list[Json], received_at: float) -> Inbound | None:
    """News wanted, or not wanted any more. It has no id: one is made of what it says, since it may come twice."""
    address = address_of(number, item.get("wa_id"), item.get("user_id"), contacts)
    opted_out = _OPTED_OUT.get(str(item.get("value")))
    if address is None or opted_out is None:
        return None
    at = time_of(item, received_at)
    whose = address.user_id or address.wa_id
    message_id = f"preference:{whose}:{item.get('value')}:{at:.0f}"
    return Inbound(message_id, address, at, "preference", content={"opted_out": opted_out}, aside=True)


def call(number: str, item: Json, contacts: list[Json], received_at: float) -> Inbound | None:
    """A customer calls, or has called. All that is told of a call has its id, so that it counts once."""
    call_id = text_of(item.get("id"))
    address = address_of(number, item.get("from"), item.get("from_user_id"), contacts)
    if call_id is None or address is None or item.get("direction") == "BUSINESS_INITIATED":
        return None
    return Inbound(call_id, address, time_of(item, received_at), "call", aside=True)
