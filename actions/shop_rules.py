"""The rules of Marigold's shop: what may be done with an order, and what is said when it may not. No I/O."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import NoReturn

from actions.shop import Change, Line, Order, OrderState, RefusalCode, Return, ShopRefuses
from actions.shop_invoice import Address, tidy_postcode

RETURN_DAYS = 30  # after delivery
LABEL_DAYS = 14  # from opening a return to handing the parcel in
REFUND_DAYS = 5  # from a cancellation to the money
MOST_OF_ONE_ITEM = 20
LONGEST_ADDRESS_PART = 120
LONGEST_REASON = 500

_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}")


def returnable_until(delivered_on: date | None) -> date | None:
    return delivered_on + timedelta(days=RETURN_DAYS) if delivered_on else None


def allowed(state: OrderState, lines: tuple[Line, ...], last_return_day: date | None, today: date) -> frozenset[Change]:
    """What the shop would do with an order now. Packed parcels wait for the carrier: they can still be stopped."""
    if state == "placed":
        return frozenset({"cancel", "change_address", "change_quantity"})
    if state == "packed":
        return frozenset({"cancel", "change_address"})
    in_time = last_return_day is not None and today <= last_return_day
    if state == "delivered" and in_time and any(line.returnable for line in lines):
        return frozenset({"return"})
    return frozenset()


def check_cancel(order: Order) -> None:
    if "cancel" not in order.allowed:
        refuse("too_late", f"Order {order.number} is already on its way or delivered, so it can't be cancelled.")


def check_change_address(order: Order) -> None:
    _check_not_cancelled(order)
    if "change_address" not in order.allowed:
        refuse("too_late", f"Order {order.number} has already left us, so its address can't be changed.")


def checked_address(address: Address) -> Address:
    """The address, tidied.

    Raises:
        ShopRefuses: a part is missing or too long, or the postcode is none.
    """
    parts = {name: " ".join(_storable(getattr(address, name)).split()) for name in ("name", "street", "town")}
    tidy = replace(address, **parts, postcode=tidy_postcode(address.postcode))
    for part, what in ((tidy.name, "name"), (tidy.street, "street"), (tidy.town, "town")):
        if not part:
            refuse("bad_address", f"The {what} is missing from the address.")
        if len(part) > LONGEST_ADDRESS_PART:
            refuse("bad_address", f"The {what} is too long for a label: {LONGEST_ADDRESS_PART} letters fit.")
    if not _POSTCODE.fullmatch(tidy.postcode):
        refuse("bad_address", "That postcode is not a British one. It should look like BS1 4DJ.")
    return tidy


def check_change_quantity(order: Order, sku: str, quantity: int, stock: int) -> Line | None:
    """The line to change; None when there is nothing to do, because what is to be taken out is not there."""
    _check_not_cancelled(order)
    if "change_quantity" not in order.allowed:
        refuse("too_late", f"Order {order.number} is already packed, so what is in it can't be changed.")
    if not 0 <= quantity <= MOST_OF_ONE_ITEM:
        refuse("bad_quantity", f"Between 0 and {MOST_OF_ONE_ITEM} of an item can be ordered here.")
    line = order.line(sku)
    if line is None:
        # A removal that is asked for again finds its work done.
        return None if quantity == 0 else refuse("unknown_item", f"Order {order.number} has no such item.")
    if quantity == 0 and len(order.lines) == 1:
        refuse("last_item", f"That is all there is in order {order.number}. It can be cancelled instead.")
    if quantity - line.quantity > stock:
        refuse("out_of_stock", f"There are only {stock} more in stock." if stock else "There are no more in stock.")
    return line


def check_return(order: Order, sku: str, today: date, earlier: Return | None, kept_because: str | None) -> Line:
    """The line that may be sent back. ``kept_because``: why the shop does not take this kind of item."""
    _check_not_cancelled(order)
    if order.state != "delivered" or order.returnable_until is None:
        refuse("not_delivered", f"Order {order.number} has not been delivered yet.")
    line = order.line(sku)
    if line is None:
        refuse("unknown_item", f"Order {order.number} has no such item.")
    if earlier is not None:
        refuse("not_returnable", f"That item of order {order.number} has come back to us already.")
    if kept_because:
        refuse("not_returnable", f"That item can't be sent back: {kept_because}.")
    if today > order.returnable_until:
        refuse("too_late", f"Items can be sent back within {RETURN_DAYS} days of delivery, and those are over.")
    return line


def checked_reason(reason: str) -> str:
    """The reason for a return, in the customer's words, as it is kept."""
    return _storable(reason)[:LONGEST_REASON]


def refuse(code: RefusalCode, message: str) -> NoReturn:
    raise ShopRefuses(code, message)


def _check_not_cancelled(order: Order) -> None:
    if order.state == "cancelled":
        refuse("already_cancelled", f"Order {order.number} is cancelled.")


def _storable(text: str) -> str:
    """Half a character, which JSON can carry, is no text for a database."""
    return text.encode(errors="replace").decode()
