"""The simulator's memory: messages, updates, calls and switches, kept in the storage. Customers are in people.py."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import deque
from dataclasses import fields
from typing import Any, Sequence, TypeVar, cast

from connectors.simulator.faults import Faults
from connectors.simulator.live import Hub
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
)
from connectors.simulator.people import People
from connectors.simulator.storage import Storage

CALLS_KEPT = 50_000

logger = logging.getLogger(__name__)

D = TypeVar("D", bound=Document)


class World(People):
    """What exists. It changes through these methods, which also write to the storage and tell open pages."""

    def __init__(self, storage: Storage, hub: Hub, number: str) -> None:
        super().__init__(storage, hub, number)
        self._empty()
        self._load()

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
        """They were answered."""
        self.counters.webhooks_delivered += len(webhooks)
        self._forget_webhooks(webhooks)

    def webhooks_dropped(self, webhooks: Sequence[Webhook]) -> None:
        """They are given up."""
        self.counters.webhooks_dropped += len(webhooks)
        self._forget_webhooks(webhooks)

    def _forget_webhooks(self, webhooks: Sequence[Webhook]) -> None:
        for webhook in webhooks:
            self.pending.pop(webhook.id, None)
            self._storage.remove("webhook", webhook.id)
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
        self.threads = {}
        self.messages: dict[str, Message] = {}
        self.sent: list[Message] = []
        self.pending: dict[int, Webhook] = {}
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.settings = Settings()
        self.faults = Faults()
        self.counters = Counters()
        self.made_customers = 0
        self._by_phone = {}

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

    def _stored(self, kind: str, make: type[D]) -> list[D]:
        """What was written down, by this version or an older one: what is not known any more is left out."""
        known = {item.name for item in fields(cast(Any, make))}
        found = []
        for document in self._storage.load(kind):
            try:
                found.append(make(**{name: value for name, value in document.items() if name in known}))
            except TypeError:
                logger.warning("A %s of an older version cannot be read, and is left out.", kind)
        return found

    def _index(self, message: Message) -> None:
        self.threads[message.user_id].messages.append(message)
        self.messages[message.id] = message
        if message.author == BUSINESS and message.via == "api":
            self.sent.append(message)

    def _save_counters(self) -> None:
        self._storage.put("counters", "counters", self.counters)


def after(messages: Sequence[Message], seq: int) -> Sequence[Message]:
    """The messages with a greater ``seq``, of a list that is in order."""
    return messages[bisect_right(messages, seq, key=lambda message: message.seq) :]
