"""What the assistant may ask of the shop. Actions know this interface, never the system behind it.

Money is in pence (whole numbers), phones are digits with the country's code (``447700900123``), order numbers are text.
Calls block: actions make them through ``asyncio.to_thread``. A turn of the bot that fails is run again, so every change
can be asked for twice: the second time gives what the first time gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from actions.shop_invoice import Address, Invoice, PaymentState

OrderState = Literal["placed", "packed", "shipped", "delivered", "cancelled"]
RefundState = Literal["awaiting_return", "pending", "paid"]
ReturnState = Literal["open", "received"]
AccountState = Literal["active", "locked"]
# What may be done with an order: the shop decides, from its rules and the order's state.
Change = Literal["cancel", "change_address", "change_quantity", "return"]
# Why a change is refused; docs/shop-api.md says when each is used.
RefusalCode = Literal[
    "unknown_order",
    "unknown_item",
    "already_cancelled",
    "too_late",
    "not_delivered",
    "not_returnable",
    "bad_address",
    "bad_quantity",
    "last_item",
    "out_of_stock",
    "refused",
]


class ShopUnavailable(Exception):
    """The shop did not answer. Trying again later may help."""


class ShopRefuses(Exception):
    """A rule of the shop forbids it. Trying again does not help. ``message`` is a sentence for the customer."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Line:
    """One item of an order. ``price`` is that of one piece; ``plural`` names several (``mugs``); ``returnable`` is
    whether this kind of item may be sent back at all."""

    sku: str
    name: str
    quantity: int = 1
    price: int = 0
    plural: str | None = None
    returnable: bool = True

    @property
    def total(self) -> int:
        return self.quantity * self.price

    @property
    def label(self) -> str:
        """``Blue teapot``, ``Two mugs``, ``12 mugs``."""
        if self.quantity == 1:
            return self.name
        if self.plural is None:
            return f"{self.quantity} x {self.name}"
        number = dict(enumerate(_NUMBERS)).get(self.quantity, str(self.quantity))
        return f"{number} {self.plural}"


_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True)
class Order:
    """One order. ``expected_on`` is the promised day until it is delivered; ``carrier`` and ``tracking`` once known.
    ``returnable_until`` is the last day to open a return, once delivered. ``allowed`` is what the shop would do now."""

    number: str
    state: OrderState
    lines: tuple[Line, ...]
    placed_on: date
    expected_on: date | None = None
    delivered_on: date | None = None
    carrier: str | None = None
    tracking: str | None = None
    phone: str = ""
    address: Address | None = None
    delivery_price: int = 0
    discount: int = 0
    payment: PaymentState = "paid"
    returnable_until: date | None = None
    allowed: frozenset[Change] = frozenset()

    @property
    def items(self) -> tuple[str, ...]:
        return tuple(line.label for line in self.lines)

    @property
    def postcode(self) -> str:
        return self.address.postcode if self.address else ""

    @property
    def total(self) -> int:
        """Items and delivery, less the discount, VAT included."""
        return self.delivery_price - self.discount + sum(line.total for line in self.lines)

    def line(self, sku: str) -> Line | None:
        return next((line for line in self.lines if line.sku == sku), None)

    def is_late(self, today: date) -> bool:
        return self.state == "shipped" and self.expected_on is not None and self.expected_on < today


@dataclass(frozen=True)
class Return:
    """An item on its way back. The customer shows ``label_code`` at the ``drop_off``, at the latest on ``deadline``."""

    id: str
    number: str
    sku: str
    item: str
    reason: str
    state: ReturnState
    label_code: str
    drop_off: str
    deadline: date


@dataclass(frozen=True)
class Refund:
    """Money on its way back. ``awaiting_return``: it starts when the parcel has come. ``expected_on`` is the day it is,
    or was, with the customer; None while that cannot be told. ``method``: ``card ending 4242``."""

    number: str
    state: RefundState
    amount: int
    method: str
    expected_on: date | None = None


@dataclass(frozen=True)
class Payment:
    """How an order was paid. ``last_digits`` of the card, None for other methods. ``pay_again_url`` after a failure."""

    number: str
    state: PaymentState
    amount: int
    method: str
    last_digits: str | None = None
    pay_again_url: str | None = None


@dataclass(frozen=True)
class Account:
    """A customer's account in the online shop. ``reset_url`` is the page where a new password is asked for."""

    phone: str
    name: str
    email: str
    state: AccountState
    reset_url: str


class Shop(Protocol):
    """The shop's data and its rules.

    Every method raises `ShopUnavailable` when the shop does not answer. Methods that return something for an order
    (all but `order` and `orders_of`) raise `ShopRefuses` with ``unknown_order`` when there is none with that number.
    """

    def order(self, number: str) -> Order | None:
        """The order with this number, or None when there is none."""
        ...

    def orders_of(self, phone: str) -> tuple[Order, ...]:
        """The orders made with this phone number, newest first."""
        ...

    def cancel(self, number: str) -> Order:
        """Cancel a placed or packed order. What was paid is refunded. A cancelled order stays as it is.

        Raises:
            ShopRefuses: ``too_late``, the carrier has it.
        """
        ...

    def change_address(self, number: str, address: Address) -> Order:
        """Send a placed or packed order somewhere else.

        Raises:
            ShopRefuses: ``too_late``, ``already_cancelled``, ``bad_address``.
        """
        ...

    def change_quantity(self, number: str, sku: str, quantity: int) -> Order:
        """Set how many of an item a placed order has; 0 takes the item out.

        Raises:
            ShopRefuses: ``too_late``, ``already_cancelled``, ``unknown_item``, ``bad_quantity``, ``out_of_stock``,
                ``last_item`` (an order without items: cancel it instead).
        """
        ...

    def open_return(self, number: str, sku: str, reason: str) -> Return:
        """Start to send an item back. A return of the same item that is open already is given again.

        Raises:
            ShopRefuses: ``not_delivered``, ``too_late``, ``not_returnable``, ``unknown_item``, ``already_cancelled``.
        """
        ...

    def refund(self, number: str) -> Refund | None:
        """The newest refund of this order, or None when there is none."""
        ...

    def invoice(self, number: str) -> Invoice:
        """The invoice of this order."""
        ...

    def payment(self, number: str) -> Payment:
        """How this order was paid, or why it was not."""
        ...

    def account(self, phone: str) -> Account | None:
        """The account that belongs to this phone number, or None."""
        ...
