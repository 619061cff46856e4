"""The simulator's memory: threads of customers, found by phone, user id or message id, kept in the storage."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from typing import Any, Callable, Sequence, TypeVar

from connectors.simulator.faults import Faults
from connectors.simulator.live import RESYNC, Hub
from connectors.simulator.model import (
    BUSINESS,
    Call,
    Counters,
    Customer,
    Document,
    Message,
    Settings,
    Thread,
    Webhook,
    user_id_for,
)
from connectors.simulator.storage import Storage

CALLS_KEPT = 50_000

D = TypeVar("D", bound=Document)


class World:
    """What exists. It changes through these methods, which also write to the storage and tell open pages."""

    def __init__(self, storage: Storage, hub: Hub, number: str) -> None:
        self._storage = storage
        self.hub = hub
        self.number = number
        self._empty()
        self._load()

    def now(self) -> float:
        """The pretended time, in Unix seconds: real time plus what the clock was advanced by."""
        return time.time() + self.counters.clock_offset

    # customers

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
            "name": customer.name,
            "username": customer.username,
            "number": customer.number,
            "unread": customer.unread,
            "blocks": customer.blocks_business,
            "marketing_stopped": customer.marketing_stopped,
            "typing": self.business_types(customer),
            "typing_until": customer.typing_until,
            "window_ends_at": customer.window_ends_at,
            "last": {"text": last.text, "at": last.at, "author": last.author, "status": last.status} if last else None,
        }

    def business_types(self, customer: Customer) -> bool:
        """Whether the customer sees typing dots now."""
        return customer.typing_until > self.now()

    # messages

    def add_message(self, customer: Customer, **parts: Any) -> Message:
        """Append a message to a customer's thread."""
        self.counters.message += 1
        message = Message(seq=self.counters.message, user_id=customer.user_id, **parts)
        self._index(message)
        self._storage.put("message", message.seq, message)
        self.save_customer(customer)
        self._save_counters()
        if self.hub.heard:
            self.hub.tell({"event": "message", "user_id": customer.user_id, "message": message.as_json()})
        return message

    def set_status(self, message: Message, status: str) -> None:
        message.status = status
        self._storage.put("message", message.seq, message)
        if self.hub.heard:
            news = {"event": "status", "user_id": message.user_id, "id": message.id, "status": status}
            self.hub.tell({**news, "error": message.error})

    def change_message(self, message: Message, **parts: Any) -> None:
        """Change a message that is there already, such as one that its sender edits."""
        for name, value in parts.items():
            setattr(message, name, value)
        self._storage.put("message", message.seq, message)
        if self.hub.heard:
            self.hub.tell({"event": "changed", "user_id": message.user_id, "message": message.as_json()})

    def thread(self, customer: Customer) -> list[Message]:
        return self.threads[customer.user_id].messages

    # webhooks and calls

    def add_webhook(self, **parts: Any) -> Webhook:
        """An update that must be delivered; it is kept until :meth:`webhooks_done`."""
        self.counters.webhook += 1
        webhook = Webhook(id=self.counters.webhook, **parts)
        self.pending[webhook.id] = webhook
        self._storage.put("webhook", webhook.id, webhook, new=True)
        self._save_counters()
        return webhook

    def webhooks_done(self, webhooks: Sequence[Webhook]) -> None:
        for webhook in webhooks:
            self.pending.pop(webhook.id, None)
            self._storage.remove("webhook", webhook.id)
        self.counters.webhooks_delivered += len(webhooks)
        self._save_counters()

    def count_failed_attempt(self) -> None:
        self.counters.webhook_failed_attempts += 1

    def add_call(self, **parts: Any) -> Call:
        """Log a call of the Graph API; the oldest are forgotten beyond 50,000."""
        self.counters.call += 1
        call = Call(seq=self.counters.call, **parts)
        if len(self.calls) == CALLS_KEPT:
            self._storage.remove("call", self.calls[0].seq)
        self.calls.append(call)
        self._storage.put("call", call.seq, call)
        self._save_counters()
        return call

    # switches

    def change_settings(self, settings: Settings) -> None:
        self.settings = settings
        self._storage.put("settings", "settings", settings)

    def change_faults(self, faults: Faults) -> None:
        self.faults = faults
        self._storage.put("faults", "faults", faults)

    def advance_clock(self, seconds: float) -> None:
        self.counters.clock_offset += seconds
        self._save_counters()
        self.hub.tell({"event": "clock", "now": self.now()})

    def reset(self) -> None:
        """Forget everything: customers, messages, updates, calls, faults, settings and the clock's offset."""
        self._empty()
        self._storage.clear()
        self.hub.tell({"event": "reset"})

    # inside

    def _empty(self) -> None:
        self.threads: dict[str, Thread] = {}
        self.messages: dict[str, Message] = {}
        self.sent: list[Message] = []
        self.pending: dict[int, Webhook] = {}
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.settings = Settings()
        self.faults = Faults()
        self.counters = Counters()
        self.made_customers = 0
        self._by_phone: dict[str, str] = {}

    def _load(self) -> None:
        for customer in self._stored("customer", Customer):
            self.threads[customer.user_id] = Thread(customer)
            if customer.phone:
                self._by_phone[customer.phone] = customer.user_id
        for message in sorted(self._stored("message", Message), key=lambda one: one.seq):
            self._index(message)
        for webhook in sorted(self._stored("webhook", Webhook), key=lambda one: one.id):
            self.pending[webhook.id] = webhook
        self.calls.extend(sorted(self._stored("call", Call), key=lambda one: one.seq))
        for settings in self._stored("settings", Settings):
            self.settings = settings
        for counters in self._stored("counters", Counters):
            self.counters = counters
        for faults in self._storage.load("faults"):
            self.faults = Faults.from_json(faults)

    def _stored(self, kind: str, make: Callable[..., D]) -> list[D]:
        return [make(**document) for document in self._storage.load(kind)]

    def _index(self, message: Message) -> None:
        self.threads[message.user_id].messages.append(message)
        self.messages[message.id] = message
        if message.author == BUSINESS and message.via == "api":
            self.sent.append(message)

    def _save_counters(self) -> None:
        self._storage.put("counters", "counters", self.counters)

    def _tell_customer(self, customer: Customer) -> None:
        if self.hub.heard:
            self.hub.tell({"event": "customer", "customer": self.as_json(customer)})


def after(messages: Sequence[Message], seq: int) -> Sequence[Message]:
    """The messages with a greater ``seq``, of a list that is in order."""
    return messages[bisect_right(messages, seq, key=lambda message: message.seq) :]
