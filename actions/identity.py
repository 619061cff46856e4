"""Whose order is it? Who writes, which order they mean, and whether they may be told about it. Pure functions.

The rule: somebody is told about an order when they write from the phone number it was made with, when they know its
postcode, or when an agent who spoke to them has put its number down. Nobody else learns anything about it, not even
whether it exists: a wrong number and a wrong postcode get the same answer.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Sequence

from rasa_sdk import Tracker

from actions.items import line_meant
from actions.shop import Change, Order

MISSES_BEFORE_GIVING_UP = 3
ORDERS_OFFERED = 9  # WhatsApp's list has ten rows

# What each form about one order wants to do with it: orders that allow it are offered, and one alone is taken.
# Tracking wants nothing of an order but that it is still under way.
CHANGE_OF_FORM: dict[str, Change] = {
    "cancel_order_form": "cancel",
    "change_address_form": "change_address",
    "change_order_form": "change_quantity",
    "return_item_form": "return",
}
UNDER_WAY = ("placed", "packed", "shipped")
# These look at any order, old ones too: which one is asked unless there is only one.
LOOKS_AT_ANY = frozenset({"refund_status_form", "invoice_form", "payment_problem_form"})

_ORDER_NUMBER = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_YES_OR_NO = re.compile(
    r"\W*(?:(yes|yep|yeah|yea|yup|ok|okay|sure|correct|right|go ahead|do it|please do|confirm)|"
    r"(?:no|nope|nah|don'?t|do not|leave it|keep it))\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"\b([a-z]{1,2}\d[a-z\d]?)\s*(\d[a-z]{2})\b", re.IGNORECASE)


def order_number_in(text: str) -> str | None:
    """The last four-digit number in what was typed (``#1042``, ``not 1042 but 1043``), or None."""
    found = _ORDER_NUMBER.findall(text)
    return found[-1] if found else None


def is_only_a_number(text: str) -> bool:
    """Whether a text says no more than an order's number: ``1042``, ``no, order 1042``."""
    return order_number_in(text) is not None and len(text.split()) <= 4


def postcode_in(text: str) -> str | None:
    """The British postcode in what was typed (``bs14dj``), as it is written on parcels (``BS1 4DJ``), or None."""
    found = _POSTCODE.search(text)
    return f"{found.group(1)} {found.group(2)}".upper() if found else None


def yes_or_no_in(text: str) -> bool | None:
    """What a text begins with (``yes, cancel it``, ``no leave it``); None when it is neither."""
    found = _YES_OR_NO.match(text)
    return None if found is None else bool(found.group(1))


def customer_phone(tracker: Tracker) -> str | None:
    """The phone number that the latest message came from, digits only; None where the channel tells none."""
    for event in reversed(tracker.events or []):
        if event.get("event") == "user":
            customer = (event.get("metadata") or {}).get("customer") or {}
            return str(customer.get("phone") or "") or None
    return None


def is_theirs(order: Order | None, phone: str | None, postcode: Any) -> bool:
    """Whether whoever writes from ``phone``, or knows ``postcode``, may be told about the order."""
    if order is None:
        return False
    if phone and phone == order.phone:
        return True
    return bool(order.postcode) and postcode_in(str(postcode or "")) == postcode_in(order.postcode)


def may_know(order: Order | None, tracker: Tracker, proofs: Sequence[str] = ("postcode",)) -> bool:
    """Whether the customer may be told about the order. ``proofs`` are the slots that may hold its postcode."""
    if order is None:
        return False
    phone = customer_phone(tracker)
    return _is_vouched_for(order, tracker) or any(is_theirs(order, phone, tracker.get_slot(slot)) for slot in proofs)


def _is_vouched_for(order: Order, tracker: Tracker) -> bool:
    """Whether an agent has set this order's number in the conversation's session."""
    return any(
        event.get("event") == "slot"
        and (event.get("name"), event.get("value")) == ("order_number", order.number)
        and (event.get("metadata") or {}).get("source") == "agent"
        for event in tracker.events or []
    )


def suitable(orders: Iterable[Order], form: str) -> list[Order]:
    """The orders with which this form can do something."""
    change = CHANGE_OF_FORM.get(form)
    if form in LOOKS_AT_ANY:
        return list(orders)
    if change is None:
        return [order for order in orders if order.state in UNDER_WAY]
    return [order for order in orders if change in order.allowed]


def taken_alone(orders: Sequence[Order], form: str) -> Order | None:
    """The one order that must be meant, because this customer has no other that fits; else None."""
    fitting = suitable(orders, form) or list(orders)
    return fitting[0] if len(fitting) == 1 else None


def with_item(orders: Iterable[Order], text: str) -> list[Order]:
    """The orders of which a text names an item."""
    return [order for order in orders if any(line_meant(text, [line]) for line in order.lines)]


def offered(orders: Sequence[Order], form: str) -> list[Order]:
    """The orders to choose from: those that fit (all, when none does or when any can be looked at), at most nine."""
    fitting = suitable(orders, form) if form in CHANGE_OF_FORM else []
    return (fitting or list(orders))[:ORDERS_OFFERED]


def order_title(order: Order) -> str:
    """How an order is called on a button: ``1042 · Blue teapot, Two mugs``."""
    return f"{order.number} · {', '.join(order.items)}"
