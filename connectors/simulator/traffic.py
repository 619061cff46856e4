"""What customers and the business do to each other, and which webhooks tell of it."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Mapping

from connectors.simulator.errors import GraphError
from connectors.simulator.limits import check_envelope, check_message, read_recipient
from connectors.simulator.media import Media, MediaShelf
from connectors.simulator.model import (
    BUSINESS,
    CUSTOMER,
    FAILED,
    STATUS_ORDER,
    TYPING_SECONDS,
    Customer,
    Message,
    display_number,
)
from connectors.simulator.reading import offered_ids, plain_text
from connectors.simulator.sender import Sender
from connectors.simulator.webhooks import ECHOES, MESSAGES, STATUSES, echo_item, status_item
from connectors.simulator.world import World


def new_message_id() -> str:
    return f"wamid.{secrets.token_hex(20).upper()}"


class Traffic:
    """The verbs. Each changes the world and sends the webhooks that WhatsApp would send."""

    def __init__(self, world: World, sender: Sender, media: MediaShelf) -> None:
        self.world = world
        self.sender = sender
        self.media = media

    def resume(self) -> None:
        """After a restart: deliver what is pending, and bring accepted messages on their way."""
        for webhook in list(self.world.pending.values()):
            self.sender.put(webhook)
        for message in self.world.sent:
            if message.status == "sent" and message.type != "reaction":
                self._deliver_later(message)

    def display(self, number: str) -> str:
        """The phone number of one of the business's number ids."""
        return display_number(number, self.world.number)

    # the customer

    def customer_says(self, customer: Customer, content: Mapping[str, Any], *, at: float | None = None) -> Message:
        """The customer sends a message. ``content`` is a ``messages[]`` item; its id, sender and time are filled
        in where they are missing, and a key that is None is left out of the webhook."""
        sent_at = self.world.now() if at is None else at
        sender = {"from": customer.wa_id} if customer.wa_id else {}
        item: dict[str, Any] = {
            **sender,
            "from_user_id": customer.user_id,
            "id": new_message_id(),
            "timestamp": str(int(sent_at)),
            **content,
        }
        item = {name: value for name, value in item.items() if value is not None}
        customer.last_inbound_at = max(sent_at, customer.last_inbound_at or 0)
        kind = str(item.get("type", "unknown"))
        message = self.world.add_message(
            customer,
            author=CUSTOMER,
            id=str(item["id"]),
            type=kind,
            payload=item,
            text=plain_text(item),
            at=sent_at,
            number=customer.number,
        )
        contact = None if kind == "system" else customer.contact()
        self._tell_connector(customer, MESSAGES, item, contact=contact, message=message)
        return message

    def context_of_choice(self, customer: Customer, choice: str) -> str | None:
        """The id of the latest message that offered this button or row to the customer."""
        for message in reversed(self.world.thread(customer)):
            if message.author == BUSINESS and choice in offered_ids(message.payload):
                return message.id
        return None

    def customer_reads(self, customer: Customer, up_to: int | None = None) -> int:
        """The customer has seen the messages (up to this ``seq``); returns how many were new to them."""
        found = 0
        for message in reversed(self.world.thread(customer)):
            if customer.unread == 0:
                break
            if (up_to is None or message.seq <= up_to) and _can_be_read(message):
                customer.unread -= 1
                found += 1
                self._progress(message, "read")
        if found:
            self.world.save_customer(customer)
        return found

    # the business

    def business_calls(self, number: str, body: Any) -> tuple[dict[str, Any], Message | None]:
        """A call of the ``/messages`` endpoint; returns the answer, and the message if one was accepted.

        Raises:
            GraphError: it is refused.
        """
        if not isinstance(body, dict):
            raise GraphError(100, "The body must be a JSON object.")
        if not self.world.knows_number(number):
            raise GraphError(100, f"There is no number with the id {number}.", status=400, subcode=33)
        if "status" in body:
            self._business_reads(body)
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
        self._tell_connector(customer, ECHOES, echo_item(customer, message, self.world.number))
        return message

    def _business_reads(self, body: Mapping[str, Any]) -> None:
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
        self._tell_status(customer, message, message.status)
        if not failure and kind != "reaction":
            self._deliver_later(message)
        return message

    # ticks

    def _deliver_later(self, message: Message) -> None:
        delay = self.world.settings.delivered_after_ms / 1000
        asyncio.get_running_loop().call_later(delay, self._deliver, message)

    def _deliver(self, message: Message) -> None:
        if self.world.messages.get(message.id) is not message:
            return  # forgotten by a reset in the meantime
        self._progress(message, "delivered")
        if self.world.settings.auto_read:
            self.customer_reads(self.world.threads[message.user_id].customer, message.seq)

    def _progress(self, message: Message, status: str) -> None:
        if message.status == FAILED or STATUS_ORDER[message.status] >= STATUS_ORDER[status]:
            return
        self.world.set_status(message, status)
        if message.via == "api":
            self._tell_status(self.world.threads[message.user_id].customer, message, status)

    def _tell_status(self, customer: Customer, message: Message, status: str) -> None:
        contact = None if status == FAILED else customer.contact()
        item = status_item(customer, message, status, self.world.now())
        self._tell_connector(customer, STATUSES, item, contact=contact, number=message.number)

    # webhooks

    def _tell_connector(
        self,
        customer: Customer,
        kind: str,
        item: dict[str, Any],
        *,
        contact: dict[str, Any] | None = None,
        message: Message | None = None,
        number: str | None = None,
    ) -> None:
        if self.sender.drops(kind):
            return
        for _ in range(self.world.faults.webhook.duplicate):
            webhook = self.world.add_webhook(
                kind=kind,
                user_id=customer.user_id,
                number=number or customer.number,
                item=item,
                contact=contact,
                message_id=message.id if message else None,
            )
            self.sender.put(webhook)


def _can_be_read(message: Message) -> bool:
    return message.author == BUSINESS and message.type != "reaction" and message.status in ("sent", "delivered")
