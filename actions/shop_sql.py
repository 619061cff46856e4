"""The shop in an SQL database: Marigold's demo orders 1041 to 1060, created at first use.

Days are kept as distances from today, so that the demo's orders never grow old: they become dates when they are read.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Callable

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from actions.shop import Order, ShopUnavailable

_ORDERS = sa.Table(
    "orders",
    sa.MetaData(),
    sa.Column("number", sa.String(16), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("items", sa.Text, nullable=False),  # one a line
    sa.Column("placed_days_ago", sa.Integer, nullable=False),
    sa.Column("expected_in_days", sa.Integer),
    sa.Column("delivered_days_ago", sa.Integer),
    sa.Column("carrier", sa.String(64)),
    sa.Column("tracking", sa.String(64)),
)

# number, state, items, placed days ago, expected in days, delivered days ago, carrier, tracking number
_SEED: tuple[tuple[Any, ...], ...] = (
    ("1041", "placed", "Linen apron", 0, 4, None, None, None),
    ("1042", "shipped", "Blue teapot\nTwo mugs", 3, 1, None, "Royal Mail", "RM104277310GB"),
    ("1043", "delivered", "Walnut serving board", 8, None, 2, "DPD", "DP1043554120"),
    ("1044", "packed", "Beeswax candles", 1, 2, None, "Evri", None),
    ("1045", "cancelled", "Copper watering can", 5, None, None, None, None),
    ("1046", "shipped", "Wool blanket", 6, -2, None, "Evri", "EV1046009133"),
    ("1047", "placed", "Herb planter\nSeeds", 1, 3, None, None, None),
    ("1048", "delivered", "Egg cups", 4, None, 0, "Royal Mail", "RM104831877GB"),
    ("1049", "shipped", "Enamel pan", 2, 0, None, "DPD", "DP1049663001"),
    ("1050", "packed", "Garden twine\nPocket knife", 2, 1, None, "Royal Mail", None),
    ("1051", "delivered", "Bread bin", 12, None, 9, "DPD", "DP1051877420"),
    ("1052", "placed", "Cotton tea towels", 0, 3, None, None, None),
    ("1053", "shipped", "Picnic basket", 2, 2, None, "Evri", "EV1053447102"),
    ("1054", "cancelled", "Brass hooks", 3, None, None, None, None),
    ("1055", "delivered", "Rolling pin", 6, None, 1, "Royal Mail", "RM105510264GB"),
    ("1056", "packed", "Glass jars", 1, 2, None, "DPD", None),
    ("1057", "shipped", "Door mat", 4, 1, None, "DPD", "DP1057220918"),
    ("1058", "placed", "Oak stool", 2, 5, None, None, None),
    ("1059", "shipped", "Recipe book", 7, -3, None, "Royal Mail", "RM105966124GB"),
    ("1060", "delivered", "Salt pig", 20, None, 16, "Evri", "EV1060331587"),
)


class SqlShop:
    """The shop's orders in a SQLite file. Connects, creates and seeds when it is first asked something."""

    def __init__(self, file: Path, today: Callable[[], date] = date.today) -> None:
        self._file = file
        self._today = today
        self._engine: Engine | None = None
        self._opening = Lock()

    def order(self, number: str) -> Order | None:
        """See `Shop.order`."""
        try:
            with self._open().connect() as connection:
                row = connection.execute(sa.select(_ORDERS).where(_ORDERS.c.number == number)).mappings().first()
        except (SQLAlchemyError, OSError) as error:
            raise ShopUnavailable(f"The shop's database did not answer: {error}") from error
        return None if row is None else self._order(row)

    def close(self) -> None:
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                engine = sa.create_engine(f"sqlite:///{self._file}", future=True, connect_args={"timeout": 2})
                _seed(engine)
                self._engine = engine
            return self._engine

    def _order(self, row: Any) -> Order:
        today = self._today()
        return Order(
            number=row["number"],
            state=row["state"],
            items=tuple(row["items"].split("\n")),
            placed_on=today - timedelta(days=row["placed_days_ago"]),
            expected_on=_days(today, row["expected_in_days"], 1),
            delivered_on=_days(today, row["delivered_days_ago"], -1),
            carrier=row["carrier"],
            tracking=row["tracking"],
        )


def _seed(engine: Engine) -> None:
    """Add what is missing. Safe when several processes do it at once, and keeps what was changed since."""
    names = [column.name for column in _ORDERS.columns]
    with engine.begin() as connection:
        connection.execute(CreateTable(_ORDERS, if_not_exists=True))
        rows = [dict(zip(names, row, strict=True)) for row in _SEED]
        connection.execute(sa.insert(_ORDERS).prefix_with("OR IGNORE"), rows)


def _days(today: date, distance: int | None, sign: int) -> date | None:
    return None if distance is None else today + timedelta(days=sign * distance)
