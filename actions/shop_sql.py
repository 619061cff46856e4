"""The shop in a SQLite file: Marigold's demo, created at first use. Its rules are in `actions.shop_rules`.

Every change runs in one transaction that keeps other writers out from its start, so what it has read is still so when
it writes.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, Callable, Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from actions import shop_rules as rules
from actions import shop_tables as tables
from actions.shop import Account, Order, Payment, Refund, Return, ShopUnavailable
from actions.shop_invoice import Address, Invoice
from actions.shop_rows import Rows
from actions.shop_seed import delivery_price

BUSY_SECONDS = 2


class SqlShop:
    """See `actions.shop.Shop` for the methods. Connects, creates and seeds when it is first asked something."""

    def __init__(self, file: Path, today: Callable[[], date] = date.today) -> None:
        self._file = file
        self._today = today
        self._engine: Engine | None = None
        self._opening = Lock()

    def order(self, number: str) -> Order | None:
        with self._reading() as rows:
            return rows.order(number)

    def orders_of(self, phone: str) -> tuple[Order, ...]:
        with self._reading() as rows:
            return rows.orders_of(phone)

    def cancel(self, number: str) -> Order:
        with self._writing() as (connection, rows):
            order = rows.known_order(number)
            if order.state == "cancelled":
                return order
            rules.check_cancel(order)
            connection.execute(_order_row(number, state="cancelled", expected_in_days=None))
            for line in order.lines:
                connection.execute(_stock(line.sku, line.quantity))
            if order.payment == "paid":
                amount, expected = order.total, rules.REFUND_DAYS
                values = {"number": number, "state": "pending", "amount": amount, "expected_in_days": expected}
                connection.execute(sa.insert(tables.refunds).values(values))
            return rows.known_order(number)

    def change_address(self, number: str, address: Address) -> Order:
        with self._writing() as (connection, rows):
            rules.check_change_address(rows.known_order(number))
            good = rules.checked_address(address)
            values = {"name": good.name, "street": good.street, "town": good.town, "postcode": good.postcode}
            connection.execute(_order_row(number, **values))
            return rows.known_order(number)

    def change_quantity(self, number: str, sku: str, quantity: int) -> Order:
        with self._writing() as (connection, rows):
            order = rows.known_order(number)
            line = rules.check_change_quantity(order, sku, quantity, rows.stock(sku))
            if line is None:
                return order
            here = (tables.lines.c.number == number) & (tables.lines.c.sku == sku)
            if quantity:
                connection.execute(sa.update(tables.lines).where(here).values(quantity=quantity))
            else:
                connection.execute(sa.delete(tables.lines).where(here))
            connection.execute(_stock(sku, line.quantity - quantity))
            goods = sum(line.total for line in rows.known_order(number).lines)
            connection.execute(_order_row(number, delivery_price=delivery_price(goods)))
            return rows.known_order(number)

    def open_return(self, number: str, sku: str, reason: str) -> Return:
        with self._writing() as (connection, rows):
            order, there = rows.known_order(number), rows.return_of(number, sku)
            if there and there.state == "open":
                return there
            line = rules.check_return(order, sku, self._today(), there, rows.kept_because(sku))
            values = {"number": number, "sku": sku, "reason": rules.checked_reason(reason), "state": "open"}
            connection.execute(sa.insert(tables.returns).values(**values, opened_days_ago=0))
            refund = {"number": number, "state": "awaiting_return", "amount": line.total}
            connection.execute(sa.insert(tables.refunds).values(refund))
            opened = rows.return_of(number, sku)
            assert opened is not None
            return opened

    def refund(self, number: str) -> Refund | None:
        with self._reading() as rows:
            return rows.refund(number)

    def invoice(self, number: str) -> Invoice:
        with self._reading() as rows:
            return rows.invoice(number)

    def payment(self, number: str) -> Payment:
        with self._reading() as rows:
            return rows.payment(number)

    def account(self, phone: str) -> Account | None:
        with self._reading() as rows:
            return rows.account(phone)

    def close(self) -> None:
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    @contextmanager
    def _reading(self) -> Iterator[Rows]:
        with self._transaction("BEGIN") as connection:
            yield Rows(connection, self._today())

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, Rows]]:
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection, Rows(connection, self._today())

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        try:
            with self._open().connect().execution_options(baton_begin=begin) as connection, connection.begin():
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise ShopUnavailable(f"The shop's database did not answer: {error}") from error

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                engine = _engine(self._file)
                connecting = engine.connect().execution_options(baton_begin="BEGIN IMMEDIATE")
                with connecting as connection, connection.begin():
                    tables.prepare(connection)
                self._engine = engine
            return self._engine


def _engine(file: Path) -> Engine:
    engine = sa.create_engine(f"sqlite:///{file}", future=True, connect_args={"timeout": BUSY_SECONDS})

    # Left to itself, Python's driver begins a transaction at the first write only: after what the write depends on was
    # read.
    @sa.event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("baton_begin", "BEGIN"))

    return engine


def _order_row(number: str, **values: Any) -> Any:
    return sa.update(tables.orders).where(tables.orders.c.number == number).values(**values)


def _stock(sku: str, more: int) -> Any:
    column = tables.products.c.stock
    return sa.update(tables.products).where(tables.products.c.sku == sku).values(stock=column + more)
