"""An invoice as a PDF, A4, in as many pages as it needs. The same invoice always gives the same bytes."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timezone
from functools import cache
from pathlib import Path
from typing import Sequence

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from actions.shop_invoice import Invoice, InvoiceLine

_FONTS = Path(__file__).parent / "fonts"
_FONT = "Noto Sans"
_MARGIN = 20  # millimetres, as all lengths here
_WIDTH = 210 - 2 * _MARGIN
_INK, _GREY, _ACCENT, _RULE = (34, 34, 34), (105, 105, 105), (168, 84, 8), (221, 221, 221)
_LINE = 5.2
_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
_PAID = {
    "paid": "Paid by {method}. Thank you.",
    "pending": "The payment by {method} is being processed.",
    "failed": "Not paid: the payment by {method} did not go through.",
    "refunded": "Refunded to {method}.",
}
_PAID_AND_CANCELLED = "Paid by {method}. The money is on its way back."


def invoice_pdf(invoice: Invoice) -> bytes:
    """The PDF of an invoice. A letter that the font does not have becomes a question mark."""
    page = _Page(invoice)
    page.add_page()
    _heading(page, invoice)
    _customer(page, invoice)
    _lines(page, invoice)
    _totals(page, invoice)
    _vat(page, invoice)
    _state(page, invoice)
    return bytes(page.output())


class _Page(FPDF):
    """The sheet: fonts, the line at the foot of each page."""

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(format="A4")
        self._invoice = invoice
        self.add_font(_FONT, "", _FONTS / "NotoSans-Regular.ttf")
        self.add_font(_FONT, "B", _FONTS / "NotoSans-Bold.ttf")
        self.set_margin(_MARGIN)
        self.c_margin = 0  # text begins where the lines begin
        self.set_auto_page_break(True, margin=28)
        self.alias_nb_pages()
        self.set_title(_known(f"Invoice {invoice.id}"))
        self.set_author(_known(invoice.seller.name))
        self.set_lang("en-GB")
        self.set_creation_date(datetime.combine(invoice.issued_on, time(12), timezone.utc))
        self.write_in()

    def write_in(self, size: float = 9.5, bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(*colour)

    def text_line(self, text: str, align: Align = Align.L, width: float = _WIDTH) -> None:
        """One paragraph, and on to the next line. It breaks where it must."""
        self.multi_cell(width, self.font_size * 1.5, _known(text), align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def footer(self) -> None:
        seller = self._invoice.seller
        self.set_y(-20)
        self.set_draw_color(*_RULE)
        self.line(_MARGIN, self.get_y(), _MARGIN + _WIDTH, self.get_y())
        self.set_y(-17)
        self.write_in(7.5, colour=_GREY)
        for parts in ((seller.name, *seller.address), (f"VAT no. {seller.vat_number}", seller.email)):
            self.text_line(" · ".join(part for part in parts if part), width=_WIDTH - 25)
        self.set_y(-17)
        self.text_line(f"Page {self.page_no()} of {{nb}}", Align.R)


def _heading(page: _Page, invoice: Invoice) -> None:
    page.write_in(20, bold=True, colour=_ACCENT)
    page.text_line(invoice.seller.name, width=110)
    below = page.get_y()
    page.set_xy(_MARGIN, _MARGIN)
    page.write_in(14, colour=_GREY)
    page.text_line("Invoice", Align.R)
    page.set_y(max(below, page.get_y()) + 3)
    page.set_draw_color(*_ACCENT)
    page.set_line_width(0.6)
    page.line(_MARGIN, page.get_y(), _MARGIN + _WIDTH, page.get_y())
    page.set_line_width(0.2)
    page.ln(8)


def _customer(page: _Page, invoice: Invoice) -> None:
    top = page.get_y()
    page.write_in(8, colour=_GREY)
    page.text_line("Invoice to")
    customer = invoice.customer
    page.write_in(10, bold=True)
    page.text_line(customer.name, width=95)
    page.write_in()
    for part in (customer.street, customer.town, customer.postcode):
        page.text_line(part, width=95)
    below = page.get_y()
    page.set_y(top)
    facts = {"Invoice": invoice.id, "Order": invoice.number, "Date": _day(invoice.issued_on)}
    for label, value in facts.items():
        page.set_x(_MARGIN + 105)
        page.write_in(9, colour=_GREY)
        page.cell(22, _LINE, label)
        page.write_in(9.5, bold=True)
        page.cell(_WIDTH - 127, _LINE, _known(value), align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_y(max(below, page.get_y()) + 9)


def _lines(page: _Page, invoice: Invoice) -> None:
    rows = [
        [
            line.text,
            str(line.quantity),
            _money(line.price, invoice),
            f"{line.vat_percent}%",
            _money(line.total, invoice),
        ]
        for line in invoice.lines
    ]
    _table(page, ["Item", "Quantity", "Price", "VAT", "Amount"], rows, (82, 20, 26, 16, 26))


def _table(page: _Page, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    """First column to the left, the others to the right; the heads come again on each page."""
    page.write_in()
    page.set_draw_color(*_RULE)
    with page.table(
        width=sum(widths),
        col_widths=tuple(widths),
        align=Align.L,
        text_align=(Align.L, *[Align.R] * (len(heads) - 1)),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="", color=_GREY, size_pt=8),
        line_height=_LINE,
        padding=(1.3, 0),
    ) as table:
        for row in (heads, *rows):
            table.row([_known(cell) for cell in row])


def _totals(page: _Page, invoice: Invoice) -> None:
    amounts = [
        ("Without VAT", invoice.total - invoice.vat, False),
        ("VAT", invoice.vat, False),
        ("Total", invoice.total, True),
    ]
    page.ln(4)
    with page.unbreakable():
        for label, amount, strong in amounts:
            page.set_x(_MARGIN + 100)
            page.write_in(11 if strong else 9.5, bold=strong)
            page.cell(35, _LINE * 1.25, label)
            page.cell(
                _WIDTH - 135, _LINE * 1.25, _money(amount, invoice), align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
    page.ln(6)


def _vat(page: _Page, invoice: Invoice) -> None:
    """What was charged at each rate, as British invoices have to say."""
    rates = sorted({line.vat_percent for line in invoice.lines}, reverse=True)
    rows = []
    for rate in rates:
        total, vat = _sums([line for line in invoice.lines if line.vat_percent == rate])
        rows.append([f"{rate}%", _money(total - vat, invoice), _money(vat, invoice)])
    _table(page, ["VAT rate", "Without VAT", "VAT"], rows, (26, 30, 26))
    page.ln(7)


def _state(page: _Page, invoice: Invoice) -> None:
    page.write_in(10, bold=True)
    if invoice.cancelled:
        page.text_line("This order was cancelled.")
    state = _PAID_AND_CANCELLED if invoice.cancelled and invoice.payment == "paid" else _PAID[invoice.payment]
    page.text_line(state.format(method=invoice.method))
    page.write_in(9, colour=_GREY)
    page.text_line(f"Questions? Write to us on WhatsApp or to {invoice.seller.email}.")


def _sums(lines: Sequence[InvoiceLine]) -> tuple[int, int]:
    return sum(line.total for line in lines), sum(line.vat for line in lines)


def _money(pence: int, invoice: Invoice) -> str:
    symbol = _SYMBOLS.get(invoice.currency, f"{invoice.currency} ")
    return f"{'-' if pence < 0 else ''}{symbol}{abs(pence) // 100:,}.{abs(pence) % 100:02}"


def _day(when: date) -> str:
    return f"{when.day} {when:%B %Y}"


def _known(text: str) -> str:
    """The text with only letters that the font can draw; line breaks become spaces."""
    letters = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(letter if ord(letter) in _drawable() else "?" for letter in letters)


@cache
def _drawable() -> frozenset[int]:
    with TTFont(_FONTS / "NotoSans-Regular.ttf") as font:
        return frozenset(font.getBestCmap())
