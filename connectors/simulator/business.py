"""What the business does: it sends messages and marks them as read, by the API or on its own phone."""

from __future__ import annotations

from typing import Any, Mapping

from connectors.simulator.drafts import Draft, Drafts
from connectors.simulator.errors import GraphError
from connectors.simulator.limits import check_envelope, read_recipient
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
from connectors.simulator.rates import Rates
from connectors.simulator.recipients import Recipients
from connectors.simulator.telling import Teller
from connectors.simulator.ticks import Ticks
from connectors.simulator.webhooks import ECHOES, echo_item
from connectors.simulator.world import World

OWN_COUNTRY = "1"  # all the simulator's business numbers are American
OLD_SECONDS = 30 * 24 * 3600  # what is older gets no reaction and no read mark


class Business:
    """Each verb changes the world and sends the webhooks that WhatsApp would send."""

    def __init__(self, world: World, teller: Teller, ticks: Ticks, drafts: Drafts, rates: Rates) -> None:
        self.world = world
        self._drafts = drafts
        self._rates = rates
        self._recipients = Recipients(world)
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
        prepends = self.world.settings.without_plus == "own_country"
        phone, user_id = read_recipient(body, OWN_COUNTRY if prepends else "")
        draft = self._drafts.read(number, body)
        if phone == self.display(number):
            raise GraphError(131021, "A number cannot write to itself.")
        customer = self._recipients.find(phone, user_id, number)
        refusal = self._recipients.refusal(customer, draft, phone)
        if refusal and self.world.settings.window_refusal == "answer":
            raise refusal
        self._rates.spend(number, customer.lane)
        message = self._accept(customer, number, draft, refusal)
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
        item = echo_item(customer, message, self.world.number)
        self._teller.tell(customer, ECHOES, item, contact=customer.contact())
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
        if message is None or message.author != CUSTOMER or self._is_old(message):
            raise GraphError(131009, "message_id is not the id of a customer's message of the last 30 days.")
        customer = self.world.threads[message.user_id].customer
        for earlier in reversed(self.world.thread(customer)):
            if earlier.author == CUSTOMER and earlier.seq <= message.seq:
                if earlier.status == "read":
                    break
                self.world.set_status(earlier, "read")
        if typing:
            customer.typing_until = self.world.now() + TYPING_SECONDS
            self.world.save_customer(customer)

    def _accept(self, customer: Customer, number: str, draft: Draft, failure: GraphError | None) -> Message:
        body, kind = draft.body, draft.kind
        if kind == "reaction":
            target = self.world.messages.get(body["reaction"]["message_id"])
            if target is None or target.type == "reaction" or target.revoked or self._is_old(target):
                failure = GraphError(131009, "reaction.message_id is not the id of a message that can have one.")
        customer.typing_until = 0.0
        customer.unread += 0 if failure or kind == "reaction" else 1
        message = self.world.add_message(
            customer,
            author=BUSINESS,
            id=new_message_id(),
            type=kind,
            payload=body,
            text=draft.text,
            at=self.world.now(),
            number=number,
            status=FAILED if failure else "sent",
            via="api",
            to=body.get("to") or body.get("recipient"),
            callback=body.get("biz_opaque_callback_data"),
            error=failure.as_status_error() if failure else None,
            media=draft.media.shown() if draft.media else None,
            shown=draft.shown,
            category=draft.category,
        )
        self._ticks.accepted(message)
        return message

    def _is_old(self, message: Message) -> bool:
        return self.world.now() - message.at > OLD_SECONDS
