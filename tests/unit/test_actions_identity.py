from __future__ import annotations

import pytest
from rasa_sdk import Tracker

from actions.identity import (
    customer_phone,
    is_theirs,
    may_know,
    offered,
    order_number_in,
    order_title,
    postcode_in,
    taken_alone,
)
from tests.unit.orders_support import ANA, PACKED, SHIPPED, STRANGER, an_order, message, slot_event


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1042", "1042"),
        ("#1042", "1042"),
        ("it's 1042, sorry", "1042"),
        ("no1042", "1042"),
        ("not 1042 but 1043", "1043"),
        ("10422", None),
        ("104", None),
        ("the blue one", None),
        ("", None),
    ],
)
def test_an_order_number_is_four_digits_wherever_they_stand(typed: str, number: str | None) -> None:
    assert order_number_in(typed) == number


@pytest.mark.parametrize(
    ("typed", "postcode"),
    [
        ("BS1 4DJ", "BS1 4DJ"),
        ("bs14dj", "BS1 4DJ"),
        ("its sw1a  1aa ok?", "SW1A 1AA"),
        ("1042 m3 2bq", "M3 2BQ"),
        ("bristol", None),
        ("1042", None),
        ("", None),
    ],
)
def test_a_postcode_is_found_however_it_is_typed(typed: str, postcode: str | None) -> None:
    assert postcode_in(typed) == postcode


def test_an_order_is_told_to_its_phone_or_to_who_knows_its_postcode_and_to_nobody_else() -> None:
    assert is_theirs(SHIPPED, ANA, None)
    assert is_theirs(SHIPPED, STRANGER, "bs1 4dj")
    assert is_theirs(SHIPPED, None, "BS1 4DJ")
    assert not is_theirs(SHIPPED, STRANGER, "M3 2BQ")
    assert not is_theirs(SHIPPED, None, None)
    assert not is_theirs(None, ANA, "BS1 4DJ")
    assert not is_theirs(an_order(phone="", address=None), None, None), "an order without either is nobody's"
    assert not is_theirs(an_order(phone="", address=None), "", "")


def test_the_phone_is_that_of_the_latest_message() -> None:
    events = [message("hi", "greet", ANA), message("hello", "greet", STRANGER), {"event": "action", "name": "x"}]
    assert customer_phone(Tracker("ana", {}, {}, events, False, None, {}, None)) == STRANGER
    assert customer_phone(Tracker("ana", {}, {}, [message("hi", "greet")], False, None, {}, None)) is None
    assert customer_phone(Tracker("ana", {}, {}, [], False, None, {}, None)) is None


def test_one_order_that_fits_is_taken_alone() -> None:
    placed, delivered = an_order("1047"), an_order("1043", state="delivered", allowed=frozenset({"return"}))
    orders = (placed, SHIPPED, delivered)
    assert taken_alone(orders, "change_order_form") == placed
    assert taken_alone(orders, "return_item_form") == delivered
    assert taken_alone(orders, "track_order_form") is None
    assert taken_alone((delivered,), "cancel_order_form") == delivered, "the form says why it cannot be cancelled"
    assert taken_alone((), "track_order_form") is None


def test_orders_that_fit_are_offered_and_all_of_them_when_none_does() -> None:
    orders = (an_order("1047"), PACKED, SHIPPED)
    assert offered(orders, "cancel_order_form") == [orders[0], PACKED]
    assert offered((SHIPPED,), "cancel_order_form") == [SHIPPED]
    assert offered(orders, "track_order_form") == list(orders)
    assert len(offered([an_order(str(1000 + each)) for each in range(20)], "track_order_form")) == 9


def test_an_order_is_called_by_its_number_and_items() -> None:
    assert order_title(SHIPPED) == "1042 · Blue teapot, Two mugs"


def test_an_order_that_an_agent_put_down_for_this_customer_may_be_told() -> None:
    events = [message("it is the teapot", "inform", STRANGER), slot_event("order_number", "1042")]
    tracker = Tracker("ana", {}, {}, events, False, None, {}, None)
    assert not may_know(SHIPPED, tracker)
    events[-1]["metadata"] = {"source": "agent"}
    assert may_know(SHIPPED, tracker)
    assert not may_know(PACKED, tracker), "nor is any other order"
