"""Tracking an order: the form, and what the customer is told about the order."""

from __future__ import annotations

from datetime import date

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import turn_events, wording
from actions.identity import order_number_in
from actions.order_action import OrderAction
from actions.order_form import OrderForm
from actions.shop import Order


class ValidateTrackOrderForm(OrderForm):
    """Needs nothing but the order."""

    intents = frozenset({"track_order"})

    def name(self) -> str:
        return "validate_track_order_form"


class ActionOrderStatus(OrderAction):
    """Says where the order is."""

    again = "track_order"

    def name(self) -> str:
        return "action_order_status"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        response, values = order_status(order, date.today())
        dispatcher.utter_message(response=response, **values)
        named = order_number_in(str(tracker.latest_message.get("text"))) == order.number
        if not named and turn_events.starts_now(tracker, "track_order_form"):
            # Nobody said which order: the one under discussion, or the only one. They may mean another.
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
