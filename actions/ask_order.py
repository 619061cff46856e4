"""Which order? Asked with the customer's own orders to choose from, when the channel tells who they are."""

from __future__ import annotations

import json
import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.choices import typed
from actions.identity import customer_phone, offered, order_title, with_item
from actions.shop import Order, Shop, ShopUnavailable
from actions.wiring import ask_shop
from actions.wiring import shop as wired_shop

logger = logging.getLogger(__name__)


class ActionAskOrderNumber(Action):
    """Run by every form that needs an order's number."""

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop

    def name(self) -> str:
        return "action_ask_order_number"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        orders = await self._orders_of(customer_phone(tracker))
        orders = tuple(with_item(orders, typed(tracker))) or orders  # "the doormat": of two orders with one
        form = str((tracker.active_loop or {}).get("name"))
        choices = [
            {"title": order_title(order), "payload": "/inform" + json.dumps({"order_number": order.number})}
            for order in offered(orders, form)
        ]
        if choices:
            dispatcher.utter_message(response="utter_ask_which_order", buttons=choices)
        else:
            dispatcher.utter_message(response="utter_ask_order_number")
        return []

    async def _orders_of(self, phone: str | None) -> tuple[Order, ...]:
        if not phone:
            return ()
        try:
            return await ask_shop((self._shop or wired_shop()).orders_of, phone)
        except ShopUnavailable as error:
            logger.warning("%s", error)  # the number can be typed all the same
            return ()
