"""The tables of the shop's database, and how a file comes to have them.

Days are kept as distances from today, so that the demo's orders never grow old: they become dates when they are read.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from actions.shop import ShopUnavailable
from actions.shop_seed import rows

# Raise it with every change of a table or of the seed.
VERSION = 3

metadata = sa.MetaData()

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("phone", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("email", sa.String(120)),  # without one: no account
    sa.Column("account_state", sa.String(16), nullable=False),
)

products = sa.Table(
    "products",
    metadata,
    sa.Column("sku", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("plural", sa.String(80), nullable=False),
    sa.Column("price", sa.Integer, nullable=False),
    sa.Column("vat_percent", sa.Integer, nullable=False),
    sa.Column("stock", sa.Integer, nullable=False),
    sa.Column("kept_because", sa.String(80)),  # why it cannot be sent back; null: it can
)

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("number", sa.String(16), primary_key=True),
    sa.Column("phone", sa.String(20), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("placed_days_ago", sa.Integer, nullable=False),
    sa.Column("expected_in_days", sa.Integer),
    sa.Column("delivered_days_ago", sa.Integer),
    sa.Column("carrier", sa.String(64)),
    sa.Column("tracking", sa.String(64)),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("street", sa.String(200), nullable=False),
    sa.Column("town", sa.String(80), nullable=False),
    sa.Column("postcode", sa.String(10), nullable=False),
    sa.Column("delivery_price", sa.Integer, nullable=False),
    sa.Column("payment", sa.String(16), nullable=False),
    sa.Column("method", sa.String(40), nullable=False),
    sa.Column("last_digits", sa.String(4)),
)

lines = sa.Table(
    "lines",
    metadata,
    sa.Column("number", sa.String(16), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("sku", sa.String(16), nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("price", sa.Integer, nullable=False),
)

returns = sa.Table(
    "returns",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(16), nullable=False, index=True),
    sa.Column("sku", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("opened_days_ago", sa.Integer, nullable=False),
    # The same item is on its way back once.
    sa.UniqueConstraint("number", "sku"),
)

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(16), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    sa.Column("expected_in_days", sa.Integer),
)


def prepare(connection: Connection) -> None:
    """Bring a file to this version. One from an older version is made anew: it holds a demo, and what was tried in it.

    Runs in a transaction that keeps other writers out.

    Raises:
        ShopUnavailable: a newer version made the file.
    """
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found == VERSION:
        return
    if found > VERSION:
        raise ShopUnavailable(
            f"shop.db was made by a newer version of Baton (its version is {found}, this one reads {VERSION}): "
            "update Baton, or delete the file to start the demo's shop anew"
        )
    metadata.drop_all(connection)
    metadata.create_all(connection)
    for name, values in rows().items():
        connection.execute(sa.insert(metadata.tables[name]), values)
    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
