"""Tells the connector what happened: makes the updates of webhooks and gives them to the sender."""

from __future__ import annotations

from typing import Any

from connectors.simulator.model import Customer, Message
from connectors.simulator.sender import Sender
from connectors.simulator.webhooks import STATUSES, contact_of_status, status_item
from connectors.simulator.world import World


class Teller:
    """Every update passes here, so that faults hold for all of them."""

    def __init__(self, world: World, sender: Sender) -> None:
        self.world = world
        self._sender = sender

    def resume(self) -> None:
        """After a restart: deliver what is pending."""
        for webhook in list(self.world.pending.values()):
            self._sender.put(webhook)

    def tell(
        self,
        customer: Customer,
        kind: str,
        item: dict[str, Any],
        *,
        contact: dict[str, Any] | None = None,
        message: Message | None = None,
        number: str | None = None,
    ) -> None:
        """Send one update about a customer. ``kind`` is the list it belongs in, such as ``statuses``."""
        if self._sender.drops(kind):
            return
        self._put(
            kind=kind,
            lane=customer.lane,
            number=number or customer.number,
            item=item,
            contact=contact,
            message_id=message.id if message else None,
        )

    def tell_account(self, kind: str, value: dict[str, Any]) -> None:
        """Send an update about the account, such as one of a template."""
        self._put(kind=kind, lane="account", number=self.world.number, item=value)

    def _put(self, **parts: Any) -> None:
        for _ in range(self.world.faults.webhook.duplicate):
            self._sender.put(self.world.add_webhook(at=self.world.now(), **parts))

    def tell_status(self, customer: Customer, message: Message, status: str) -> None:
        """Send a status of one of the business's messages; a failed one comes without contacts."""
        item = status_item(customer, message, status, self.world.now())
        contact = contact_of_status(customer, status)
        for _ in range(self.world.faults.status.repeat):
            self.tell(customer, STATUSES, item, contact=contact, number=message.number)
