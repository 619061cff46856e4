"""The bases of what is asked and done about one order: both make sure first whose it is."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.identity import may_know
from actions.shop import Order, Shop, ShopRefuses, ShopUnavailable
from actions.wiring import ask_shop
from actions.wiring import shop as wired_shop

logger = logging.getLogger(__name__)


class OnOrder(Action, ABC):
    """Reads the order under discussion, and says so when the shop does not answer."""

    again = ""  # the intent that tries again, by the button of that name

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop

    @property
    def shop(self) -> Shop:
        return self._shop or wired_shop()

    @abstractmethod
    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        """Do it and say so. May raise `ShopUnavailable` and `ShopRefuses`: the base says what that means."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        try:
            order = await ask_shop(self.shop.order, str(tracker.get_slot("order_number")))
            if order is None or not may_know(order, tracker):
                # The form ended before it was known: the shop did not answer then.
                raise ShopUnavailable("It is not known whose order this is")
            return await self.act(order, dispatcher, tracker)
        except ShopUnavailable as error:
            logger.warning("%s", error)
            dispatcher.utter_message(response="utter_shop_unavailable", again=self.again)
        except ShopRefuses as error:
            dispatcher.utter_message(response="utter_shop_refuses", message=error.message)
        return []


class OrderQuestion(OnOrder):
    """Asks for a slot of a form, with what the order says. Its name is ``action_ask_<slot>``."""


class OrderAction(OnOrder):
    """What a form was for. Runs when the form ended without giving up, and empties the form's own slots."""

    own_slots: tuple[str, ...] = ()

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        events = await super().run(dispatcher, tracker, domain)
        return [*events, *(SlotSet(slot, None) for slot in self.own_slots)]
