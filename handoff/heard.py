"""A customer's message as the tracker keeps it: its words, and who wrote them."""

from __future__ import annotations

from typing import Any

from handoff import conversations
from handoff.inbox import Item


def user_event(item: Item, at: float) -> dict[str, Any]:
    """A customer's message as a tracker event that no model has read."""
    message = item.message
    text = message["text"] or f"[{message['kind']}]"
    return {
        "event": "user",
        "timestamp": at,
        "text": text,
        "parse_data": {"intent": {"name": None}, "entities": [], "text": text, "message_id": item.message_id},
        "input_channel": "whatsapp",
        "message_id": item.message_id,
        "metadata": metadata_of(item),
    }


def metadata_of(item: Item) -> dict[str, Any]:
    """What the tracker keeps of a message besides its text: actions and policies read who wrote it there.

    ``customer`` is ``{name, phone, user_id, username}``, each a text or None. ``phone`` is digits only, and None when
    the message did not carry it: an older message's number may have a new owner. ``media`` is its file, ``content``
    all else that it holds (docs/architecture.md), if it has them.
    """
    message = item.message
    meta = {"kind": message["kind"], "trace_id": item.trace_id, "customer": _customer(item)}
    if message.get("content"):
        meta["content"] = message["content"]
    if message.get("media"):
        meta["media"] = {name: message["media"][name] for name in ("id", "kind", "mime_type", "filename", "voice")}
    return {**meta, "title": message["text"]} if message.get("payload") else meta


def _customer(item: Item) -> dict[str, str | None]:
    address = conversations.address_of(item.conversation)
    digits = "".join(character for character in address.wa_id or "" if character.isdigit())
    return {
        "name": address.name,
        "phone": digits or None,
        "user_id": address.user_id,
        "username": address.username,
    }
