"""What a message holds, in words that do not depend on WhatsApp: its text, its file, and all else that people see.

``content_of`` gives, of these, what the message has:

- ``location``: {latitude, longitude, name, address, url}
- ``contacts``: [{name, phones: [text], emails: [text], organisation}]
- ``order``: {items: [{product, quantity, price, currency}], note}
- ``form``: {name, fields: {name: text}}, the answer to a form
- ``referral``: {headline, text, url, kind}, the advertisement or post that they came from
- ``product``: {product, catalogue}, the article that they write about
- ``forwarded``: "once" or "often"
- ``unsupported``: {kind, reason}, where reason is one of `UNSUPPORTED_REASONS`
- ``animated``: true, of a sticker
"""

from __future__ import annotations

import json
from typing import Any, Callable, Mapping

from connectors.whatsapp_fields import Json, integer_of, label_of, object_in, text_of
from handoff.channel import Media

MEDIA_KINDS = ("image", "video", "audio", "document", "sticker")
CAPTIONED = ("image", "video", "document")
UNSUPPORTED_REASONS = {131051: "not_supported", 131060: "lost", 131052: "file_lost"}

Content = dict[str, Any]


def text_in(message: Json) -> tuple[str, str | None, str | None]:
    """The kind, what the bot can read, and the id of what was pressed. A chosen row is a ``button``, too."""
    kind = label_of(text_of(message.get("type")) or "unknown")
    part = object_in(message, kind)
    if kind == "text":
        return kind, text_of(part.get("body")), None
    if kind in CAPTIONED:
        return kind, text_of(part.get("caption")), None
    if kind == "button":  # a template's quick reply
        return kind, text_of(part.get("text")), text_of(part.get("payload"))
    if kind == "interactive":
        return _interactive(part)
    return ("unsupported" if kind == "unknown" else kind), None, None


def _interactive(part: Json) -> tuple[str, str | None, str | None]:
    for name in ("button_reply", "list_reply"):
        reply = object_in(part, name)
        if reply and part.get("type", name) == name:
            return "button", text_of(reply.get("title")), text_of(reply.get("id"))
    return ("form" if object_in(part, "nfm_reply") else "unsupported"), None, None


def media_in(message: Json) -> Media | None:
    """The file in a message; None when it has none, or one without an id."""
    kind = message.get("type")
    part = object_in(message, str(kind))
    provider_id = text_of(part.get("id"))
    if kind not in MEDIA_KINDS or provider_id is None:
        return None
    declared = (text_of(part.get("mime_type")) or "").partition(";")[0].strip().lower()
    return Media(
        provider_id,
        str(kind),
        mime_type=declared or None,
        sha256=text_of(part.get("sha256")),
        filename=text_of(part.get("filename")),
        voice=part.get("voice") is True,
    )


def content_of(message: Json) -> Content:
    """What a message holds besides its text and its file, as the head of this module says."""
    found: Content = {}
    for name, read in _READERS.items():
        value = read(message)
        if value:
            found[name] = value
    return found


def _location(message: Json) -> Content | None:
    part = object_in(message, "location")
    latitude, longitude = (_number(part.get(name)) for name in ("latitude", "longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    texts = {name: text_of(part.get(name)) for name in ("name", "address", "url")}
    return {"latitude": latitude, "longitude": longitude, **texts}


def _contacts(message: Json) -> list[Content]:
    if message.get("type") != "contacts":
        return []
    return [_card(card) for card in _objects(message, "contacts")]


def _card(card: Json) -> Content:
    names = object_in(card, "name")
    parts = [text_of(names.get(part)) for part in ("first_name", "last_name")]
    return {
        "name": text_of(names.get("formatted_name")) or " ".join(part for part in parts if part) or None,
        "phones": [phone for each in _objects(card, "phones") if (phone := _phone(each))],
        "emails": [email for each in _objects(card, "emails") if (email := text_of(each.get("email")))],
        "organisation": text_of(object_in(card, "org").get("company")),
    }


def _phone(entry: Json) -> str | None:
    return text_of(entry.get("phone")) or text_of(entry.get("wa_id"))


def _order(message: Json) -> Content | None:
    part = object_in(message, "order")
    if message.get("type") != "order":
        return None
    items = [
        {
            "product": text_of(item.get("product_retailer_id")),
            "quantity": integer_of(item.get("quantity")),
            "price": _number(item.get("item_price")),
            "currency": text_of(item.get("currency")),
        }
        for item in _objects(part, "product_items")
    ]
    return {"items": items, "note": text_of(part.get("text"))}


def _form(message: Json) -> Content | None:
    reply = object_in(object_in(message, "interactive"), "nfm_reply")
    if not reply:
        return None
    try:
        answers = json.loads(str(reply.get("response_json") or "{}"))
    except (ValueError, RecursionError):
        answers = {}
    fields = answers if isinstance(answers, Mapping) else {}
    return {
        "name": text_of(reply.get("name")),
        "fields": {str(name): _plain(value) for name, value in fields.items() if name != "flow_token"},
    }


def _referral(message: Json) -> Content | None:
    part = object_in(message, "referral")
    if not part:
        return None
    names = {"headline": "headline", "text": "body", "url": "source_url", "kind": "source_type"}
    return {ours: text_of(part.get(theirs)) for ours, theirs in names.items()}


def _product(message: Json) -> Content | None:
    part = object_in(object_in(message, "context"), "referred_product")
    product = text_of(part.get("product_retailer_id"))
    return {"product": product, "catalogue": text_of(part.get("catalog_id"))} if product else None


def _forwarded(message: Json) -> str | None:
    context = object_in(message, "context")
    if context.get("frequently_forwarded") is True:
        return "often"
    return "once" if context.get("forwarded") is True else None


def _unsupported(message: Json) -> Content | None:
    if text_in(message)[0] != "unsupported":
        return None
    codes = [integer_of(error.get("code")) for error in _objects(message, "errors")]
    reasons = [UNSUPPORTED_REASONS[code] for code in codes if code in UNSUPPORTED_REASONS]
    kind = text_of(object_in(message, "unsupported").get("type"))
    return {"kind": label_of(kind) if kind else None, "reason": (reasons or ["not_supported"])[0]}


def _animated(message: Json) -> bool:
    return object_in(message, "sticker").get("animated") is True


_READERS: Mapping[str, Callable[[Json], Any]] = {
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "form": _form,
    "referral": _referral,
    "product": _product,
    "forwarded": _forwarded,
    "unsupported": _unsupported,
    "animated": _animated,
}


def _objects(parent: Json, key: str) -> list[Json]:
    items = parent.get(key)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _number(value: object) -> float | None:
    """A finite number that no text needs more than a line for."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12:
        return float(value)
    return None


def _plain(value: Any) -> str:
    """One answer of a form, as people read it."""
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
