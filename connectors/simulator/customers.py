"""Reads what the control API is given: a customer's data, and what a customer says."""

from __future__ import annotations

from typing import Any, Mapping

from connectors.simulator.model import Customer
from connectors.simulator.traffic import Traffic
from connectors.simulator.world import World


def save_customer(world: World, data: Mapping[str, Any]) -> Customer:
    """Make or change a customer. ``wa_id`` null hides the phone, as for people with a username; with nothing but a
    name, a phone is made up.

    Raises:
        ValueError: nothing to know the customer by is given, or something is not a string.
    """
    for name in ("wa_id", "user_id", "name", "username", "number"):
        if data.get(name) is not None and not isinstance(data[name], str):
            raise ValueError(f"'{name}' must be a string.")
    phone = (data.get("wa_id") or "").lstrip("+") or None
    if phone and not phone.isdigit():
        raise ValueError("'wa_id' must be the digits of a phone number.")
    user_id = data.get("user_id")
    if not (phone or user_id or data.get("username") or data.get("name")):
        raise ValueError("Give 'wa_id' (a phone number), 'user_id', 'username' or 'name'.")
    customer = world.find(user_id) or world.find(phone)
    if customer is None:
        if not (phone or user_id or data.get("username")):
            phone = world.unused_phone()
        name = data.get("name") or data.get("username") or f"+{phone}"
        return world.make_customer(name, phone, user_id, **_given(data, "username", "number"))
    for name, value in _given(data, "name", "username", "number").items():
        setattr(customer, name, value)
    if phone and phone != customer.phone:
        world.forget_phone(customer)
        customer.phone = phone
    if "wa_id" in data:
        customer.phone_shown = phone is not None
    world.save_customer(customer)
    return customer


def content_of(traffic: Traffic, customer: Customer, data: Mapping[str, Any]) -> dict[str, Any]:
    """The ``messages[]`` item for what a customer is to say.

    A ``context`` that is left out of a reply to a button or a row is looked up: the latest message that offered it.

    Raises:
        ValueError: an unknown type, or a part is missing.
    """
    kind = data.get("type", "text")
    if kind == "raw":
        if not isinstance(data.get("message"), dict):
            raise ValueError("'message' must be an object.")
        return dict(data["message"])
    if kind == "text":
        content: dict[str, Any] = {"type": "text", "text": {"body": _text(data, "text")}}
    elif kind in ("button_reply", "list_reply"):
        reply = {"id": _text(data, "id"), "title": _text(data, "title")}
        if kind == "list_reply" and data.get("description"):
            reply["description"] = _text(data, "description")
        content = {"type": "interactive", "interactive": {"type": kind, kind: reply}}
    elif kind == "reaction":
        reaction = {"message_id": _text(data, "message_id"), "emoji": str(data.get("emoji", ""))}
        return {"type": "reaction", "reaction": reaction}
    else:
        raise ValueError("'type' must be text, button_reply, list_reply, reaction or raw.")
    context = data.get("context")
    if "context" not in data and kind != "text":
        context = traffic.context_of_choice(customer, data["id"])
    if context:
        content["context"] = context if isinstance(context, dict) else _context(traffic, customer, str(context))
    return content


def _context(traffic: Traffic, customer: Customer, message_id: str) -> dict[str, Any]:
    quoted = traffic.world.messages.get(message_id)
    own = quoted is not None and quoted.author == "customer"
    sender = customer.wa_id if own else traffic.display(customer.number)
    return {**({"from": sender} if sender else {}), "id": message_id}


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"'{name}' must be a string that is not empty.")
    return value


def _given(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names if data.get(name)}
