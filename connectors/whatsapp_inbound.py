"""Reads WhatsApp's webhooks: one pure function from a decoded body to everything that is in it.

Meta batches up to 1,000 updates in a body, of several accounts, kinds and customers, and adds fields without notice.
So nothing here raises for content: what is not understood is counted, and never costs the message beside it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, Callable, Collection, Iterator, Mapping

from connectors import whatsapp_asides as asides
from connectors.whatsapp_account import ACCOUNT_FIELDS, notice
from connectors.whatsapp_content import content_of, media_in, text_in
from connectors.whatsapp_errors import late_failure
from connectors.whatsapp_fields import Json, integer_of, label_of, object_in, text_of, time_of
from connectors.whatsapp_identity import address_of, change_in_system_message, change_in_user_id_update
from connectors.whatsapp_text import clean_json
from handoff.channel import Address, AddressChange, Batch, DeliveryError, Inbound, Receipt

STATUSES = frozenset({"sent", "delivered", "read", "played", "failed"})
KNOWN_TYPES = frozenset(
    {"text", "image", "video", "audio", "document", "sticker", "location", "contacts", "reaction", "interactive"}
    | {"button", "order", "system", "edit", "revoke", "unsupported", "unknown"}
)


class MalformedWebhook(ValueError):
    """The body's root is not a JSON object. Nothing else makes ``parse`` raise."""


def parse(body: Any, *, received_at: float = 0.0) -> Batch:
    """Everything in a webhook's decoded JSON body, in its order.

    Args:
        body: the decoded body.
        received_at: Unix seconds; stands in for a timestamp that is missing or senseless.

    Raises:
        MalformedWebhook: ``body`` is not an object.
    """
    if not isinstance(body, Mapping):
        raise MalformedWebhook("The body of a webhook must be a JSON object.")
    return _Reader(received_at).read(clean_json(dict(body)))


def for_numbers(batch: Batch, numbers: Collection[str]) -> Batch:
    """The part of ``batch`` that belongs to our number ids; the rest is counted as ignored."""
    messages = tuple(item for item in batch.messages if item.address.number in numbers)
    receipts = tuple(item for item in batch.receipts if item.number in numbers)
    changes = tuple(item for item in batch.changes if item.number in numbers)
    others = sum(map(len, (batch.messages, batch.receipts, batch.changes)))
    others -= sum(map(len, (messages, receipts, changes)))
    ignored = {**batch.ignored, "other number": others} if others else batch.ignored
    return Batch(messages, receipts, changes, ignored, batch.notices)


class _Reader:
    """Gathers the parts of one body."""

    def __init__(self, received_at: float) -> None:
        self.received_at = received_at
        self.messages: list[Inbound] = []
        self.receipts: list[Receipt] = []
        self.changes: list[AddressChange] = []
        self.notices: list[Mapping[str, Any]] = []
        self.ignored: Counter[str] = Counter()
        self._readers = {
            "messages": self._messages,
            "smb_message_echoes": self._echoes,
            "user_id_update": self._user_ids,
            "user_preferences": self._preferences,
            "calls": self._calls,
        }

    def read(self, body: Json) -> Batch:
        kind = body.get("object")
        if kind is not None and kind != "whatsapp_business_account":
            self._ignore("object", kind)
        else:
            for entry in self._objects(body, "entry"):
                for change in self._objects(entry, "changes"):
                    self._change(change)
        parts = (tuple(self.messages), tuple(self.receipts), tuple(self.changes))
        return Batch(*parts, dict(self.ignored), tuple(self.notices))

    def _change(self, change: Json) -> None:
        name, value = change.get("field"), object_in(change, "value")
        read = self._readers.get(name) if isinstance(name, str) else None
        number = text_of(object_in(value, "metadata").get("phone_number_id"))
        if isinstance(name, str) and name in ACCOUNT_FIELDS:
            self.notices.append(notice(name, value))
        elif read is None:
            self._ignore("field", name)
        elif number is None:
            self._ignore("malformed", name)
        else:
            read(number, value)

    def _messages(self, number: str, value: Json) -> None:
        contacts = list(self._objects(value, "contacts"))
        for message in self._objects(value, "messages"):
            self._message(number, message, contacts)
        for status in self._objects(value, "statuses"):
            self._status(number, status)
        for error in self._objects(value, "errors"):
            self._ignore("error", error.get("code"))

    def _message(self, number: str, message: Json, contacts: list[Json]) -> None:
        kind, message_id = text_of(message.get("type")), text_of(message.get("id"))
        if kind not in KNOWN_TYPES:
            self._ignore("type", kind)  # counted, and kept all the same: the customer did write
        if message_id is None:
            return self._ignore("message", "without id")
        if text_of(message.get("group_id")):
            return self._ignore("type", "group")
        if kind == "system":
            change = change_in_system_message(number, message_id, message)
            if change is None and (changed := asides.identity_change(number, message_id, message, self.received_at)):
                return self.messages.append(changed)
            return self._keep_change(change, object_in(message, "system").get("type"))
        address = address_of(number, message.get("from"), message.get("from_user_id"), contacts)
        if address is None:
            return self._ignore("message", "without sender")
        self.messages.append(_inbound(message_id, address, message, time_of(message, self.received_at)))

    def _echoes(self, number: str, value: Json) -> None:
        contacts = list(self._objects(value, "contacts"))
        for message in self._objects(value, "message_echoes"):
            message_id = text_of(message.get("id"))
            address = address_of(number, message.get("to"), message.get("to_user_id"), contacts)
            if message_id is None or address is None or text_of(message.get("group_id")):
                self._ignore("echo", message.get("type"))
                continue
            inbound = _inbound(message_id, address, message, time_of(message, self.received_at))
            self.messages.append(replace(inbound, echo=True))

    def _status(self, number: str, status: Json) -> None:
        provider_id, name = text_of(status.get("id")), status.get("status")
        if status.get("recipient_type") == "group":
            return self._ignore("status", "group")
        if provider_id is None or not isinstance(name, str) or name not in STATUSES:
            return self._ignore("status", name)
        failure = self._failure(status) if name == "failed" else None
        self.receipts.append(
            Receipt(
                number=number,
                provider_id=provider_id,
                status=name,
                at=time_of(status, self.received_at),
                outbox_id=text_of(status.get("biz_opaque_callback_data")),
                error_code=(failure.code or None) if failure else None,
                error=str(failure) if failure else None,
                failure=failure,
            )
        )

    def _failure(self, status: Json) -> DeliveryError:
        """What Meta's code of a failure means."""
        codes = [integer_of(error.get("code")) for error in self._objects(status, "errors")]
        return late_failure(next((code for code in codes if code is not None), None))

    def _user_ids(self, number: str, value: Json) -> None:
        for update in self._objects(value, "user_id_update"):
            self._keep_change(change_in_user_id_update(number, update), "user_id_update")

    def _preferences(self, number: str, value: Json) -> None:
        self._asides(number, value, "user_preferences", asides.preference)

    def _calls(self, number: str, value: Json) -> None:
        self._asides(number, value, "calls", asides.call)

    def _asides(self, number: str, value: Json, name: str, read: Callable[..., Inbound | None]) -> None:
        contacts = list(self._objects(value, "contacts"))
        for item in self._objects(value, name):
            aside = read(number, item, contacts, self.received_at)
            if aside is None:
                self._ignore(name, item.get("value") or item.get("event"))
            else:
                self.messages.append(aside)

    def _keep_change(self, change: AddressChange | None, kind: Any) -> None:
        if change is None:
            self._ignore("system", kind)
        else:
            self.changes.append(change)

    def _objects(self, parent: Json, key: str) -> Iterator[Json]:
        """The objects in a list; whatever else is there is counted."""
        items = parent.get(key)
        for item in items if isinstance(items, list) else [] if items is None else [items]:
            if isinstance(item, Mapping) and isinstance(items, list):
                yield item
            else:
                self._ignore("malformed", key)

    def _ignore(self, what: str, name: Any) -> None:
        self.ignored[f"{what} {label_of(name)}"] += 1


def _inbound(message_id: str, address: Address, message: Json, sent_at: float) -> Inbound:
    kind, text, payload = text_in(message)
    aside = kind in asides.KINDS
    return Inbound(
        message_id=message_id,
        address=address,
        sent_at=sent_at,
        kind=kind,
        text=asides.aside_text(message) if kind == "edit" else text,
        payload=payload,
        reply_to=asides.about(message),
        details=message,
        content=asides.aside_content(message) if aside else content_of(message),
        media=media_in(message),
        aside=aside,
    )
