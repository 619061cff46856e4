from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from actions.shop import ShopUnavailable
from actions.shop_sql import SqlShop

TODAY = date(2026, 3, 2)


def shop_in(folder: Path, today: date = TODAY) -> SqlShop:
    return SqlShop(folder / "var" / "shop.db", today=lambda: today)


def test_the_shop_creates_its_file_at_first_use_and_not_before(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    assert not (tmp_path / "var").exists()
    assert shop.order("1042") is not None
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["shop.db"]


def test_the_demo_orders_are_there_in_every_state(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    orders = [shop.order(str(number)) for number in range(1041, 1061)]
    assert all(orders)
    assert {order.state for order in orders if order} == {"placed", "packed", "shipped", "delivered", "cancelled"}
    for order in orders:
        assert order is not None and order.items
        if order.state in ("packed", "shipped"):
            assert order.carrier and order.expected_on
        if order.state == "shipped":
            assert order.tracking
        if order.state == "delivered":
            assert order.delivered_on and order.placed_on <= order.delivered_on <= TODAY


def test_an_order_that_does_not_exist_is_none(tmp_path: Path) -> None:
    assert shop_in(tmp_path).order("9999") is None


def test_the_days_of_an_order_move_with_today(tmp_path: Path) -> None:
    first = shop_in(tmp_path).order("1042")
    later = shop_in(tmp_path, TODAY + timedelta(days=400)).order("1042")
    assert first is not None and later is not None
    assert first.expected_on == TODAY + timedelta(days=1)
    assert later.expected_on == TODAY + timedelta(days=401)


def test_only_a_shipped_order_past_its_day_is_late(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    late = {str(n) for n in range(1041, 1061) if (order := shop.order(str(n))) and order.is_late(TODAY)}
    assert late == {"1046", "1059"}


def test_many_first_users_at_once_all_find_the_order(tmp_path: Path) -> None:
    shops = [shop_in(tmp_path) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda shop: shop.order("1042"), shops))
    assert all(found)


def test_a_file_that_is_no_database_means_the_shop_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "shop.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(ShopUnavailable):
        shop_in(tmp_path).order("1042")


def test_a_folder_that_cannot_be_made_means_the_shop_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(ShopUnavailable):
        shop_in(tmp_path).order("1042")


def test_a_file_of_the_first_version_is_made_anew_once(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with sqlite3.connect(tmp_path / "var" / "shop.db") as old:
        old.execute("CREATE TABLE orders (number VARCHAR(16) PRIMARY KEY, state VARCHAR(16), items TEXT)")
        old.execute("INSERT INTO orders VALUES ('1042', 'placed', 'Nothing')")
    old.close()
    order = shop_in(tmp_path).order("1042")
    assert order is not None and order.items == ("Blue teapot", "Two mugs")
    shop_in(tmp_path).cancel("1047")
    again = shop_in(tmp_path).order("1047")
    assert again is not None and again.state == "cancelled", "a second opening keeps what was changed"


def test_a_file_of_a_newer_version_is_left_alone_and_said(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with sqlite3.connect(tmp_path / "var" / "shop.db") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(ShopUnavailable, match="newer version"):
        shop_in(tmp_path).order("1042")
