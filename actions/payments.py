"""Trouble with paying: how the payment of an order stands, and the way to pay again."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import turn_events, wording
from actions.order_form import OrderForm
from actions.shop import Order, Payment
from actions.shop_answers import Answer, AnswerAction
from actions.wiring import ask_shop

# The shop sees one payment; whether the bank took two, only a colleague can find out.
_TWICE = re.compile(r"\b(twice|two times|2 times|2x|double|doubled|again|duplicate|two payments|both)\b")
_CHARGED = re.compile(r"charg|paid|pay|took|taken|billed|debit|money|duplicate|double")
# Asked in general, about no order.
_WAYS_TO_PAY = re.compile(
    r"\b(pay (with|by|using|via|on|in)|paypal|apple ?pay|google ?pay|klarna|gift ?cards?|vouchers?|instal+ments?|"
    r"(which|what) (cards?|payment)|payment (methods?|options?)|how (can|do) i pay|do you (take|accept))\b"
)
_WENT_WRONG = re.compile(r"declin|fail|reject|refus|error|problem|not work|n[o']t|twice|double|charged|stuck|pending")


def is_charged_twice(text: str) -> bool:
    """Whether a customer says that they paid the same thing twice."""
    return bool(_TWICE.search(text.lower()) and _CHARGED.search(text.lower()))


def asks_how_to_pay(text: str) -> bool:
    """Whether a customer asks in what ways one can pay, which is about no order."""
    return bool(_WAYS_TO_PAY.search(text.lower())) and not _WENT_WRONG.search(text.lower())


class ValidatePaymentProblemForm(OrderForm):
    """Needs the order, and keeps what the customer said about the payment; a general question needs not even that."""

    intents = frozenset({"payment_problem"})
    own_slots = ("payment_issue",)

    def name(self) -> str:
        return "validate_payment_problem_form"

    async def needed(self, order: Order, tracker: Tracker) -> list[str]:
        return []  # what they said when they opened the form is enough

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        issue = str(tracker.get_slot("payment_issue") or "")
        if turn_events.starts_now(tracker, self.form_name()) and asks_how_to_pay(issue):
            return [SlotSet("payment_issue", issue), SlotSet("form_gave_up", False), SlotSet("requested_slot", None)]
        return await super().run(dispatcher, tracker, domain)


class ActionPayment(AnswerAction):
    """Says how an order's payment stands, or in what ways one can pay."""

    again = "payment_problem"
    own_slots = ValidatePaymentProblemForm.own_slots

    def name(self) -> str:
        return "action_payment"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        if asks_how_to_pay(str(tracker.get_slot("payment_issue") or "")):
            return [*Answer("utter_payment_methods").say(dispatcher), SlotSet("payment_issue", None)]
        return await super().run(dispatcher, tracker, domain)

    async def answer(self, order: Order, tracker: Tracker) -> Answer:
        payment = await ask_shop(self.shop.payment, order.number)
        return payment_answer(payment, str(tracker.get_slot("payment_issue") or ""))


def payment_answer(payment: Payment, issue: str) -> Answer:
    """What is said about a payment, given what the customer says is wrong with it."""
    values = {
        "order_number": payment.number,
        "amount": wording.money(payment.amount),
        "method": f"{payment.method} ending {payment.last_digits}" if payment.last_digits else payment.method,
        "pay_again_url": payment.pay_again_url or "",
    }
    if is_charged_twice(issue) and payment.state != "failed":
        return Answer("utter_payment_twice", values, needs_person=True)
    if payment.state == "failed" and not payment.pay_again_url:
        return Answer("utter_payment_failed_no_link", values, needs_person=True)
    return Answer(f"utter_payment_{payment.state}", values)
