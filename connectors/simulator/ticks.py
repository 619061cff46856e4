"""How a message of the business gets on: sent, delivered, read; and the webhooks that say so."""

from __future__ import annotations

import asyncio

from connectors.simulator.model import BUSINESS, FAILED, STATUS_ORDER, Customer, Message
from connectors.simulator.telling import Teller
from connectors.simulator.world import World


class Ticks:
    """The ticks under the business's messages."""

    def __init__(self, world: World, teller: Teller) -> None:
        self.world = world
        self._teller = teller

    def resume(self) -> None:
        """After a restart: bring accepted messages on their way."""
        for message in self.world.sent:
            if message.status == "sent" and message.type != "reaction":
                self.deliver_later(message)

    def deliver_later(self, message: Message) -> None:
        delay = self.world.settings.delivered_after_ms / 1000
        asyncio.get_running_loop().call_later(delay, self._deliver, message)

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
            self._teller.tell_status(self.world.threads[message.user_id].customer, message, status)


def _can_be_read(message: Message) -> bool:
    return message.author == BUSINESS and message.type != "reaction" and message.status in ("sent", "delivered")
