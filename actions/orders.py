"""Tracking an order: the form's validation, and what the customer is told about the order."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import date
from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import wording
from actions.shop import Order, Shop, ShopUnavailable
from actions.wiring import shop as wired_shop

logger = logging.getLogger(__name__)

_ORDER_NUMBER = re.compile(r"(?<!\d)(\d{4})(?!\d)")
MISSES_BEFORE_GIVING_UP = 3


def order_number_in(text: str) -> str | None:
    """The first four-digit number in what was typed (``#1042``, ``no 1042 sorry``), or None."""
    found = _ORDER_NUMBER.search(text)
    return found.group(1) if found else None


class ValidateTrackOrderForm(FormValidationAction):
    """Checks the number against the shop. Three misses in a row end the form without a number."""

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop

    def name(self) -> str:
        return "validate_track_order_form"

    async def validate_order_number(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Slots to set: the number (None when it was not accepted) and how many misses there were in a row."""
        number = order_number_in(str(value))
        if number is None:
            return self._missed(tracker, dispatcher, "utter_order_number_unreadable")
        try:
            order = await asyncio.to_thread((self._shop or wired_shop()).order, number)
        except ShopUnavailable as error:
            # The number may well be right: it is kept, and action_order_status says what is the matter.
            logger.warning("%s", error)
            return {"order_number": number}
        if order is None:
            return self._missed(tracker, dispatcher, "utter_order_not_found", order_number=number)
        return {"order_number": number, "order_misses": 0}

    @staticmethod
    def _missed(tracker: Tracker, dispatcher: CollectingDispatcher, response: str, **values: str) -> dict[str, Any]:
        earlier = int(tracker.get_slot("order_misses") or 0)
        # A count that had already reached the end belongs to an earlier attempt.
        misses = 1 if earlier >= MISSES_BEFORE_GIVING_UP else earlier + 1
        slots: dict[str, Any] = {"order_number": None, "order_misses": misses}
        if misses < MISSES_BEFORE_GIVING_UP:
            dispatcher.utter_message(response=response, **values)
        else:
            slots["requested_slot"] = None
        return slots


class ActionOrderStatus(Action):
    """Says where the order is."""

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop

    def name(self) -> str:
        return "action_order_status"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        number = str(tracker.get_slot("order_number"))
        try:
            order = await asyncio.to_thread((self._shop or wired_shop()).order, number)
        except ShopUnavailable as error:
            logger.warning("%s", error)
            dispatcher.utter_message(response="utter_shop_unavailable")
            return []
        if order is None:
            dispatcher.utter_message(response="utter_order_not_found", order_number=number)
            return []
        response, values = order_status(order, date.today())
        dispatcher.utter_message(response=response, **values)
        if order_number_in(str(tracker.latest_message.get("text"))) != number:
            # The number is known from earlier, perhaps from weeks ago: the customer may mean another order by now.
            dispatcher.utter_message(response="utter_another_order")
        return []


def order_status(order: Order, today: date) -> tuple[str, dict[str, str]]:
    """The response that tells how an order stands, and the values for its text."""
    values = {
        "order_number": order.number,
        "items": wording.listed(order.items),
        "placed": wording.day(order.placed_on, today),
        "expected": wording.day(order.expected_on, today) if order.expected_on else "soon",
        "delivered": wording.day(order.delivered_on, today) if order.delivered_on else "already",
        "carrier": order.carrier or "the carrier",
        "tracking": order.tracking or "not known yet",
    }
    return f"utter_order_{'late' if order.is_late(today) else order.state}", values
