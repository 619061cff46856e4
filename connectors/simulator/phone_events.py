"""What customers do that is not a message of theirs: a new number or user id, a new security code, a call, a choice
about marketing."""

from __future__ import annotations

import secrets
from typing import Any, Callable, Mapping

from connectors.simulator.model import Customer, Message, user_id_for
from connectors.simulator.phones import Phones, new_message_id
from connectors.simulator.saying import need_text
from connectors.simulator.webhooks import CALLS, PREFERENCES

CALL_EVENTS = ("connect", "terminate")
CALL_ENDS = ("COMPLETED", "FAILED")


def happens(phones: Phones, customer: Customer, data: Mapping[str, Any]) -> Message | None:
    """Do what ``data`` tells, if its type is one of these; None when it is not.

    Raises:
        ValueError: a part is missing or wrong.
    """
    event = _EVENTS.get(str(data.get("type")))
    return event(phones, customer, data) if event else None


def _number_change(phones: Phones, customer: Customer, data: Mapping[str, Any]) -> Message:
    """A new phone number. The user id changes with it, and this message is the only link between the two."""
    phone = need_text(data, "wa_id").lstrip("+")
    if not phone.isdigit():
        raise ValueError("'wa_id' must be the digits of a phone number.")
    if phones.world.find(phone) is not None:
        raise ValueError(f"Another customer has the number {phone}.")
    user_id = user_id_for(phone)
    told: dict[str, Any] = {"type": "user_changed_number"}
    if customer.phone_shown:
        told |= {"body": f"{customer.name} changed from {customer.phone} to {phone}", "wa_id": phone}
    else:
        told |= {"body": f"{customer.name} changed from {customer.user_id} to {user_id}"}
    told |= {"user_id": user_id, "previous_user_id": customer.user_id}
    message = _system(phones, customer, told, data)
    phones.world.rename(customer, user_id, phone)
    return message


def _user_id_change(phones: Phones, customer: Customer, data: Mapping[str, Any]) -> Message:
    new = str(data.get("user_id") or user_id_for(f"{customer.user_id}/{phones.world.now()}"))
    if phones.world.find(new) is not None:
        raise ValueError(f"Another customer has the user id {new}.")
    told = {
        "type": "user_changed_user_id",
        "body": f"{customer.name} changed from {customer.user_id} to {new}",
        "user_id": new,
        "previous_user_id": customer.user_id,
    }
    message = _system(phones, customer, told, data)
    phones.world.rename(customer, new, customer.phone)
    return message


def _identity_change(phones: Phones, customer: Customer, data: Mapping[str, Any]) -> Message:
    told = {"type": "customer_identity_changed", "body": f"{customer.name}'s security code changed"}
    created = str(int(phones.world.now()))
    identity = {"acknowledged": False, "created_timestamp": created, "hash": secrets.token_urlsafe(9)}
    return _system(phones, customer, told, data, identity=identity)


def _system(
    phones: Phones, customer: Customer, system: dict[str, Any], data: Mapping[str, Any], **other: Any
) -> Message:
    content = {"type": "system", "system": system, "from_user_id": None, **other}
    if data.get("wamid"):
        content["id"] = data["wamid"]
    return phones.says(customer, content)


def _call(phones: Phones, customer: Customer, data: Mapping[str, Any]) -> Message:
    """The customer calls, or (``event`` terminate, with the ``call_id``) the call ends. A call opens the 24 hours."""
    event = data.get("event", "connect")
    if event not in CALL_EVENTS:
        raise ValueError(f"'event' must be {' or '.join(CALL_EVENTS)}.")
    now = phones.world.now()
    call: dict[str, Any] = {
        "id": f"wacid.{secrets.token_hex(16).upper()}" if event == "connect" else need_text(data, "call_id"),
        **({"from": customer.wa_id} if customer.wa_id else {}),
        "from_user_id": customer.user_id,
        "to": phones.display(customer.number),
        "event": event,
        "timestamp": str(int(now)),
        "direction": "USER_INITIATED",
    }
    if event == "connect":
        call["session"] = {"sdp_type": "offer", "sdp": "v=0\r\n"}
        phones.opens_window(customer, now)
    else:
        call["status"] = data.get("status", "FAILED")
        if call["status"] not in CALL_ENDS:
            raise ValueError(f"'status' must be {' or '.join(CALL_ENDS)}.")
    shown = {"id": new_message_id(), "type": "call", "call": call}
    message = phones.keep(customer, shown, now)
    phones.teller.tell(customer, CALLS, call, contact=customer.contact(), message=message)
    return message


def _preferences(phones: Phones, customer: Customer, data: Mapping[str, Any]) -> Message:
    """The customer stops marketing, or allows it again, with WhatsApp's own switch."""
    value = data.get("value")
    if value not in ("stop", "resume"):
        raise ValueError("'value' must be stop or resume.")
    customer.marketing_stopped = value == "stop"
    now = phones.world.now()
    item = {
        **({"wa_id": customer.wa_id} if customer.wa_id else {}),
        "user_id": customer.user_id,
        "detail": f"User requested to {value} marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(now),
    }
    shown = {"id": new_message_id(), "type": "user_preferences", "user_preferences": item}
    message = phones.keep(customer, shown, now)
    phones.teller.tell(customer, PREFERENCES, item, contact=customer.contact(), message=message)
    return message


_EVENTS: dict[str, Callable[[Phones, Customer, Mapping[str, Any]], Message]] = {
    "number_change": _number_change,
    "user_id_change": _user_id_change,
    "identity_change": _identity_change,
    "call": _call,
    "user_preferences": _preferences,
}
