"""Sending an order somewhere else: street, town, postcode, and one look at the whole before it is done."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.address_text import (
    address_by_the_way,
    address_in,
    looks_like_street,
    looks_like_town,
    names_a_street,
    tidy_street,
    tidy_town,
)
from actions.cancel_order import about
from actions.identity import postcode_in
from actions.order_action import OrderAction, OrderQuestion
from actions.order_form import OrderForm
from actions.shop import Order
from actions.shop_invoice import Address
from actions.wiring import ask_shop

PARTS = ("new_street", "new_town", "new_postcode")
# What the name of a town is taken for, when it is not known from the training data.
_MISREAD_TOWNS = frozenset({"deny", "greet", "goodbye", "thank", "out_of_scope", "product_question", "nlu_fallback"})
SLOTS = (*PARTS, "address_confirmed")


class ValidateChangeAddressForm(OrderForm):
    """Takes an address bit by bit or in one go; at the confirmation, what is typed corrects it."""

    intents = frozenset({"change_address"})
    own_slots = SLOTS
    confirmations = ("address_confirmed",)
    # In a turn that is run again, the order goes to the new postcode already.
    proofs = ("postcode", "new_postcode")

    def name(self) -> str:
        return "validate_change_address_form"

    def told_by_the_way(self, tracker: Tracker) -> dict[str, Any]:
        parts = address_by_the_way(str(tracker.latest_message.get("text") or ""))
        return {"new_street": parts.street, **_others(parts.town, parts.postcode)} if parts.street else {}

    def takes(self, slot: str, text: str, intent: str | None) -> bool:
        if slot == "new_street":
            parts = address_in(text)
            return "?" not in text and looks_like_street(parts.street or "")
        return slot == "new_town" and intent in _MISREAD_TOWNS and looks_like_town(text)

    async def needed(self, order: Order, tracker: Tracker) -> list[str]:
        return list(SLOTS) if "change_address" in order.allowed else []

    async def validate_new_street(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """What was typed for the street may hold the whole address."""
        parts = address_in(str(value))
        street = tidy_street(parts.street or "")
        found = {"new_street": street, **_others(parts.town, parts.postcode)}
        if street is None and not found.get("new_postcode"):
            found.update(self.missed(tracker, dispatcher, "utter_street_unreadable"))
        return found

    async def validate_new_town(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """A town, perhaps with its postcode behind it."""
        parts = address_in(str(value))
        if parts.town is None and names_a_street(str(value)):
            return {"new_street": tidy_street(parts.street or ""), "new_town": None, **_others(None, parts.postcode)}
        town = tidy_town(parts.town or parts.street or "")
        found = {"new_town": town, **_others(None, parts.postcode)}
        if town is None and not found.get("new_postcode"):
            found.update(self.missed(tracker, dispatcher, "utter_town_unreadable"))
        return found

    async def validate_new_postcode(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        postcode = postcode_in(str(value))
        if postcode is None:
            return {"new_postcode": None, **self.missed(tracker, dispatcher, "utter_postcode_unreadable")}
        return {"new_postcode": postcode}

    async def validate_address_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """Yes, no, the button "Correct it" (a bare ``/inform``), or the correction itself, in words."""
        text = str(tracker.latest_message.get("text") or "")
        if value is True:
            return {"address_confirmed": True}
        if text == "/inform":
            return {**dict.fromkeys(PARTS), "address_confirmed": None}
        corrected = corrections(text)
        if corrected:
            return {**corrected, "address_confirmed": None}
        return self.yes_or_no("address_confirmed", tracker, dispatcher)


class ActionAskAddressConfirmed(OrderQuestion):
    """Shows the new address beside the order, and asks."""

    again = "change_address"

    def name(self) -> str:
        return "action_ask_address_confirmed"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        address = new_address(order, tracker).one_line()
        dispatcher.utter_message(response="utter_ask_address_confirmed", **about(order), address=address)
        return []


class ActionChangeAddress(OrderAction):
    """Changes the address, or says why not."""

    again = "change_address"
    own_slots = SLOTS

    def name(self) -> str:
        return "action_change_address"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        if "change_address" not in order.allowed:
            dispatcher.utter_message(response=f"utter_address_{order.state}", **about(order))
            return []
        if tracker.get_slot("address_confirmed") is not True:
            dispatcher.utter_message(response="utter_address_kept", **about(order), address=_where(order))
            return []
        order = await ask_shop(self.shop.change_address, order.number, new_address(order, tracker))
        dispatcher.utter_message(response="utter_address_changed", **about(order), address=_where(order))
        return [SlotSet("postcode", order.postcode)]  # the order's postcode is another one now


def new_address(order: Order, tracker: Tracker) -> Address:
    """The address that was typed, to the person whom the order is for."""
    street, town, postcode = (str(tracker.get_slot(part) or "") for part in PARTS)
    return Address(order.address.name if order.address else "", street, town, postcode)


def corrections(text: str) -> dict[str, str]:
    """The parts of an address that a sentence corrects (``no, it's 14 Rose Lane``); none when it names none."""
    parts = address_in(text)
    street = tidy_street(parts.street or "") if any(letter.isdigit() for letter in parts.street or "") else None
    found = {"new_street": street, "new_town": parts.town if street else None, "new_postcode": parts.postcode}
    return {name: value for name, value in found.items() if value}


def _others(town: str | None, postcode: str | None) -> dict[str, Any]:
    found = {"new_town": town, "new_postcode": postcode}
    return {name: value for name, value in found.items() if value}


def _where(order: Order) -> str:
    return order.address.one_line() if order.address else ""
