"""Which shop an action server works with, and that it does not start with settings that cannot be right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.shop import Line, Order, Shop, ShopRefuses
from actions.shop_http import HttpShop
from actions.shop_json import Malformed, decode, encode
from actions.shop_sql import SqlShop
from actions.wiring import shop_for
from handoff.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]


def test_the_address_of_an_api_chooses_it_and_nothing_chooses_the_demo(tmp_path: Path) -> None:
    assert isinstance(shop_for({"BATON_VAR": str(tmp_path)}), SqlShop)
    assert isinstance(shop_for({"SHOP_API_URL": "http://127.0.0.1:9/api"}), HttpShop)
    with pytest.raises(SettingsError, match="SHOP_API_URL"):
        shop_for({"SHOP_API_URL": "nowhere"})
    assert list(tmp_path.iterdir()) == []


def test_an_action_server_with_a_wrong_setting_says_so_instead_of_starting() -> None:
    environ = {**os.environ, "SHOP_API_URL": "nowhere"}
    ended = subprocess.run(
        [sys.executable, "-m", "actions", "--port", "1"], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "SHOP_API_URL is 'nowhere'" in ended.stderr and "Traceback" not in ended.stderr


ORDER = {"number": "1", "state": "placed", "lines": [{"sku": "A", "name": "Mug"}], "placed_on": "2026-03-02"}


def test_what_may_be_left_out_gets_its_default_and_what_is_unknown_is_left_aside() -> None:
    order = decode(Order, {**ORDER, "colour": "blue", "allowed": ["cancel"]}, "order")
    assert order.lines == (Line("A", "Mug"),) and order.allowed == {"cancel"}
    assert decode(Order, encode(order), "order") == order


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"number": 1}, "order.number"),
        ({"state": "lost"}, "order.state"),
        ({"lines": "A"}, "order.lines"),
        ({"lines": [{"sku": "A"}]}, r"order.lines\[0\].name is missing"),
        ({"lines": [{"sku": "A", "name": "Mug", "price": 11.5}]}, r"order.lines\[0\].price"),
        ({"lines": [{"sku": "A", "name": "Mug", "quantity": True}]}, r"order.lines\[0\].quantity"),
        ({"placed_on": "2 March"}, "order.placed_on"),
        ({"delivery_price": None}, "order.delivery_price"),
        ({"address": []}, "order.address"),
        ({"allowed": [{}]}, r"order.allowed\[0\]"),
    ],
)
def test_json_that_is_no_order_is_refused_with_the_place(change: dict[str, object], where: str) -> None:
    with pytest.raises(Malformed, match=where):
        decode(Order, {**ORDER, **change}, "order")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ORDER, "sku", "name", "price"]), inner),
    max_leaves=6,
)


@settings(max_examples=60)
@given(JSON, st.dictionaries(st.sampled_from([*ORDER, "address", "allowed", "phone"]), JSON))
def test_any_json_is_an_order_or_malformed(value: object, changes: dict[str, object]) -> None:
    for candidate in (value, {**ORDER, **changes}):
        try:
            assert isinstance(decode(Order, candidate, "order"), Order)
        except Malformed:
            pass


STEPS = st.tuples(
    st.sampled_from(["cancel", "quantity", "return"]), st.sampled_from(["1041", "1047", "1044", "1061", "1078", "1042"])
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(STEPS, st.integers(0, 21), st.integers(0, 2)), max_size=8))
def test_whatever_is_asked_in_whatever_order_asking_twice_changes_nothing_more(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[tuple[str, str], int, int]]
) -> None:
    shop = SqlShop(tmp_path_factory.mktemp("shop") / "shop.db")
    for (what, number), quantity, position in steps:
        before = shop.order(number)
        assert before is not None
        sku = before.lines[position % len(before.lines)].sku
        first = outcome(shop, what, number, sku, quantity)
        state = shop.order(number), shop.refund(number), shop.invoice(number)
        assert outcome(shop, what, number, sku, quantity) == first
        assert (shop.order(number), shop.refund(number), shop.invoice(number)) == state
        assert state[0] is not None and state[0].lines and state[2].total == state[0].total > 0
        if isinstance(first, str):
            assert state[0] == before, "a refusal changes nothing"
    shop.close()


def outcome(shop: Shop, what: str, number: str, sku: str, quantity: int) -> object:
    """What a call gives: its result, or the code of the refusal."""
    try:
        if what == "cancel":
            return shop.cancel(number)
        return (
            shop.change_quantity(number, sku, quantity)
            if what == "quantity"
            else shop.open_return(number, sku, "it has a crack")
        )
    except ShopRefuses as refusal:
        return refusal.code
