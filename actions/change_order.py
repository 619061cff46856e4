"""Changing what is in an order: fewer or more of an item, or none of it. A person is offered for all else."""

from __future__ import annotations

import json
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.cancel_order import about
from actions.change_text import item_in, kind_in, number_in, number_removed
from actions.order_action import OrderAction, OrderQuestion
from actions.order_form import OrderForm
from actions.shop import Line, Order, ShopRefuses
from actions.wiring import ask_shop

SLOTS = ("change_kind", "change_item", "change_quantity", "change_confirmed")
MOST = 20  # of one item; the shop has the last word


class ValidateChangeOrderForm(OrderForm):
    """Needs to know what sort of change, which item, how many, and a yes."""

    intents = frozenset({"change_order"})
    own_slots = SLOTS
    confirmations = ("change_confirmed",)

    def name(self) -> str:
        return "validate_change_order_form"

    def told_by_the_way(self, tracker: Tracker) -> dict[str, Any]:
        kind = _kind(tracker)
        return {"change_kind": kind, "change_item": _text(tracker) or None} if kind else {}

    async def needed(self, order: Order, tracker: Tracker) -> list[str]:
        kind = tracker.get_slot("change_kind")
        if kind == "other" or "change_quantity" not in order.allowed:
            return []
        if kind == "remove" and _is_all(order, tracker):
            return []
        return list(SLOTS)

    async def validate_change_kind(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """A button, or words that may name item and number as well."""
        kind = _kind(tracker) or (value if value in ("remove", "quantity", "other") else None)
        if kind is None and number_in(str(value)) is not None:
            kind = "quantity"
        if kind is None:
            return {"change_kind": None, **self.missed(tracker, dispatcher, "utter_change_kind_unreadable")}
        assert self.order is not None
        only = self.order.lines[0].sku if len(self.order.lines) == 1 else None
        return {"change_kind": kind, "change_item": tracker.get_slot("change_item") or _text(tracker) or only}

    async def validate_change_item(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The item's stock number; the number that is wanted may stand beside it."""
        assert self.order is not None
        lines = self.order.lines
        line = lines[0] if len(lines) == 1 else item_in(str(value), lines)
        if line is None:
            # Words about the change that name no item are no miss: nobody has asked for one yet.
            if tracker.get_slot("requested_slot") == "change_item":
                return {"change_item": None, **self.missed(tracker, dispatcher, "utter_item_unreadable")}
            kept = number_in(str(value)) if tracker.get_slot("change_kind") == "quantity" else None
            return {"change_item": None, "change_quantity": kept}
        quantity = tracker.get_slot("change_quantity")
        if quantity is None:
            quantity = self._quantity_meant(str(value), line, tracker)
        return {"change_item": line.sku, "change_quantity": quantity}

    async def validate_change_quantity(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        number = value if isinstance(value, (int, float)) else number_in(str(value))
        if number is None or not 0 <= number <= MOST:
            return {"change_quantity": None, **self.missed(tracker, dispatcher, "utter_quantity_unreadable")}
        return {"change_quantity": int(number)}

    async def validate_change_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Yes, no, or another number: ``no, 3``."""
        if value is True:
            return {"change_confirmed": True}
        number = number_in(_text(tracker))
        if number is not None and number <= MOST:
            return {"change_quantity": number, "change_confirmed": None}
        return self.yes_or_no("change_confirmed", tracker, dispatcher)

    @staticmethod
    def _quantity_meant(text: str, line: Line, tracker: Tracker) -> int | None:
        if tracker.get_slot("change_kind") == "remove":
            return number_removed(text, line)
        number = number_in(text)
        return number if number is not None and number <= MOST else None


class ActionAskChangeItem(OrderQuestion):
    """Which item, with the order's items to choose from."""

    again = "change_order"

    def name(self) -> str:
        return "action_ask_change_item"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        items = [{"title": line.label, "payload": "/inform" + json.dumps({"item": line.sku})} for line in order.lines]
        dispatcher.utter_message(response="utter_ask_change_item", buttons=items[:10])
        return []


class ActionAskChangeQuantity(OrderQuestion):
    """How many, with how many there are now."""

    again = "change_order"

    def name(self) -> str:
        return "action_ask_change_quantity"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        line = _line(order, tracker)
        dispatcher.utter_message(response="utter_ask_change_quantity", item=line.label.lower())
        return []


class ActionAskChangeConfirmed(OrderQuestion):
    """Says what would be changed, and asks."""

    again = "change_order"

    def name(self) -> str:
        return "action_ask_change_confirmed"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        line, quantity = _line(order, tracker), int(tracker.get_slot("change_quantity") or 0)
        response = "utter_ask_change_confirmed" if quantity else "utter_ask_removal_confirmed"
        dispatcher.utter_message(response=response, **about(order), **_change(line, quantity))
        return []


class ActionChangeOrder(OrderAction):
    """Changes the order, or says why not and what can be done instead."""

    again = "change_order"
    own_slots = SLOTS

    def name(self) -> str:
        return "action_change_order"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        if "change_quantity" not in order.allowed:
            response = f"utter_change_{order.state}"
        elif tracker.get_slot("change_kind") == "other":
            response = "utter_change_not_possible"
        elif tracker.get_slot("change_kind") == "remove" and tracker.get_slot("change_confirmed") is None:
            response = "utter_change_last_item"
        elif tracker.get_slot("change_confirmed") is not True:
            response = "utter_change_kept"
        else:
            return await self._change(order, dispatcher, tracker)
        dispatcher.utter_message(response=response, **about(order))
        return []

    async def _change(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        sku, quantity = str(tracker.get_slot("change_item")), int(tracker.get_slot("change_quantity") or 0)
        try:
            order = await ask_shop(self.shop.change_quantity, order.number, sku, quantity)
        except ShopRefuses as error:
            if error.code != "last_item":
                raise
            dispatcher.utter_message(response="utter_change_last_item", **about(order))
            return []
        dispatcher.utter_message(response="utter_change_done", **about(order))
        return []


def _text(tracker: Tracker) -> str:
    """What was typed; nothing when a button was pressed."""
    text = str(tracker.latest_message.get("text") or "")
    return "" if text.startswith("/") else text


def _kind(tracker: Tracker) -> str | None:
    return kind_in([str(each.get("entity")) for each in tracker.latest_message.get("entities") or []])


def _is_all(order: Order, tracker: Tracker) -> bool:
    """Whether taking out what is meant would leave nothing in the order."""
    return len(order.lines) == 1 and not tracker.get_slot("change_quantity")


def _line(order: Order, tracker: Tracker) -> Line:
    sku = str(tracker.get_slot("change_item"))
    # In a turn that is run again, what was taken out is gone already.
    return order.line(sku) or Line(sku, "that item", 0)


def _change(line: Line, quantity: int) -> dict[str, str]:
    return {"item": line.name.lower(), "before": str(line.quantity), "after": str(quantity)}
