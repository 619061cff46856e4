"""What the business does: it sends messages and marks them as read, by the API or on its own phone."""

from __future__ import annotations

from typing import Any, Mapping

from connectors.simulator.errors import GraphError
from connectors.simulator.limits import check_envelope, check_message, read_recipient
from connectors.simulator.media import Media, MediaShelf
from connectors.simulator.model import (
    BUSINESS,
    CUSTOMER,
    FAILED,
    TYPING_SECONDS,
    Customer,
    Message,
    display_number,
)
from connectors.simulator.phones import new_message_id
from connectors.simulator.reading import plain_text
from connectors.simulator.telling import Teller
from connectors.simulator.ticks import Ticks
from connectors.simulator.webhooks import ECHOES, echo_item
from connectors.simulator.world import World


class Business:
    """Each verb changes the world and sends the webhooks that WhatsApp would send."""

    def __init__(self, world: World, teller: Teller, ticks: Ticks, media: MediaShelf) -> None:
        self.world = world
        self.media = media
        self._teller = teller
        self._ticks = ticks

    def display(self, number: str) -> str:
        """The phone number of one of the business's number ids."""
        return display_number(number, self.world.number)

    def calls(self, number: str, body: Any) -> tuple[dict[str, Any], Message | None]:
        """A call of the ``/messages`` endpoint; returns the answer, and the message if one was accepted.

        Raises:
            GraphError: it is refused.
        """
        if not isinstance(body, dict):
            raise GraphError(100, "The body must be a JSON object.")
        if not self.world.knows_number(number):
            raise GraphError(100, f"There is no number with the id {number}.", status=400, subcode=33)
        if "status" in body:
            self._reads(body)
            return {"success": True}, None
        check_envelope(body)
        phone, user_id = read_recipient(body)
        kind = check_message(body)
        media = self.media.for_message(kind, body.get(kind) or {}, number)
        if phone == self.display(number):
            raise GraphError(131021, "A number cannot write to itself.")
        customer = self._recipient(phone, user_id, number)
        closed = self._window_error(customer, kind)
        if closed and self.world.settings.window_refusal == "answer":
            raise closed
        message = self._accept(customer, number, body, kind, closed, media)
        address = {"wa_id": phone} if phone else {"user_id": user_id}
        answer = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": body["to"] if phone else body["recipient"], **address}],
            "messages": [{"id": message.id}],
        }
        return answer, message

    def echo(self, customer: Customer, text: str) -> Message:
        """A colleague answers on the business's own phone."""
        content = {"type": "text", "text": {"body": text}}
        customer.unread += 1
        message = self.world.add_message(
            customer,
            author=BUSINESS,
            id=new_message_id(),
            type="text",
            payload=content,
            text=text,
            at=self.world.now(),
            number=customer.number,
            status="delivered",
            via="app",
        )
        self._teller.tell(customer, ECHOES, echo_item(customer, message, self.world.number))
        return message

    def _reads(self, body: Mapping[str, Any]) -> None:
        if body.get("messaging_product") != "whatsapp" or body.get("status") != "read":
            raise GraphError(100, "messaging_product must be 'whatsapp' and status 'read'.")
        typing = body.get("typing_indicator")
        if typing is not None and not (isinstance(typing, dict) and typing.get("type") == "text"):
            raise GraphError(131009, "typing_indicator.type must be 'text'.")
        if not body.get("message_id"):
            raise GraphError(131008, "message_id is required.")
        message = self.world.messages.get(str(body["message_id"]))
        if message is None or message.author != CUSTOMER:
            raise GraphError(131009, "message_id is not the id of a message from a customer.")
        customer = self.world.threads[message.user_id].customer
        for earlier in reversed(self.world.thread(customer)):
            if earlier.author == CUSTOMER and earlier.seq <= message.seq:
                if earlier.status == "read":
                    break
                self.world.set_status(earlier, "read")
        if typing:
            customer.typing_until = self.world.now() + TYPING_SECONDS
            self.world.save_customer(customer)

    def _recipient(self, phone: str | None, user_id: str | None, number: str) -> Customer:
        settings = self.world.settings
        if settings.allowed_recipients is not None and phone not in settings.allowed_recipients:
            raise GraphError(131030, "The recipient is not in the list of test recipients.")
        customer = self.world.find(phone or user_id)
        if customer is None and settings.unknown_customer == "refuse":
            raise GraphError(131026, "The recipient is not on WhatsApp.")
        if customer is None:
            name = f"+{phone}" if phone else str(user_id)
            customer = self.world.make_customer(name, phone, user_id, number=number)
        return customer

    def _window_error(self, customer: Customer, kind: str) -> GraphError | None:
        open_still = self.world.now() < customer.window_ends_at
        if open_still or kind == "template" or not self.world.settings.enforce_window:
            return None
        return GraphError(131047, "More than 24 hours have passed since the customer last wrote.")

    def _accept(
        self,
        customer: Customer,
        number: str,
        body: dict[str, Any],
        kind: str,
        failure: GraphError | None,
        media: Media | None,
    ) -> Message:
        if kind == "reaction" and body["reaction"]["message_id"] not in self.world.messages:
            failure = GraphError(131009, "reaction.message_id is not the id of a message.")
        customer.typing_until = 0.0
        customer.unread += 0 if failure or kind == "reaction" else 1
        message = self.world.add_message(
            customer,
            author=BUSINESS,
            id=new_message_id(),
            type=kind,
            payload=body,
            text=plain_text({"type": kind, **body}),
            at=self.world.now(),
            number=number,
            status=FAILED if failure else "sent",
            via="api",
            to=body.get("to") or body.get("recipient"),
            callback=body.get("biz_opaque_callback_data"),
            error=failure.as_status_error() if failure else None,
            media=media.shown() if media else None,
        )
        self._teller.tell_status(customer, message, message.status)
        if not failure and kind != "reaction":
            self._ticks.deliver_later(message)
        return message
