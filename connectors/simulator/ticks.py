"""How a message of the business gets on: sent, delivered, read; and the webhooks that say so."""

from __future__ import annotations

import asyncio

from connectors.simulator.errors import GraphError
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

    def accepted(self, message: Message) -> None:
        """A message was taken from the business: say so, and bring it on its way."""
        late = self.world.faults.status.late_sent_ms / 1000
        if late and message.status == "sent":
            asyncio.get_running_loop().call_later(late, self._tell, message, "sent")
        else:
            self._tell(message, message.status)
        if message.status != FAILED and message.type != "reaction":
            self.deliver_later(message)

    def deliver_later(self, message: Message) -> None:
        delay = self.world.settings.delivered_after_ms / 1000
        asyncio.get_running_loop().call_later(delay, self._arrive, message)

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

    def customer_plays(self, customer: Customer, message_id: str) -> None:
        """The customer listens to a voice note.

        Raises:
            ValueError: there is none with this id.
        """
        message = self.world.messages.get(message_id)
        voice = message is not None and (message.payload.get("audio") or {}).get("voice")
        if message is None or message.user_id != customer.user_id or message.author != BUSINESS or not voice:
            raise ValueError("'message_id' must be the id of a voice note that the business sent.")
        self.customer_reads(customer, message.seq)
        self._progress(message, "played")

    def _arrive(self, message: Message) -> None:
        if self.world.messages.get(message.id) is not message:
            return  # forgotten by a reset in the meantime
        faults = self.world.faults
        if faults.status.fail_code is not None and faults.status_dice.random() < faults.status.fail_rate:
            self._fail(message, faults.status.fail_code)
            return
        if not faults.status.skip_delivered:
            self._progress(message, "delivered")
        if self.world.settings.auto_read:
            self.customer_reads(self.world.threads[message.user_id].customer, message.seq)

    def _fail(self, message: Message, code: int) -> None:
        customer = self.world.threads[message.user_id].customer
        if message.status != "sent":
            return
        customer.unread -= 1
        message.error = GraphError(code, "A fault that was switched on in the simulator.").as_status_error()
        self.world.set_status(message, FAILED)
        self.world.save_customer(customer)
        self._tell(message, FAILED)

    def _progress(self, message: Message, status: str) -> None:
        if message.status == FAILED or STATUS_ORDER[message.status] >= STATUS_ORDER[status]:
            return
        self.world.set_status(message, status)
        self._tell(message, status)

    def _tell(self, message: Message, status: str) -> None:
        if message.via == "api" and self.world.messages.get(message.id) is message:
            self._teller.tell_status(self.world.threads[message.user_id].customer, message, status)


def _can_be_read(message: Message) -> bool:
    return message.author == BUSINESS and message.type != "reaction" and message.status in ("sent", "delivered")
