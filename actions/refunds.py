"""Where the money is that comes back."""

from __future__ import annotations

from datetime import date

from rasa_sdk import Tracker

from actions import wording
from actions.order_form import OrderForm
from actions.shop import Order, Refund
from actions.shop_answers import Answer, AnswerAction
from actions.wiring import ask_shop


class ValidateRefundStatusForm(OrderForm):
    """Needs nothing but the order."""

    intents = frozenset({"refund_status"})

    def name(self) -> str:
        return "validate_refund_status_form"


class ActionRefundStatus(AnswerAction):
    """Says what became of the refund for an order."""

    again = "refund_status"

    def name(self) -> str:
        return "action_refund_status"

    async def answer(self, order: Order, tracker: Tracker) -> Answer:
        refund = await ask_shop(self.shop.refund, order.number)
        if refund is None:
            can_return = "return" in order.allowed
            return Answer(
                "utter_refund_none_yet" if can_return else "utter_refund_none", {"order_number": order.number}
            )
        return refund_answer(refund, self.today())


def refund_answer(refund: Refund, today: date) -> Answer:
    """What is said about a refund. One that is late needs a person: the shop has sent it, and it has not come."""
    values = {
        "order_number": refund.number,
        "amount": wording.money(refund.amount),
        "method": refund.method,
        "expected": wording.day(refund.expected_on, today) if refund.expected_on else "within five working days",
    }
    late = refund.state == "pending" and refund.expected_on is not None and refund.expected_on < today
    return Answer("utter_refund_late" if late else f"utter_refund_{refund.state}", values, needs_person=late)
