"""Reads what the control API is told about a customer."""

from __future__ import annotations

from typing import Any, Mapping

from connectors.simulator.model import Customer
from connectors.simulator.world import World


def save_customer(world: World, data: Mapping[str, Any]) -> Customer:
    """Make or change a customer. ``wa_id`` null hides the phone, as for people with a username; with nothing but a
    name, a phone is made up. ``blocks`` says whether they block the business.

    Raises:
        ValueError: nothing to know the customer by is given, or something is not a string.
    """
    for name in ("wa_id", "user_id", "name", "username", "number"):
        if data.get(name) is not None and not isinstance(data[name], str):
            raise ValueError(f"'{name}' must be a string.")
    if not isinstance(data.get("blocks", False), bool):
        raise ValueError("'blocks' must be true or false.")
    phone = (data.get("wa_id") or "").lstrip("+") or None
    if phone and not phone.isdigit():
        raise ValueError("'wa_id' must be the digits of a phone number.")
    user_id = data.get("user_id")
    if not (phone or user_id or data.get("username") or data.get("name")):
        raise ValueError("Give 'wa_id' (a phone number), 'user_id', 'username' or 'name'.")
    customer = world.find(user_id) or world.find(phone)
    new = customer is None
    if customer is None:
        if not (phone or user_id or data.get("username")):
            phone = world.unused_phone()
        name = data.get("name") or data.get("username") or f"+{phone}"
        customer = world.make_customer(name, phone, user_id, **_given(data, "username", "number"))
    for name, value in _given(data, "name", "username", "number").items():
        setattr(customer, name, value)
    if phone and phone != customer.phone:
        world.forget_phone(customer)
        customer.phone = phone
    customer.blocks_business = data.get("blocks", customer.blocks_business)
    if "wa_id" in data and not new:
        customer.phone_shown = phone is not None
    world.save_customer(customer)
    return customer


def _given(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names if data.get(name)}
