"""Reads the shop's tables into what `actions.shop` promises: distances become days, rows become orders."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from actions import shop_rules as rules
from actions.shop import Account, Line, Order, Payment, Refund, Return
from actions.shop_invoice import Address, Invoice, InvoiceLine, Seller
from actions.shop_tables import customers, lines, orders, products, refunds, returns

SITE = "https://marigold.example"
SELLER = Seller(
    "Marigold Home & Garden Ltd", ("4 Weavers Yard", "Bristol", "BS2 0PZ"), "GB 123 4567 89", "hello@marigold.example"
)
DROP_OFF = "any Post Office or parcel locker"
VAT_ON_DELIVERY = 20


class Rows:
    """What the tables say, within one transaction."""

    def __init__(self, connection: Connection, today: date) -> None:
        self._connection = connection
        self._today = today

    def order(self, number: str) -> Order | None:
        return next(iter(self._orders(orders.c.number == number)), None)

    def orders_of(self, phone: str) -> tuple[Order, ...]:
        return self._orders(orders.c.phone == phone)

    def known_order(self, number: str) -> Order:
        """Raises `ShopRefuses` when there is none."""
        return self.order(number) or rules.refuse("unknown_order", f"There is no order {number}.")

    def stock(self, sku: str) -> int:
        """How many more there are to order; 0 also when there is no such product."""
        return self._connection.execute(sa.select(products.c.stock).where(products.c.sku == sku)).scalar() or 0

    def kept_because(self, sku: str) -> str | None:
        """Why this item cannot be sent back; None when it can."""
        row = self._first(sa.select(products.c.kept_because).where(products.c.sku == sku))
        return row["kept_because"] if row is not None else None

    def return_of(self, number: str, sku: str) -> Return | None:
        where = (returns.c.number == number) & (returns.c.sku == sku)
        query = sa.select(returns, products.c.name).join(products, products.c.sku == returns.c.sku).where(where)
        row = self._first(query)
        if row is None:
            return None
        opened = self._today - timedelta(days=row["opened_days_ago"])
        return Return(
            id=f"R{row['id']:04}",
            number=number,
            sku=sku,
            item=row["name"],
            reason=row["reason"],
            state=row["state"],
            label_code=f"MG{number}{row['id']:04}",
            drop_off=DROP_OFF,
            deadline=opened + timedelta(days=rules.LABEL_DAYS),
        )

    def refund(self, number: str) -> Refund | None:
        order = self._order_row(number)
        row = self._first(sa.select(refunds).where(refunds.c.number == number).order_by(refunds.c.id.desc()))
        if row is None:
            return None
        expected = self._day(row["expected_in_days"])
        return Refund(number, row["state"], row["amount"], _method(order), expected)

    def payment(self, number: str) -> Payment:
        order, row = self.known_order(number), self._order_row(number)
        again = order.payment == "failed" and order.state != "cancelled"
        pay_again_url = f"{SITE}/pay/{number}" if again else None
        return Payment(number, order.payment, order.total, row["method"], row["last_digits"], pay_again_url)

    def account(self, phone: str) -> Account | None:
        row = self._first(sa.select(customers).where((customers.c.phone == phone) & customers.c.email.is_not(None)))
        if row is None:
            return None
        return Account(phone, row["name"], row["email"], row["account_state"], f"{SITE}/account/reset")

    def invoice(self, number: str) -> Invoice:
        order, row = self.known_order(number), self._order_row(number)
        assert order.address is not None
        query = sa.select(products.c.sku, products.c.vat_percent)
        vat = {sku: percent for sku, percent in self._connection.execute(query)}
        goods = [InvoiceLine(line.name, line.quantity, line.price, vat[line.sku]) for line in order.lines]
        delivery = [InvoiceLine("Delivery", 1, order.delivery_price, VAT_ON_DELIVERY)] if order.delivery_price else []
        return Invoice(
            id=f"INV-{number}",
            number=number,
            issued_on=order.placed_on,
            seller=SELLER,
            customer=order.address,
            lines=(*goods, *delivery),
            payment=order.payment,
            method=_method(row),
            cancelled=order.state == "cancelled",
        )

    def _orders(self, where: Any) -> tuple[Order, ...]:
        newest_first = (orders.c.placed_days_ago, orders.c.number.desc())
        found = self._connection.execute(sa.select(orders).where(where).order_by(*newest_first)).mappings().all()
        query = (
            sa.select(lines, products.c.name, products.c.plural, products.c.kept_because)
            .join(products, products.c.sku == lines.c.sku)
            .where(lines.c.number.in_([row["number"] for row in found]))
            .order_by(lines.c.position)
        )
        of_order: dict[str, list[Line]] = {row["number"]: [] for row in found}
        for row in self._connection.execute(query).mappings():
            returnable = row["kept_because"] is None
            line = Line(row["sku"], row["name"], row["quantity"], row["price"], row["plural"], returnable)
            of_order[row["number"]].append(line)
        return tuple(self._order(row, tuple(of_order[row["number"]])) for row in found)

    def _order(self, row: Any, order_lines: tuple[Line, ...]) -> Order:
        delivered_on = self._day(row["delivered_days_ago"], -1)
        until = rules.returnable_until(delivered_on)
        return Order(
            number=row["number"],
            state=row["state"],
            lines=order_lines,
            placed_on=self._today - timedelta(days=row["placed_days_ago"]),
            expected_on=self._day(row["expected_in_days"]),
            delivered_on=delivered_on,
            carrier=row["carrier"],
            tracking=row["tracking"],
            phone=row["phone"],
            address=Address(row["name"], row["street"], row["town"], row["postcode"]),
            delivery_price=row["delivery_price"],
            payment=row["payment"],
            returnable_until=until,
            allowed=rules.allowed(row["state"], order_lines, until, self._today),
        )

    def _order_row(self, number: str) -> Any:
        row = self._first(sa.select(orders).where(orders.c.number == number))
        return row if row is not None else self.known_order(number)

    def _first(self, query: Any) -> Any:
        return self._connection.execute(query).mappings().first()

    def _day(self, distance: int | None, sign: int = 1) -> date | None:
        return None if distance is None else self._today + timedelta(days=sign * distance)


def _method(order: Any) -> str:
    return f"{order['method']} ending {order['last_digits']}" if order["last_digits"] else str(order["method"])
