"""What a customer can say: the control API's words for a message, made into the ``messages[]`` item of a webhook."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from connectors.simulator.media import KINDS, Media, MediaShelf
from connectors.simulator.model import CUSTOMER, Customer, Message
from connectors.simulator.phones import Phones

EDIT_SECONDS = 15 * 60
REVOKE_SECONDS = 2 * 24 * 3600 + 12 * 3600

UNSUPPORTED_CODES = {
    131051: ("Message type unknown", "Message type is currently not supported."),
    131052: ("Media download error", "The media that the user sent could not be fetched."),
    131060: ("Message unavailable", "The message is not available. Ask the user to send it again."),
}


@dataclass
class Speaker:
    """A customer about to say something. ``address`` gives where a file can be had, as webhooks name it."""

    phones: Phones
    shelf: MediaShelf
    customer: Customer
    address: Callable[[Media], str]

    def own_message(self, data: Mapping[str, Any], within: float) -> Message:
        """The customer's message that ``message_id`` names, if it is young enough to be changed.

        Raises:
            ValueError: it is not.
        """
        message = self.phones.world.messages.get(need_text(data, "message_id"))
        if message is None or message.author != CUSTOMER or message.user_id != self.customer.user_id:
            raise ValueError("'message_id' must be the id of a message of this customer.")
        if message.revoked or self.phones.world.now() - message.at > within:
            raise ValueError("WhatsApp does not let this message be changed any more.")
        return message


@dataclass
class Said:
    """The item to send, the file that it names, and what happens to an earlier message of the customer."""

    content: dict[str, Any]
    media: Media | None = None
    changes: tuple[Message, dict[str, Any]] | None = None


def content_of(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    """The ``messages[]`` item for what a customer is to say.

    A ``context`` that is left out of a reply to a button or a row is looked up: the latest message that offered it.
    ``forwarded``, ``referral`` and ``group_id`` may come with every type.

    Raises:
        ValueError: an unknown type, or a part is missing.
    """
    kind = data.get("type", "text")
    if kind == "raw":
        return Said(dict(_object(data, "message")))
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise ValueError(f"'type' must be raw, {', '.join(_READERS)}, or one of the events in docs/simulator.md.")
    said = read(speaker, data)
    context = _context(speaker, data)
    if context:
        said.content["context"] = context
    if data.get("referral") is not None:
        said.content["referral"] = _object(data, "referral")
    if data.get("group_id") is not None:
        said.content["group_id"] = need_text(data, "group_id")
    return said


def need_text(data: Mapping[str, Any], name: str) -> str:
    """A string that is not empty.

    Raises:
        ValueError: it is none.
    """
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"'{name}' must be a string that is not empty.")
    return value


def _object(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"'{name}' must be an object.")
    return value


def _context(speaker: Speaker, data: Mapping[str, Any]) -> dict[str, Any] | None:
    forwarded = data.get("forwarded")
    if forwarded:  # a forwarded message does not say whose it was
        return {"frequently_forwarded": True} if forwarded == "frequently" else {"forwarded": True}
    context = data.get("context")
    if "context" not in data and data.get("type") in _CHOICES:
        offer = speaker.phones.offer_of(speaker.customer, data[_CHOICES[data["type"]]])
        context = offer.id if offer else None
    if not context or isinstance(context, dict):
        return context or None
    quoted = speaker.phones.world.messages.get(str(context))
    own = quoted is not None and quoted.author == CUSTOMER
    sender = speaker.customer.wa_id if own else speaker.phones.display(speaker.customer.number)
    return {**({"from": sender} if sender else {}), "id": str(context)}


_CHOICES = {"button_reply": "id", "list_reply": "id", "button": "text"}


def _text(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    return Said({"type": "text", "text": {"body": need_text(data, "text")}})


def _reply(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    kind = data["type"]
    reply = {"id": need_text(data, "id"), "title": need_text(data, "title")}
    if kind == "list_reply" and data.get("description"):
        reply["description"] = need_text(data, "description")
    return Said({"type": "interactive", "interactive": {"type": kind, kind: reply}})


def _template_button(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    """A quick reply of a template, with the payload that the business gave it; the label when it gave none."""
    text = need_text(data, "text")
    offer = speaker.phones.offer_of(speaker.customer, text)
    buttons = offer.shown["buttons"] if offer and offer.shown else []
    payload = next((button["payload"] for button in buttons if button["text"] == text), text)
    return Said({"type": "button", "button": {"payload": str(data.get("payload") or payload), "text": text}})


def _flow_reply(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    form = {"name": str(data.get("name") or "flow"), "body": str(data.get("body") or "Sent")}
    form["response_json"] = json.dumps(_object(data, "response"))
    return Said({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": form}})


def _reaction(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    """A reaction; an empty ``emoji`` takes it back, and so does none at all."""
    reaction = {"message_id": need_text(data, "message_id")}
    if data.get("emoji") is not None:
        reaction["emoji"] = str(data["emoji"])
    return Said({"type": "reaction", "reaction": reaction})


def _media(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    kind = str(data["type"])
    part = _object(data, kind)
    media = speaker.shelf.find(part.get("id"))
    if media is None or media.number != speaker.customer.number:
        raise ValueError(f"'{kind}.id' must be the id of a file that was uploaded for this customer.")
    if kind not in media.may_come_as():
        raise ValueError(f"A file of the type {media.mime_type} does not come as {kind}.")
    shown = {**media.in_webhook(kind, speaker.address(media)), **_given(part, *KINDS[kind])}
    return Said({"type": kind, kind: shown}, media)


def _location(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    place = _object(data, "location")
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = place.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > most:
            raise ValueError(f"'location.{name}' must be a number from -{most} to {most}.")
    numbers = {name: place[name] for name in ("latitude", "longitude")}
    return Said({"type": "location", "location": {**numbers, **_given(place, "name", "address", "url")}})


def _contacts(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    cards = data.get("contacts")
    if not isinstance(cards, list) or not cards or not all(isinstance(card, dict) for card in cards):
        raise ValueError("'contacts' must be a list of at least one card.")
    return Said({"type": "contacts", "contacts": cards})


def _order(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    order = _object(data, "order")
    if not isinstance(order.get("product_items"), list) or not order["product_items"]:
        raise ValueError("'order.product_items' must be a list of at least one product.")
    need_text(order, "catalog_id")
    return Said({"type": "order", "order": order})


def _edit(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    """Another text or caption for an earlier message; the file in an edited message has a new id."""
    original = speaker.own_message(data, EDIT_SECONDS)
    text = need_text(data, "text")
    changes = (original, {"edited": text})
    if speaker.phones.world.settings.edits == "unsupported":
        return Said(_cannot_be_read(131051, "edit"), changes=changes)
    media = None
    if original.type == "text":
        inner: dict[str, Any] = {"type": "text", "text": {"body": text}}
    elif "caption" in KINDS.get(original.type, ()) and (kept := speaker.shelf.find((original.media or {}).get("id"))):
        media = speaker.shelf.copy(kept)
        shown = {**original.payload[original.type], **media.in_webhook(original.type, speaker.address(media))}
        inner = {"type": original.type, original.type: {**shown, "caption": text}}
    else:
        raise ValueError("Only texts and captions can be edited.")
    return Said({"type": "edit", "edit": {"original_message_id": original.id, "message": inner}}, media, changes)


def _revoke(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    original = speaker.own_message(data, REVOKE_SECONDS)
    content = {"type": "revoke", "revoke": {"original_message_id": original.id}}
    return Said(content, changes=(original, {"revoked": True}))


def _unsupported(speaker: Speaker, data: Mapping[str, Any]) -> Said:
    """Something that the API does not pass on: ``kind`` is what it was, ``code`` the reason."""
    code = data.get("code", 131051)
    if not isinstance(code, int) or code not in UNSUPPORTED_CODES:
        raise ValueError(f"'code' must be one of {', '.join(map(str, UNSUPPORTED_CODES))}.")
    return Said(_cannot_be_read(code, str(data.get("kind") or "poll_creation")))


def _cannot_be_read(code: int, kind: str) -> dict[str, Any]:
    title, details = UNSUPPORTED_CODES[code]
    error = {"code": code, "title": title, "message": title, "error_data": {"details": details}}
    return {"type": "unsupported", "unsupported": {"type": kind}, "errors": [error]}


def _given(data: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: need_text(data, name) for name in names if data.get(name)}


_READERS: dict[str, Callable[[Speaker, Mapping[str, Any]], Said]] = {
    "text": _text,
    "button_reply": _reply,
    "list_reply": _reply,
    "button": _template_button,
    "flow_reply": _flow_reply,
    "reaction": _reaction,
    **dict.fromkeys(KINDS, _media),
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "edit": _edit,
    "revoke": _revoke,
    "unsupported": _unsupported,
}
