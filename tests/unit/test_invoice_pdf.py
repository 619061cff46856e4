"""The invoice's PDF, read back as text."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from actions.invoice_pdf import invoice_pdf
from actions.shop_invoice import Address, Invoice, InvoiceLine, PaymentState, Seller
from actions.shop_sql import SqlShop

INVOICE = Invoice(
    id="INV-1042",
    number="1042",
    issued_on=date(2026, 3, 2),
    seller=Seller("Marigold", ("4 Weavers Yard", "Bristol"), "GB 123 4567 89", "hello@marigold.example"),
    customer=Address("Ana Lopes", "12 Harbour Walk", "Bristol", "BS1 4DJ"),
    lines=(InvoiceLine("Blue teapot", 1, 3400, 20), InvoiceLine("Recipe book", 50, 2200, 0)),
    payment="paid",
    method="card ending 4242",
)


def pages(invoice: Invoice) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(invoice_pdf(invoice))).pages]


def test_an_invoice_says_who_what_how_much_and_whether_it_is_paid() -> None:
    (text,) = pages(INVOICE)
    for part in (
        "Marigold", "4 Weavers Yard", "GB 123 4567 89", "INV-1042", "1042", "2 March 2026", "Ana Lopes",
        "12 Harbour Walk", "BS1 4DJ", "Blue teapot", "£34.00", "Recipe book", "50", "£22.00", "£1,100.00",
        "£1,134.00", "£5.67", "£1,128.33", "20%", "0%", "Paid by card ending 4242", "Page 1 of 1",
    ):  # fmt: skip
        assert part in text, f"{part!r} is not in:\n{text}"


@pytest.mark.parametrize(
    ("payment", "cancelled", "said"),
    [
        ("pending", False, "being processed"),
        ("failed", False, "Not paid"),
        ("refunded", True, "Refunded to card ending 4242"),
        ("paid", True, "on its way back"),
    ],
)
def test_what_is_not_simply_paid_is_said(payment: PaymentState, cancelled: bool, said: str) -> None:
    (text,) = pages(replace(INVOICE, payment=payment, cancelled=cancelled))
    assert said in text and ("cancelled" in text) == cancelled


def test_a_long_invoice_has_every_line_once_and_the_heads_on_each_page() -> None:
    lines = tuple(InvoiceLine(f"Item no. {number}.", 1, 100, 20) for number in range(1, 100))
    found = pages(replace(INVOICE, lines=lines))
    assert len(found) > 2
    assert [int(number) for number in re.findall(r"Item no\. (\d+)\.", " ".join(found))] == list(range(1, 100))
    for page in found[:-1]:
        assert "Amount" in page
    assert "£99.00" in found[-1] and f"Page {len(found)} of {len(found)}" in found[-1]


@pytest.mark.parametrize("name", ["Łukasz Żuk", "Ольга Шевченко", "Γιώργος", "Nguyễn Thị Hà"])
def test_names_in_european_letters_are_kept(name: str) -> None:
    assert name in pages(replace(INVOICE, customer=replace(INVOICE.customer, name=name)))[0]


@settings(max_examples=12, deadline=None)
@given(st.text(max_size=200))
@example("李小龙")
@example("محمد")
@example("\U0001f389 e\u0301 \x00 \ud800 {nb} **bold** %s")
@example("A" * 400)
def test_any_text_makes_a_readable_invoice(text: str) -> None:
    customer = Address(text, text, text, "BS1 4DJ")
    lines = (InvoiceLine(text, 1, 3400, 20), InvoiceLine("Discount", 1, -500, 20))
    found = " ".join(pages(replace(INVOICE, customer=customer, lines=lines)))
    assert "INV-1042" in found and "-£5.00" in found and "£29.00" in found


def test_the_same_invoice_gives_the_same_bytes() -> None:
    assert invoice_pdf(INVOICE) == invoice_pdf(INVOICE)


def test_an_invoice_of_the_demo_is_one_page(tmp_path: Path) -> None:
    shop = SqlShop(tmp_path / "shop.db")
    for number in ("1042", "1045", "1061", "1063", "1065"):
        assert len(pages(shop.invoice(number))) == 1


@given(st.integers(0, 10**8), st.integers(0, 25), st.integers(1, 20))
def test_the_vat_of_a_line_is_the_nearest_penny(price: int, percent: int, quantity: int) -> None:
    line = InvoiceLine("x", quantity, price, percent)
    exact = line.total * percent / (100 + percent)
    assert abs(line.vat - exact) <= 0.5 + 1e-6
