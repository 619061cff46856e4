"""Sending something back: which item, why, and the label for the parcel."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import ActionExecutionRejected, EventType
from rasa_sdk.executor import CollectingDispatcher

from actions import turn_events, wording
from actions.choices import choices, chosen, intent_of
from actions.items import line_meant
from actions.order_action import OrderQuestion
from actions.order_form import OrderForm
from actions.shop import Order, Return, ShopRefuses, ShopUnavailable
from actions.shop_answers import Answer, AnswerAction
from actions.wiring import ask_shop

ROWS = 10  # WhatsApp's list
REASONS = "utter_ask_return_reason"
# With these the shop is at fault: a colleague can send another one instead of the money.
OUR_FAULT = frozenset({"damaged", "wrong"})
_NOT_DELIVERED: dict[str, str] = {
    "cancelled": "utter_return_cancelled",
    "placed": "utter_return_not_sent",
    "packed": "utter_return_not_sent",
    "shipped": "utter_return_under_way",
}


class ValidateReturnItemForm(OrderForm):
    """Which item of the order, and why. An order of one item is not asked which."""

    intents = frozenset({"return_item", "complaint"})  # a reason often sounds like a complaint
    own_slots = ("return_item", "return_reason")

    def name(self) -> str:
        return "validate_return_item_form"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        """As every form about an order; but a no is an answer if it brings another item ("no, the mugs"), and else
        leaves the form."""
        heard = CollectingDispatcher()
        events = await super().run(heard, tracker, domain)
        own = [event for event in events if event["event"] == "slot" and event["name"] in self.own_slots]
        if intent_of(tracker) == "deny" and own and not any(event["value"] for event in own):
            return [ActionExecutionRejected(self.form_name())]
        dispatcher.messages.extend(heard.messages)
        return events

    async def needed(self, order: Order, tracker: Tracker) -> list[str]:
        if why_not(order, date.today()):
            return []
        if len(order.lines) == 1:
            tracker.slots["return_item"] = order.lines[0].name
        line = line_meant(str(tracker.get_slot("return_item") or ""), order.lines)
        # What cannot be sent back needs no reason: the shop says so at once.
        return ["return_item"] if line and not line.returnable else ["return_item", "return_reason"]

    async def validate_return_item(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The slot: the name of one of the order's items."""
        assert self.order is not None
        line = line_meant(str(value), self.order.lines)
        if line is not None:
            return {"return_item": line.name}
        if len(self.order.lines) > 1 and self._asked_for(tracker, "return_item"):
            return {"return_item": None, **self.missed(tracker, dispatcher, "utter_return_item_unclear")}
        return {"return_item": turn_events.value_before(tracker, "return_item") if self._goes_on(tracker) else None}

    async def validate_return_reason(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The slot: one of the list's values, else the customer's own words."""
        assert self.order is not None
        said = str(value)
        offered = choices(domain, REASONS, "return_reason")
        reason = said if said in {choice.value for choice in offered} else chosen(said, offered)
        if reason:
            return {"return_reason": reason}
        if not self._asked_for(tracker, "return_reason"):
            return {"return_reason": None}  # what opened the form gave no reason
        another = line_meant(said, self.order.lines)
        if another is not None and another.name != tracker.get_slot("return_item"):
            return {"return_item": another.name, "return_reason": None}  # "no, the mugs"
        if intent_of(tracker) == "deny":
            return {"return_reason": None}
        if said.rstrip().endswith("?"):
            return {"return_reason": None, **self.missed(tracker, dispatcher, "utter_return_reason_unclear")}
        return {"return_reason": said}

    def _goes_on(self, tracker: Tracker) -> bool:
        return not turn_events.starts_now(tracker, self.form_name())

    def _asked_for(self, tracker: Tracker, slot: str) -> bool:
        return self._goes_on(tracker) and tracker.get_slot("requested_slot") == slot


class ActionAskReturnItem(OrderQuestion):
    """Asks which item, with the order's items as buttons or a list."""

    again = "return_item"

    def name(self) -> str:
        return "action_ask_return_item"

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        names = [line.name for line in order.lines[:ROWS]]
        buttons = [{"title": name, "payload": "/return_item" + json.dumps({"return_item": name})} for name in names]
        dispatcher.utter_message(response="utter_ask_return_item", buttons=buttons)
        return []


class ActionOpenReturn(AnswerAction):
    """Opens the return and gives the label; or says why it cannot be, and what can."""

    again = "return_item"
    own_slots = ValidateReturnItemForm.own_slots

    def name(self) -> str:
        return "action_open_return"

    async def answer(self, order: Order, tracker: Tracker) -> Answer:
        why = why_not(order, self.today())
        if why:
            return why
        line = line_meant(str(tracker.get_slot("return_item") or ""), order.lines)
        if line is None:
            raise ShopUnavailable("The form ended before it was known which item is meant")
        reason = str(tracker.get_slot("return_reason") or "not said")
        try:
            opened = await ask_shop(self.shop.open_return, order.number, line.sku, reason)
        except ShopRefuses as refusal:
            return Answer("utter_return_refused", {"why": refusal.message}, needs_person=True)
        return opened_answer(opened, self.today())


def opened_answer(opened: Return, today: date) -> Answer:
    """What is said about an opened return. Where the shop is at fault it says that another one could come instead."""
    values = {
        "order_number": opened.number,
        "item": wording.listed([opened.item]),
        "label": opened.label_code,
        "drop_off": opened.drop_off,
        "deadline": wording.day(opened.deadline, today),
    }
    response = "utter_return_opened_fault" if opened.reason in OUR_FAULT else "utter_return_opened"
    return Answer(response, values, slots={"return_label": opened.label_code})


def why_not(order: Order, today: date) -> Answer | None:
    """What is said about an order of which nothing can be sent back now; None when something can."""
    if "return" in order.allowed:
        return None
    values = {"order_number": order.number}
    if order.state in _NOT_DELIVERED:
        return Answer(_NOT_DELIVERED[order.state], values)
    if not any(line.returnable for line in order.lines):
        return Answer("utter_return_never", {**values, "items": wording.listed(order.items)}, needs_person=True)
    last = order.returnable_until
    day = wording.day(last, today) if last else "some time ago"
    return Answer("utter_return_too_late", {**values, "last_day": day}, needs_person=True)
