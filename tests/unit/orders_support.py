"""Orders, a shop that knows them, and trackers as Rasa sends them to a form's validation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.shop import Change, Line, Order, Refund, ShopRefuses, ShopUnavailable
from actions.shop_invoice import Address

TODAY = date(2026, 3, 2)
ANA, STRANGER = "447700900123", "447700900999"
HOME = Address("Ana Lopes", "12 Harbour Walk", "Bristol", "BS1 4DJ")
TEAPOT = Line("TEA-BLU", "Blue teapot", 1, 3400, "blue teapots")
MUGS = Line("MUG-STO", "Mug", 2, 1150, "mugs")
PLACED: frozenset[Change] = frozenset({"cancel", "change_address", "change_quantity"})


def an_order(number: str = "1047", **more: Any) -> Order:
    """An order of Ana's that was placed yesterday, unless told otherwise."""
    about = {
        "state": "placed",
        "lines": (TEAPOT, MUGS),
        "placed_on": TODAY - timedelta(days=1),
        "expected_on": TODAY + timedelta(days=3),
        "phone": ANA,
        "address": HOME,
        "allowed": PLACED,
    }
    return Order(number=number, **{**about, **more})


SHIPPED = an_order(
    "1042",
    state="shipped",
    allowed=frozenset(),
    expected_on=TODAY + timedelta(days=1),
    carrier="DPD",
    tracking="DP1",
)
PACKED = an_order("1044", state="packed", allowed=frozenset({"cancel", "change_address"}))


class FewOrders:
    """A shop of a few orders that does what it is asked, or does not answer."""

    def __init__(self, *orders: Order, answers: bool = True) -> None:
        self.orders = {order.number: order for order in orders}
        self.answers = answers
        self.asked: list[tuple[Any, ...]] = []

    def order(self, number: str) -> Order | None:
        if not self.answers:
            raise ShopUnavailable("The shop is closed for this test")
        return self.orders.get(number)

    def orders_of(self, phone: str) -> tuple[Order, ...]:
        if not self.answers:
            raise ShopUnavailable("The shop is closed for this test")
        return tuple(order for order in self.orders.values() if order.phone == phone)

    def cancel(self, number: str) -> Order:
        return self._change(number, "cancel", state="cancelled", allowed=frozenset())

    def change_address(self, number: str, address: Address) -> Order:
        return self._change(number, "change_address", address=address)

    def change_quantity(self, number: str, sku: str, quantity: int) -> Order:
        lines = [replace(line, quantity=quantity if line.sku == sku else line.quantity) for line in self._lines(number)]
        return self._change(number, "change_quantity", lines=tuple(line for line in lines if line.quantity))

    def refund(self, number: str) -> Refund | None:
        order = self.order(number)
        if order is None or order.state != "cancelled" or order.payment != "paid":
            return None
        return Refund(number, "pending", order.total, "card ending 4242", TODAY + timedelta(days=5))

    def _lines(self, number: str) -> tuple[Line, ...]:
        order = self.order(number)
        return order.lines if order else ()

    def _change(self, number: str, change: str, **changed: Any) -> Order:
        order = self.order(number)
        self.asked.append((change, number))
        if order is None:
            raise ShopRefuses("unknown_order", "There is no such order.")
        if change not in order.allowed and order.state != changed.get("state"):
            raise ShopRefuses("too_late", "It is too late for that.")
        self.orders[number] = replace(order, **changed)
        return self.orders[number]


def slot_event(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


def message(text: str, intent: str, phone: str | None = None, **entities: str) -> dict[str, Any]:
    found = [{"entity": name, "value": value} for name, value in entities.items()]
    metadata = {"customer": {"phone": phone}} if phone else {}
    data = {"text": text, "intent": {"name": intent}, "entities": found}
    return {"event": "user", "text": text, "parse_data": data, "metadata": metadata}


def form_tracker(
    form: str,
    said: dict[str, Any],
    told: dict[str, Any] | None = None,
    known: dict[str, Any] | None = None,
    asked: str | None = None,
) -> Tracker:
    """A form's validation is asked about the message ``said``, which told the slots ``told``.

    ``known`` are slots from before. ``asked`` is what the form has asked for; None means that the message opens it.
    """
    told, known = told or {}, known or {}
    before = [slot_event(name, value) for name, value in known.items()]
    starts = [] if asked else [{"event": "active_loop", "name": form}]
    candidates = [slot_event(name, value) for name, value in ({**known, **told} if not asked else told).items()]
    events = [
        *before,
        said,
        *(slot_event(name, value) for name, value in told.items()),
        *starts,
        {"event": "action", "name": form},
        *candidates,
    ]
    slots = {"form_gave_up": False, "order_misses": 0, **known, **told, "requested_slot": asked}
    return Tracker("ana", slots, said["parse_data"], events, False, None, {"name": form}, "action_listen")


async def run(action: Any, tracker: Tracker) -> tuple[dict[str, Any], list[str]]:
    """The slots that an action set, with ``rejected`` when it declined to run, and the responses that it said."""
    dispatcher = CollectingDispatcher()
    events = await action.run(dispatcher, tracker, {})
    slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    if any(event["event"] == "action_execution_rejected" for event in events):
        slots["rejected"] = True
    return slots, [said["response"] for said in dispatcher.messages]
