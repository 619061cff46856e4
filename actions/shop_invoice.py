"""Addresses and invoices, as the shop gives them. Money is in pence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

PaymentState = Literal["paid", "failed", "pending", "refunded"]


@dataclass(frozen=True)
class Address:
    """Where a parcel goes. ``postcode`` is British: ``BS1 4DJ``."""

    name: str
    street: str
    town: str
    postcode: str

    def one_line(self) -> str:
        return ", ".join(part for part in (self.street, self.town, self.postcode) if part)


@dataclass(frozen=True)
class InvoiceLine:
    """``price`` and ``total`` include VAT at ``vat_percent``."""

    text: str
    quantity: int
    price: int
    vat_percent: int

    @property
    def total(self) -> int:
        return self.quantity * self.price

    @property
    def vat(self) -> int:
        """The part of the total that is VAT, rounded to the nearest penny."""
        return (2 * self.total * self.vat_percent + 100 + self.vat_percent) // (2 * (100 + self.vat_percent))


@dataclass(frozen=True)
class Seller:
    """Who sends the invoice. ``address`` is one part a line."""

    name: str
    address: tuple[str, ...]
    vat_number: str
    email: str


@dataclass(frozen=True)
class Invoice:
    """What an invoice says. Delivery is a line like the others; amounts are in pence of ``currency``."""

    id: str
    number: str
    issued_on: date
    seller: Seller
    customer: Address
    lines: tuple[InvoiceLine, ...]
    payment: PaymentState
    method: str
    cancelled: bool = False
    currency: str = "GBP"

    @property
    def total(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def vat(self) -> int:
        return sum(line.vat for line in self.lines)


def tidy_postcode(text: str) -> str:
    """``bs14dj`` as ``BS1 4DJ``; what is too short for a postcode comes back in capitals without spaces."""
    letters = "".join(text.split()).upper()
    return f"{letters[:-3]} {letters[-3:]}" if len(letters) > 4 else letters
