"""The limits of contact cards that the business sends."""

from __future__ import annotations

from typing import Any

from connectors.simulator.errors import GraphError
from connectors.simulator.limits_reading import need_object, need_text

MAX_CARDS = 5
NAME_PARTS = ("first_name", "last_name", "middle_name", "suffix", "prefix")
LISTS = {"phones": "phone", "emails": "email", "urls": "url", "addresses": None}


def check_contacts(cards: Any) -> None:
    """Check the ``contacts`` of a message.

    Raises:
        GraphError: 131008 or 131009.
    """
    if not isinstance(cards, list) or not 1 <= len(cards) <= MAX_CARDS:
        raise GraphError(131009, f"contacts must be a list of 1 to {MAX_CARDS} cards.")
    for card in cards:
        if not isinstance(card, dict):
            raise GraphError(131009, "contacts must hold objects.")
        name = need_object(card, "name", "contacts")
        need_text(name, "formatted_name", "contacts.name")
        if not any(name.get(part) for part in NAME_PARTS):
            raise GraphError(131009, f"contacts.name needs one of {', '.join(NAME_PARTS)} beside formatted_name.")
        for kind, needed in LISTS.items():
            _check_entries(card.get(kind) or [], f"contacts.{kind}", needed)


def _check_entries(entries: Any, where: str, needed: str | None) -> None:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise GraphError(131009, f"{where} must be a list of objects.")
    for entry in entries:
        if needed is not None:
            need_text(entry, needed, where)
