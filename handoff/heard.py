"""A customer's message as the tracker keeps it: its words, and who wrote them."""

from __future__ import annotations

from typing import Any, Mapping

from handoff import conversations, inbox
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


def echo_event(item: Item, at: float) -> dict[str, Any]:
    """What a colleague wrote on the business's own phone, as a tracker event."""
    meta = {"kind": item.message["kind"], "message_id": item.message_id, **_held(item.message)}
    return {"event": "agent", "timestamp": at, "text": words_of(item.message), "metadata": meta}


def words_of(message: Mapping[str, Any]) -> str:
    """A message in words: what was written, or what it was."""
    content = message.get("content") or {}
    if message["kind"] == "reaction":
        return f"Reacted with {content['emoji']}" if content.get("emoji") else "Took a reaction back"
    if message["text"]:
        return str(message["text"])
    place = content.get("location") or {}
    if place:
        known = [str(place[name]) for name in ("name", "address") if place.get(name)]
        return "Place: " + (", ".join(known) or f"{place['latitude']}, {place['longitude']}")
    cards = [str(card["name"]) for card in content.get("contacts") or [] if card.get("name")]
    return f"Contact: {', '.join(cards)}" if cards else f"[{message['kind']}]"


def metadata_of(item: Item) -> dict[str, Any]:
    """What the tracker keeps of a message besides its text: actions and policies read who wrote it there.

    ``customer`` is ``{name, phone, user_id, username}``, each a text or None. ``phone`` is digits only, and None when
    the message did not carry it: an older message's number may have a new owner. ``media`` is its file, ``content``
    all else that it holds (docs/architecture.md), ``quoted`` what it answers (`quoting.Target`), ``edits`` the id of
    the message that it corrects: each only if there is one.
    """
    message = item.message
    meta = {"kind": message["kind"], "trace_id": item.trace_id, "customer": _customer(item)}
    meta |= _held(message)
    if item.kind == inbox.ASIDE:
        meta["edits"] = message["reply_to"]
    return {**meta, "title": message["text"]} if message.get("payload") else meta


def _held(message: Mapping[str, Any]) -> dict[str, Any]:
    held = {name: message[name] for name in ("content", "quoted") if message.get(name)}
    if message.get("media"):
        held["media"] = {name: message["media"][name] for name in ("id", "kind", "mime_type", "filename", "voice")}
    return held


def _customer(item: Item) -> dict[str, str | None]:
    address = conversations.address_of(item.conversation)
    digits = "".join(character for character in address.wa_id or "" if character.isdigit())
    return {
        "name": address.name,
        "phone": digits or None,
        "user_id": address.user_id,
        "username": address.username,
    }
