"""Where actions get what they work with: the one place that chooses the shop's implementation."""

from __future__ import annotations

from functools import cache

from actions.shop import Shop
from actions.shop_sql import SqlShop
from handoff.settings import var_folder


@cache
def shop() -> Shop:
    """The shop that this process works with, opened when it is first asked for."""
    return SqlShop(var_folder() / "shop.db")
