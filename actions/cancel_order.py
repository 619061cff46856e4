"""Cancelling an order: asked once more before it is done, and explained when it is too late."""

from __future__ import annotations

from datetime import date
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import wording
from actions.order_action import OrderAction, OrderQuestion
from actions.order_form import OrderForm
from actions.shop import Order, Refund
from actions.wiring import ask_shop

SLOTS = ("cancel_confirmed",)


class ValidateCancelOrderForm(OrderForm):
    """Needs a yes, if the order can be cancelled at all."""

    intents = frozenset({"cancel_order"})
    own_slots = confirmations = SLOTS

    def name(self) -> str:
        return "validate_cancel_order_form"

    def takes(self, slot: str, text: str, intent: str | None) -> bool:
        # "Cancel" is not "never mind" here: whether it means the order or the question has to be asked.
        return slot == "cancel_confirmed" and intent == "stop_form" and "cancel" in text.lower()

    async def needed(self, order: Order, tracker: Tracker) -> list[str]:
        return list(SLOTS) if "cancel" in order.allowed else []

    async def validate_cancel_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        return self.yes_or_no("cancel_confirmed", tracker, dispatcher)


class ActionAskCancelConfirmed(OrderQuestion):
    """Names what would be cancelled, and asks."""

    again = "cancel_order"

    def name(self) -> str:
        return "action_ask_cancel_confirmed"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        dispatcher.utter_message(response="utter_ask_cancel_confirmed", **about(order))
        return []


class ActionCancelOrder(OrderAction):
    """Cancels the order, or says why not."""

    again = "cancel_order"
    own_slots = SLOTS

    def name(self) -> str:
        return "action_cancel_order"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        # The yes counts before the state: in a turn that is run again, the order is cancelled already.
        if tracker.get_slot("cancel_confirmed") is True:
            order = await ask_shop(self.shop.cancel, order.number)
            response, values = cancelled(order, await ask_shop(self.shop.refund, order.number), date.today())
            dispatcher.utter_message(response=response, **values)
        elif "cancel" in order.allowed:
            dispatcher.utter_message(response="utter_cancel_kept", **about(order))
        else:
            dispatcher.utter_message(response=f"utter_cancel_{order.state}", **about(order))
        return []


def cancelled(order: Order, refund: Refund | None, today: date) -> tuple[str, dict[str, Any]]:
    """The response that tells of a cancellation, and the values for its text: what was paid comes back."""
    if refund is None:
        return "utter_cancel_done", about(order)
    values = {**about(order), "amount": wording.money(refund.amount), "method": refund.method}
    if refund.expected_on is None:
        return "utter_cancel_done_refund", values
    return "utter_cancel_done_refund_day", {**values, "expected": wording.day(refund.expected_on, today)}


def about(order: Order) -> dict[str, str]:
    """The values that every response about an order may use."""
    return {
        "order_number": order.number,
        "items": wording.listed(order.items),
        "total": wording.money(order.total),
    }
