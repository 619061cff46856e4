"""The invoice of an order, as a PDF document."""

from __future__ import annotations

import base64
from typing import Any

from rasa_sdk import Tracker

from actions import wording
from actions.invoice_pdf import invoice_pdf
from actions.order_form import OrderForm
from actions.shop import Order
from actions.shop_answers import Answer, AnswerAction
from actions.wiring import ask_shop


class ValidateInvoiceForm(OrderForm):
    """Needs nothing but the order."""

    intents = frozenset({"invoice"})

    def name(self) -> str:
        return "validate_invoice_form"


class ActionInvoice(AnswerAction):
    """Sends the invoice. Its total is said besides, for where a document cannot be shown."""

    again = "invoice"

    def name(self) -> str:
        return "action_invoice"

    async def answer(self, order: Order, tracker: Tracker) -> Answer:
        invoice = await ask_shop(self.shop.invoice, order.number)
        pdf = await ask_shop(invoice_pdf, invoice)
        values = {"order_number": order.number, "invoice": invoice.id, "total": wording.money(invoice.total)}
        return Answer("utter_invoice", values, attachment=document(pdf, f"invoice-{order.number}.pdf"))


def document(content: bytes, filename: str) -> dict[str, Any]:
    """A PDF as the attachment of a response, in the shape that connectors/whatsapp_outbound.py sends."""
    data = "data:application/pdf;base64," + base64.b64encode(content).decode("ascii")
    return {"type": "document", "payload": {"data": data, "filename": filename}}
