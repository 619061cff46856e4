"""What every shop must do, whichever system is behind it: the same tests for the database and for the HTTP API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from actions.shop import Shop, ShopRefuses
from actions.shop_http import HttpShop
from actions.shop_invoice import Address
from actions.shop_sql import SqlShop
from tests.support.shop_server import ShopServer

TODAY = date(2026, 3, 2)
ANA = "447700900123"
ELSEWHERE = Address("Ana Lopes", "1 New Road", "Bath", "BA1 1AA")
ALL = [str(number) for number in range(1041, 1081)]


@pytest.fixture(params=["sql", "http"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    behind = SqlShop(tmp_path / "shop.db", today=lambda: TODAY)
    if request.param == "sql":
        yield behind
    else:
        with ShopServer(behind, token="a-token") as server:
            yield HttpShop(server.url, "a-token")
    behind.close()


def refused(call: Callable[..., Any], *args: Any) -> str:
    """The code with which the shop refuses this call; its message must be a sentence."""
    with pytest.raises(ShopRefuses) as caught:
        call(*args)
    assert caught.value.message[0].isupper() and caught.value.message.endswith(".")
    return caught.value.code


def test_an_order_tells_all_that_customers_ask(shop: Shop) -> None:
    order = shop.order("1042")
    assert order is not None
    assert (order.number, order.state, order.phone, order.postcode) == ("1042", "shipped", ANA, "BS1 4DJ")
    assert order.items == ("Blue teapot", "Two mugs")
    assert (order.placed_on, order.expected_on) == (TODAY - timedelta(3), TODAY + timedelta(1))
    assert (order.total, order.delivery_price, order.payment) == (3400 + 2 * 1150, 0, "paid")
    assert (order.carrier, order.tracking) == ("Royal Mail", "RM104277310GB")


@pytest.mark.parametrize("number", ["9999", "", "..", "10/42", "1042 ", "?", "ü"])
def test_there_is_none_of_the_orders_that_do_not_exist(shop: Shop, number: str) -> None:
    assert shop.order(number) is None
    assert refused(shop.cancel, number) == "unknown_order"


def test_every_question_about_an_unknown_order_is_refused(shop: Shop) -> None:
    calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (shop.refund, ()), (shop.invoice, ()), (shop.payment, ()), (shop.change_address, (ELSEWHERE,)),
        (shop.change_quantity, ("MUG-STO", 1)), (shop.open_return, ("MUG-STO", "broken")),
    ]  # fmt: skip
    for call, rest in calls:
        assert refused(call, "9999", *rest) == "unknown_order"


def test_the_orders_of_a_phone_come_newest_first(shop: Shop) -> None:
    found = shop.orders_of(ANA)
    assert {order.number for order in found} >= {"1042", "1043", "1047"}
    assert [order.placed_on for order in found] == sorted((order.placed_on for order in found), reverse=True)
    assert len(shop.orders_of("447700900125")) == 1


@pytest.mark.parametrize("phone", ["447700900127", "447700800000", "", "..", "GB.123"])
def test_a_phone_without_orders_has_none(shop: Shop, phone: str) -> None:
    assert shop.orders_of(phone) == ()
    assert shop.account(phone) is None


def test_what_is_allowed_follows_from_the_state(shop: Shop) -> None:
    changes = {
        "placed": {"cancel", "change_address", "change_quantity"}, "packed": {"cancel", "change_address"},
        "shipped": set(), "cancelled": set(),
    }  # fmt: skip
    for number in ALL:
        order = shop.order(number)
        assert order is not None
        if order.state == "delivered":
            assert order.returnable_until is not None
            returnable = order.returnable_until >= TODAY and any(line.returnable for line in order.lines)
            assert order.allowed == ({"return"} if returnable else set())
        else:
            assert order.allowed == changes[order.state]


def test_what_is_not_allowed_is_refused_and_what_is_allowed_is_done(shop: Shop) -> None:
    for number in ALL:
        order = shop.order(number)
        assert order is not None
        line = next((line for line in order.lines if line.returnable), order.lines[0])
        calls: dict[str, Callable[[], Any]] = {
            "return": lambda: shop.open_return(order.number, line.sku, "broken"),  # noqa: B023
            "change_quantity": lambda: shop.change_quantity(order.number, line.sku, line.quantity),  # noqa: B023
            "change_address": lambda: shop.change_address(order.number, ELSEWHERE),  # noqa: B023
            "cancel": lambda: shop.cancel(order.number),  # noqa: B023
        }
        for change, call in calls.items():
            came_back = change == "return" and number in ("1067", "1068")
            cancelled_already = change == "cancel" and order.state == "cancelled"
            if (change in order.allowed and not came_back) or cancelled_already:
                call()
            else:
                refused(call)


def test_cancelling_a_paid_order_refunds_it_once_however_often_it_is_asked(shop: Shop) -> None:
    before = shop.order("1047")
    first, second = shop.cancel("1047"), shop.cancel("1047")
    assert before is not None and first == second == shop.order("1047")
    assert (first.state, first.allowed) == ("cancelled", frozenset())
    refund = shop.refund("1047")
    assert refund is not None and refund.expected_on is not None
    assert (refund.state, refund.amount) == ("pending", before.total) and refund.expected_on > TODAY


def test_cancelling_an_order_that_was_never_paid_refunds_nothing(shop: Shop) -> None:
    assert shop.cancel("1063").state == "cancelled"
    assert shop.refund("1063") is None
    assert shop.payment("1063").pay_again_url is None


@pytest.mark.parametrize("number", ["1042", "1043"])
def test_what_has_left_cannot_be_cancelled_or_changed(shop: Shop, number: str) -> None:
    before = shop.order(number)
    assert before is not None
    assert refused(shop.cancel, number) == "too_late"
    assert refused(shop.change_address, number, ELSEWHERE) == "too_late"
    assert refused(shop.change_quantity, number, before.lines[0].sku, 2) == "too_late"
    assert shop.order(number) == before


def test_a_cancelled_order_takes_no_changes(shop: Shop) -> None:
    assert refused(shop.change_address, "1045", ELSEWHERE) == "already_cancelled"
    assert refused(shop.change_quantity, "1045", "CAN-COP", 2) == "already_cancelled"
    assert refused(shop.open_return, "1045", "CAN-COP", "broken") == "already_cancelled"


def test_a_new_address_is_tidied_and_kept(shop: Shop) -> None:
    changed = shop.change_address("1044", Address(" Dev  Patel", "1 New\nRoad ", "Bath", "ba11aa"))
    assert changed.address == Address("Dev Patel", "1 New Road", "Bath", "BA1 1AA")
    assert changed == shop.order("1044")
    assert shop.change_address("1044", changed.address) == changed


@pytest.mark.parametrize(
    "address",
    [
        Address("", "1 New Road", "Bath", "BA1 1AA"),
        Address("Ana", " \n", "Bath", "BA1 1AA"),
        Address("Ana", "1 New Road", "", "BA1 1AA"),
        Address("Ana", "1 New Road", "Bath", "75001"),
        Address("Ana", "1 New Road", "Bath", ""),
        Address("Ana", "1" * 500, "Bath", "BA1 1AA"),
    ],
)
def test_an_address_that_no_parcel_reaches_is_refused(shop: Shop, address: Address) -> None:
    before = shop.order("1047")
    assert refused(shop.change_address, "1047", address) == "bad_address"
    assert shop.order("1047") == before


def test_a_quantity_can_be_changed_while_the_order_is_placed(shop: Shop) -> None:
    changed = shop.change_quantity("1047", "SEE-MIX", 3)
    assert changed.items == ("Herb planter", "Three packets of seeds")
    assert shop.change_quantity("1047", "SEE-MIX", 3) == changed == shop.order("1047")
    assert changed.total == shop.payment("1047").amount == 2400 + 3 * 350 + 395


def test_delivery_becomes_free_with_enough_in_the_order(shop: Shop) -> None:
    assert shop.change_quantity("1041", "APR-LIN", 2).delivery_price == 0
    assert shop.change_quantity("1041", "APR-LIN", 1).delivery_price == 395


def test_taking_an_item_out_twice_takes_it_out_once(shop: Shop) -> None:
    first = shop.change_quantity("1047", "SEE-MIX", 0)
    assert first.items == ("Herb planter",)
    assert shop.change_quantity("1047", "SEE-MIX", 0) == first


@pytest.mark.parametrize(
    ("number", "sku", "quantity", "code"),
    [
        ("1047", "PLA-HER", -1, "bad_quantity"),
        ("1047", "PLA-HER", 1000, "bad_quantity"),
        ("1047", "MUG-STO", 2, "unknown_item"),
        ("1047", "", 2, "unknown_item"),
        ("1047", "PLA-HER", 20, "out_of_stock"),
        ("1041", "APR-LIN", 0, "last_item"),
        ("1044", "CAN-BEE", 2, "too_late"),
    ],
)
def test_a_quantity_that_cannot_be_is_refused(shop: Shop, number: str, sku: str, quantity: int, code: str) -> None:
    before = shop.order(number)
    assert refused(shop.change_quantity, number, sku, quantity) == code
    assert shop.order(number) == before


def test_what_one_order_takes_another_cannot_have_until_it_is_given_back(shop: Shop) -> None:
    shop.change_quantity("1073", "BAS-PIC", 1 + 3)  # all there are
    assert refused(shop.change_quantity, "1073", "BAS-PIC", 5) == "out_of_stock"
    shop.cancel("1072")  # it has one
    assert shop.change_quantity("1073", "BAS-PIC", 5).lines[1].quantity == 5
    assert refused(shop.change_quantity, "1073", "BAS-PIC", 6) == "out_of_stock"
    shop.change_quantity("1073", "BAS-PIC", 1)
    assert shop.change_quantity("1073", "BAS-PIC", 5).lines[1].quantity == 5


def test_opening_the_same_return_twice_gives_the_same_label(shop: Shop) -> None:
    first = shop.open_return("1043", "BRD-WAL", "it has a crack")
    assert shop.open_return("1043", "BRD-WAL", "it has a crack") == first
    assert (first.number, first.item, first.state) == ("1043", "Walnut serving board", "open")
    assert first.label_code and first.drop_off and first.deadline == TODAY + timedelta(14)
    refund = shop.refund("1043")
    assert refund is not None and (refund.state, refund.amount) == ("awaiting_return", 4200)


def test_each_item_of_an_order_has_its_own_return(shop: Shop) -> None:
    one, other = shop.open_return("1077", "APR-LIN", "x"), shop.open_return("1077", "TOW-COT", "y")
    assert one.id != other.id and one.label_code != other.label_code


@pytest.mark.parametrize(
    ("number", "sku", "code"),
    [
        ("1042", "TEA-BLU", "not_delivered"),
        ("1062", "CUS-LIN", "too_late"),
        ("1061", "HON-WIL", "not_returnable"),
        ("1066", "SIG-HOU", "not_returnable"),
        ("1067", "CUS-LIN", "not_returnable"),
        ("1043", "MUG-STO", "unknown_item"),
    ],
)
def test_a_return_that_the_shop_does_not_take_is_refused(shop: Shop, number: str, sku: str, code: str) -> None:
    before = shop.refund(number) if shop.order(number) else None
    assert refused(shop.open_return, number, sku, "I changed my mind") == code
    assert shop.refund(number) == before


def test_the_thirtieth_day_is_the_last_to_open_a_return(shop: Shop) -> None:
    last_day, too_late = shop.order("1070"), shop.order("1071")
    assert last_day is not None and last_day.returnable_until == TODAY
    assert too_late is not None and too_late.returnable_until == TODAY - timedelta(1)
    assert shop.open_return("1070", "BIN-BRE", "too big").state == "open"
    assert refused(shop.open_return, "1071", "PLA-HER", "too big") == "too_late"


@pytest.mark.parametrize(
    ("number", "state"),
    [("1042", None), ("1045", "paid"), ("1054", "pending"), ("1051", "awaiting_return"), ("1067", "pending")],
)
def test_a_refund_tells_how_far_it_is(shop: Shop, number: str, state: str | None) -> None:
    refund = shop.refund(number)
    assert (refund.state if refund else None) == state
    if refund:
        assert refund.amount > 0 and (refund.expected_on is None) == (state == "awaiting_return")


@pytest.mark.parametrize(
    ("number", "state"), [("1042", "paid"), ("1045", "refunded"), ("1063", "failed"), ("1065", "pending")]
)
def test_a_payment_tells_how_it_stands_and_a_failed_one_where_to_pay(shop: Shop, number: str, state: str) -> None:
    payment, order = shop.payment(number), shop.order(number)
    assert order is not None and (payment.state, payment.amount) == (state, order.total)
    assert (payment.pay_again_url is not None) == (state == "failed")


def test_an_invoice_adds_up(shop: Shop) -> None:
    for number in ALL:
        invoice, order = shop.invoice(number), shop.order(number)
        assert order is not None and invoice.total == order.total
        assert 0 <= invoice.vat < invoice.total
        assert invoice.cancelled == (order.state == "cancelled")
    assert [(line.text, line.vat_percent) for line in shop.invoice("1061").lines] == [
        ("Earl Grey tea", 0), ("Wildflower honey", 0), ("Recipe book", 0), ("Delivery", 20),
    ][: len(shop.invoice("1061").lines)]  # fmt: skip


def test_an_account_is_found_by_phone(shop: Shop) -> None:
    ana, chloe = shop.account(ANA), shop.account("447700900125")
    assert ana is not None and (ana.name, ana.state) == ("Ana Lopes", "active")
    assert chloe is not None and chloe.state == "locked" and chloe.reset_url.startswith("https://")


def test_many_who_ask_the_same_at_once_get_one_refund_and_one_return(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        returns = set(pool.map(lambda _: shop.open_return("1043", "BRD-WAL", "broken"), range(16)))
        orders = set(pool.map(lambda _: shop.cancel("1047"), range(16)))
    assert len(returns) == len(orders) == 1


def test_text_of_any_kind_comes_back_as_it_was(shop: Shop) -> None:
    reason = "Зламаний \U0001f622 'quoted'; DROP TABLE orders; --\n%s {}"
    assert shop.open_return("1043", "BRD-WAL", reason).reason == reason
    address = Address("Łukasz O'Neil", "1 “New” Road", "Ystradgynlais", "SA9 1AA")
    assert shop.change_address("1047", address).address == address


def test_half_a_character_is_no_reason_to_fail(shop: Shop) -> None:
    assert shop.open_return("1043", "BRD-WAL", "broken \ud83d").reason == "broken ?"
    assert shop.change_address("1047", Address("Ana \ud83d", "1 New Road", "Bath", "BA1 1AA")).state == "placed"
