"""What a message holds besides words and a file (a place, a card, an order, ...), as the templates want it."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from handoff.desk import words

Json = Mapping[str, Any]

_UNSUPPORTED = {
    "lost": "WhatsApp lost this message on its way. Ask the customer to send it again.",
    "file_lost": "WhatsApp could not pass this file on. Ask the customer to send it again; it may be too large.",
}
_UNSUPPORTED_KINDS = {
    "edit": "The customer edited a message; WhatsApp does not say what it reads now. If it matters, ask them.",
    "poll_creation": "The customer sent a poll, which WhatsApp does not pass on.",
    "poll_update": "The customer voted in a poll, which WhatsApp does not pass on.",
    "gif": "The customer sent an animation, which WhatsApp does not pass on.",
    "group_invite": "The customer sent an invitation to a group, which WhatsApp does not pass on.",
    "location": "The customer shares where they are going along, which WhatsApp does not pass on.",
}
_OTHERS = "WhatsApp does not pass this kind of message on. If it matters, ask them to write it."


def of(details: Json) -> dict[str, Any]:
    """Its parts: place, cards, order, fields, came_from, product, forwarded, trouble; each None when it is not there,
    and nothing at all when none is."""
    parts = {
        "place": _place(_object(details, "location")),
        "cards": [_card(card) for card in _objects(details, "contacts")],
        "order": _order(_object(details, "order")),
        "fields": _fields(_object(details, "form")),
        "came_from": came_from(_object(details, "referral")),
        "product": _object(details, "product").get("product"),
        "forwarded": {"once": "Forwarded", "often": "Forwarded many times"}.get(str(details.get("forwarded"))),
        "trouble": _trouble(_object(details, "unsupported")),
    }
    return {name: part or None for name, part in parts.items()} if any(parts.values()) else {}


def came_from(referral: Json) -> dict[str, Any] | None:
    """The advertisement or post that brought the customer; its address only when it is one that may be followed."""
    if not referral:
        return None
    url = str(referral.get("url") or "")
    return {
        "label": "Came from an advertisement" if referral.get("kind") == "ad" else "Came from a post",
        "headline": referral.get("headline") or "",
        "text": referral.get("text") or "",
        "url": url if url.startswith(("https://", "http://")) else None,
    }


def _place(location: Json) -> dict[str, Any] | None:
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if not isinstance(latitude, (int, float)) or not isinstance(longitude, (int, float)):
        return None
    at = f"{latitude:.5f}, {longitude:.5f}"
    return {
        "name": location.get("name") or ("" if location.get("address") else "A place on the map"),
        "address": location.get("address") or "",
        "at": at,
        "map": f"https://www.openstreetmap.org/?mlat={latitude:.6f}&mlon={longitude:.6f}"
        f"#map=17/{latitude:.6f}/{longitude:.6f}",
    }


def _card(card: Json) -> dict[str, Any]:
    lines = [*_texts(card, "phones"), *_texts(card, "emails")]
    return {"name": card.get("name") or "No name", "organisation": card.get("organisation") or "", "lines": lines}


def _order(order: Json) -> dict[str, Any] | None:
    items = _objects(order, "items")
    if not order:
        return None
    totals: dict[str, float] = {}
    for item in items:
        amount, currency = _amount(item), str(item.get("currency") or "")
        if amount is not None:
            totals[currency] = totals.get(currency, 0.0) + amount
    lines = [
        {
            "text": f"{item.get('quantity') or 1} × {item.get('product') or 'a product'}",
            "price": _money(_amount(item), item.get("currency")),
        }
        for item in items
    ]
    total = " + ".join(_money(amount, currency) for currency, amount in totals.items())
    return {"lines": lines, "total": total, "note": order.get("note") or ""}


def _amount(item: Json) -> float | None:
    price, quantity = item.get("price"), item.get("quantity")
    if not isinstance(price, (int, float)):
        return None
    return float(price * (quantity if isinstance(quantity, int) and quantity > 0 else 1))


def _money(amount: Any, currency: Any) -> str:
    return f"{amount:,.2f} {currency or ''}".strip() if isinstance(amount, (int, float)) else ""


def _fields(form: Json) -> list[tuple[str, str]]:
    fields = form.get("fields")
    found = fields.items() if isinstance(fields, Mapping) else ()
    return [(words.topic_label(str(name)), str(value)) for name, value in found]


def _trouble(unsupported: Json) -> str | None:
    if not unsupported:
        return None
    by_reason = _UNSUPPORTED.get(str(unsupported.get("reason")))
    return by_reason or _UNSUPPORTED_KINDS.get(str(unsupported.get("kind")), _OTHERS)


def _object(parent: Json, name: str) -> Json:
    part = parent.get(name)
    return part if isinstance(part, Mapping) else {}


def _objects(parent: Json, name: str) -> Sequence[Json]:
    items = parent.get(name)
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _texts(parent: Json, name: str) -> list[str]:
    items = parent.get(name)
    return [str(item) for item in items if item] if isinstance(items, list) else []
