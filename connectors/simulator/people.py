"""The part of the simulator's memory about customers: found by phone or user id, each with a thread of messages."""

from __future__ import annotations

import time
from typing import Any

from connectors.simulator.live import RESYNC, Hub
from connectors.simulator.model import WINDOW_SECONDS, Counters, Customer, Message, Settings, Thread, user_id_for
from connectors.simulator.storage import Storage


class People:
    """Customers and their threads, and the time that they live in. The rest of the memory is :class:`World`'s."""

    threads: dict[str, Thread]
    settings: Settings
    counters: Counters
    made_customers: int
    _by_phone: dict[str, str]

    def __init__(self, storage: Storage, hub: Hub, number: str) -> None:
        self._storage = storage
        self.hub = hub
        self.number = number

    def now(self) -> float:
        """The pretended time, in Unix seconds: real time plus what the clock was advanced by."""
        return time.time() + self.counters.clock_offset

    def save_customer(self, customer: Customer) -> None:
        """Keep a new or changed customer."""
        thread = self.threads.setdefault(customer.user_id, Thread(customer))
        thread.customer = customer
        if customer.phone:
            self._by_phone[customer.phone] = customer.user_id
        self._storage.put("customer", customer.user_id, customer)
        self._tell_customer(customer)

    def make_customer(self, name: str, phone: str | None, user_id: str | None = None, **other: Any) -> Customer:
        """A new customer with what is given; the user id follows from the phone when there is none."""
        self.made_customers += 1
        customer = Customer(
            user_id=user_id or user_id_for(phone or f"{self.now()}/{self.made_customers}"),
            number=other.get("number") or self.number,
            name=name,
            phone=phone,
            phone_shown=phone is not None,
            username=other.get("username"),
            created_at=self.now(),
        )
        self.save_customer(customer)
        return customer

    def find(self, key: str | None) -> Customer | None:
        """The customer with this phone (digits, with or without +) or user id."""
        if not key:
            return None
        thread = self.threads.get(self._by_phone.get(key.lstrip("+"), key))
        return thread.customer if thread else None

    def unused_phone(self) -> str:
        """A made-up phone (from the numbers that Ofcom keeps for fiction) that no customer has."""
        return next(phone for phone in map(str, range(447700900124, 447700999999)) if phone not in self._by_phone)

    def forget_phone(self, customer: Customer) -> None:
        """The customer's phone is no longer theirs."""
        if customer.phone:
            self._by_phone.pop(customer.phone, None)

    def rename(self, customer: Customer, user_id: str, phone: str | None) -> None:
        """The customer has another user id (and phone) from now on; the thread and its messages go with them."""
        old = customer.user_id
        self.forget_phone(customer)
        thread = self.threads.pop(old)
        self._storage.remove("customer", old)
        customer.first_user_id = customer.lane
        customer.user_id, customer.phone = user_id, phone
        self.threads[user_id] = thread
        for message in thread.messages:
            message.user_id = user_id
            self._storage.put("message", message.seq, message)
        self.save_customer(customer)
        self.hub.tell(RESYNC)

    def customers(self) -> list[Customer]:
        """All customers, the one with the latest message first."""

        def latest(thread: Thread) -> float:
            return thread.messages[-1].at if thread.messages else thread.customer.created_at

        return [thread.customer for thread in sorted(self.threads.values(), key=latest, reverse=True)]

    def knows_number(self, number: str) -> bool:
        """Whether this is a number id of the business."""
        if number in (self.number, *(self.settings.numbers or ())):
            return True
        return any(one.customer.number == number for one in self.threads.values())

    def as_json(self, customer: Customer) -> dict[str, Any]:
        """A customer as the control API and the page show them."""
        messages = self.threads[customer.user_id].messages
        last = messages[-1] if messages else None
        return {
            "key": customer.key,
            "user_id": customer.user_id,
            "wa_id": customer.wa_id,
            "phone": customer.phone,
            "name": customer.name,
            "username": customer.username,
            "number": customer.number,
            "unread": customer.unread,
            "blocks": customer.blocks_business,
            "marketing_stopped": customer.marketing_stopped,
            "typing": self.business_types(customer),
            "typing_until": customer.typing_until,
            "window_ends_at": self.window_ends_at(customer),
            "last": _brief(last) if last else None,
        }

    def window_ends_at(self, customer: Customer) -> float:
        """When free-form messages stop: 24 hours after the customer last wrote or called."""
        if customer.last_inbound_at is None and self.settings.strangers == "closed":
            return customer.created_at
        return (customer.last_inbound_at or customer.created_at) + WINDOW_SECONDS

    def business_types(self, customer: Customer) -> bool:
        """Whether the customer sees typing dots now."""
        return customer.typing_until > self.now()

    def _tell_customer(self, customer: Customer) -> None:
        if self.hub.heard:
            self.hub.tell({"event": "customer", "customer": self.as_json(customer)})


def _brief(message: Message) -> dict[str, Any]:
    """A message as the list of customers shows it."""
    return {name: getattr(message, name) for name in ("type", "text", "at", "author", "status")}
