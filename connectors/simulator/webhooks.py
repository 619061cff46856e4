"""The shape of webhooks: Meta's envelope around messages, statuses and echoes, and the signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from itertools import groupby
from typing import Any, Sequence

from connectors.simulator.model import Customer, Message, Webhook, display_number

SIGNATURE_HEADER = "X-Hub-Signature-256"

MESSAGES = "messages"
STATUSES = "statuses"
ERRORS = "errors"
ECHOES = "message_echoes"
CALLS = "calls"
PREFERENCES = "user_preferences"
TEMPLATE_STATUS = "message_template_status_update"
_FIELDS = {
    MESSAGES: "messages",
    STATUSES: "messages",
    ERRORS: "messages",
    ECHOES: "smb_message_echoes",
    CALLS: "calls",
    PREFERENCES: "user_preferences",
}


def sign(app_secret: str, body: bytes) -> str:
    """The value of the signature header: over the raw bytes, with the app's secret."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def envelope(account: str, first_number: str, webhooks: Sequence[Webhook]) -> bytes:
    """One POST for all of these updates. Neighbours of one kind and number share a ``value``."""
    changes = []
    about_account = [one for one in webhooks if one.kind == TEMPLATE_STATUS]
    webhooks = [one for one in webhooks if one.kind != TEMPLATE_STATUS]
    for (kind, number), group in groupby(webhooks, key=lambda webhook: (webhook.kind, webhook.number)):
        members = list(group)
        contacts = {one.contact["user_id"]: one.contact for one in members if one.contact}
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": display_number(number, first_number), "phone_number_id": number},
        }
        if contacts:
            value["contacts"] = list(contacts.values())
        value[kind] = [one.item for one in members]
        changes.append({"field": _FIELDS[kind], "value": value})
    entries: list[dict[str, Any]] = [{"id": account, "changes": changes}] if changes else []
    for one in about_account:  # these have a time, and belong to no number
        entries.append({"id": account, "time": int(one.at), "changes": [{"field": one.kind, "value": one.item}]})
    body = {"object": "whatsapp_business_account", "entry": entries}
    return json.dumps(body, separators=(",", ":")).encode()


def contact_of_status(customer: Customer, status: str) -> dict[str, Any] | None:
    """What a status says of the customer: who they are once a phone of theirs has it, and nothing when it failed."""
    if status == "failed":
        return None
    contact = customer.contact()
    if status == "sent":
        contact.pop("profile")
    return contact


def status_item(customer: Customer, message: Message, status: str, at: float) -> dict[str, Any]:
    """An item of ``statuses``. A failed one that went to a phone does not name the user id."""
    failed = status == "failed"
    item: dict[str, Any] = {"id": message.id, "status": status, "timestamp": str(int(at))}
    if customer.wa_id:
        item["recipient_id"] = customer.wa_id
    if not failed or not customer.wa_id:
        item["recipient_user_id"] = customer.user_id
    if message.callback is not None:
        item["biz_opaque_callback_data"] = message.callback
    if status == "sent":
        item["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": message.category}
    if failed and message.error:
        item["errors"] = [message.error]
    return item


def echo_item(customer: Customer, message: Message, first_number: str) -> dict[str, Any]:
    """An item of ``message_echoes``: what a colleague typed on the business's own phone."""
    to = {"to": customer.wa_id} if customer.wa_id else {}
    return {
        "from": display_number(message.number, first_number),
        **to,
        "to_user_id": customer.user_id,
        "id": message.id,
        "timestamp": str(int(message.at)),
        "type": message.type,
        message.type: message.payload[message.type],
    }
