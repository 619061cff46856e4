"""What customers do with their phones: they write, call, change their number, and stop or allow marketing."""

from __future__ import annotations

import secrets
from typing import Any, Mapping

from connectors.simulator.media import Media
from connectors.simulator.model import BUSINESS, CUSTOMER, Customer, Message, display_number
from connectors.simulator.rates import Rates
from connectors.simulator.reading import offered_ids, plain_text
from connectors.simulator.telling import Teller
from connectors.simulator.webhooks import MESSAGES
from connectors.simulator.world import World

# What WhatsApp itself says in a chat: it does not open the 24 hours.
NOT_WRITTEN = ("system",)


def new_message_id() -> str:
    return f"wamid.{secrets.token_hex(20).upper()}"


class Phones:
    """Each verb changes the world and sends the webhooks that WhatsApp would send."""

    def __init__(self, world: World, teller: Teller, rates: Rates) -> None:
        self.world = world
        self._rates = rates
        self.teller = teller

    def display(self, number: str) -> str:
        """The phone number of one of the business's number ids."""
        return display_number(number, self.world.number)

    def says(
        self, customer: Customer, content: Mapping[str, Any], *, at: float | None = None, media: Media | None = None
    ) -> Message:
        """The customer sends a message. ``content`` is a ``messages[]`` item; its id, sender and time are filled
        in where they are missing, and a key that is None is left out of the webhook.

        Raises:
            ValueError: the customer blocks the business.
        """
        if customer.blocks_business:
            raise ValueError("Who blocks the business cannot write to it: unblock first.")
        sent_at = self.world.now() if at is None else at
        item: dict[str, Any] = {
            **({"from": customer.wa_id} if customer.wa_id else {}),
            "from_user_id": customer.user_id,
            "id": new_message_id(),
            "timestamp": str(int(sent_at)),
            **content,
        }
        item = {name: value for name, value in item.items() if value is not None}
        kind = str(item.get("type", "unknown"))
        if kind not in NOT_WRITTEN and "group_id" not in item:
            self.opens_window(customer, sent_at)
        self._rates.received(customer.number)
        message = self.keep(customer, item, sent_at, media)
        told = not (kind in ("edit", "revoke") and not self.world.settings.coexistence)
        if told:
            contact = None if kind == "system" and "identity" not in item else customer.contact()
            self.teller.tell(customer, MESSAGES, item, contact=contact, message=message)
        return message

    def opens_window(self, customer: Customer, at: float) -> None:
        """A message or call of the customer's: the business may write freely for 24 hours."""
        customer.last_inbound_at = max(at, customer.last_inbound_at or 0)

    def keep(self, customer: Customer, item: dict[str, Any], at: float, media: Media | None = None) -> Message:
        """Add what the customer did to the thread."""
        return self.world.add_message(
            customer,
            author=CUSTOMER,
            id=str(item["id"]),
            type=str(item.get("type", "unknown")),
            payload=item,
            text=plain_text(item),
            at=at,
            number=customer.number,
            media=media.shown() if media else None,
        )

    def offer_of(self, customer: Customer, choice: str) -> Message | None:
        """The latest message that offered this button or row (its id; of a template's quick reply its label)."""
        for message in reversed(self.world.thread(customer)):
            if message.author == BUSINESS and choice in offered_ids(message.payload, message.shown):
                return message
        return None
