"""What the assistant may ask of the shop. Actions know this interface, never the system behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

OrderState = Literal["placed", "packed", "shipped", "delivered", "cancelled"]


class ShopUnavailable(Exception):
    """The shop did not answer. Trying again later may help."""


@dataclass(frozen=True)
class Order:
    """One order. ``expected_on`` is the promised day until it is delivered; ``carrier`` and ``tracking`` once known."""

    number: str
    state: OrderState
    items: tuple[str, ...]
    placed_on: date
    expected_on: date | None = None
    delivered_on: date | None = None
    carrier: str | None = None
    tracking: str | None = None

    def is_late(self, today: date) -> bool:
        return self.state == "shipped" and self.expected_on is not None and self.expected_on < today


class Shop(Protocol):
    """The shop's data."""

    def order(self, number: str) -> Order | None:
        """The order with this number (four digits), or None when there is none.

        Raises:
            ShopUnavailable: the shop did not answer.
        """
        ...
