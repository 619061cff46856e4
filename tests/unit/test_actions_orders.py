from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.orders import ActionOrderStatus, ValidateTrackOrderForm, order_number_in, order_status
from actions.shop import Line, Order, ShopUnavailable

TODAY = date(2026, 3, 2)
SHIPPED = Order(
    "1042",
    "shipped",
    (Line("TEA", "Blue teapot"), Line("MUG", "Mug", 2, plural="mugs")),
    TODAY - timedelta(3),
    TODAY + timedelta(1),
    None,
    "DPD",
    "DP1",
)


class ShopOfOne:
    """Knows order 1042 only, or does not answer."""

    def __init__(self, answers: bool = True) -> None:
        self._answers = answers

    def order(self, number: str) -> Order | None:
        if not self._answers:
            raise ShopUnavailable("The shop is closed for this test")
        return SHIPPED if number == SHIPPED.number else None


def tracker(**slots: Any) -> Tracker:
    return Tracker("ana", slots, {}, [], False, None, {"name": "track_order_form"}, "action_listen")


async def validate(value: str, shop: ShopOfOne, **slots: Any) -> tuple[dict[str, Any], list[str]]:
    dispatcher = CollectingDispatcher()
    events = await ValidateTrackOrderForm(shop).validate_order_number(value, dispatcher, tracker(**slots), {})
    return events, [message["response"] for message in dispatcher.messages]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1042", "1042"),
        ("#1042", "1042"),
        ("it's 1042, sorry", "1042"),
        ("no1042", "1042"),
        ("10422", None),
        ("104", None),
        ("the blue one", None),
        ("", None),
    ],
)
def test_an_order_number_is_four_digits_wherever_they_stand(typed: str, number: str | None) -> None:
    assert order_number_in(typed) == number


async def test_a_number_that_the_shop_knows_is_taken_and_the_misses_are_forgotten() -> None:
    assert await validate("#1042", ShopOfOne(), order_misses=2) == ({"order_number": "1042", "order_misses": 0}, [])


async def test_a_number_that_the_shop_does_not_know_is_said_and_counted() -> None:
    assert await validate("9999", ShopOfOne(), order_misses=0) == (
        {"order_number": None, "order_misses": 1},
        ["utter_order_not_found"],
    )


async def test_words_instead_of_a_number_are_said_and_counted() -> None:
    assert await validate("the blue one", ShopOfOne(), order_misses=1) == (
        {"order_number": None, "order_misses": 2},
        ["utter_order_number_unreadable"],
    )


async def test_the_third_miss_ends_the_form_without_another_question() -> None:
    assert await validate("9999", ShopOfOne(), order_misses=2) == (
        {"order_number": None, "order_misses": 3, "requested_slot": None},
        [],
    )


async def test_a_new_attempt_after_giving_up_counts_from_one() -> None:
    slots, said = await validate("9999", ShopOfOne(), order_misses=3)
    assert slots == {"order_number": None, "order_misses": 1}
    assert said == ["utter_order_not_found"]


async def test_a_silent_shop_costs_the_customer_no_miss() -> None:
    assert await validate("1042", ShopOfOne(answers=False), order_misses=1) == ({"order_number": "1042"}, [])


async def test_a_silent_shop_is_said_plainly() -> None:
    dispatcher = CollectingDispatcher()
    await ActionOrderStatus(ShopOfOne(answers=False)).run(dispatcher, tracker(order_number="1042"), {})
    assert [message["response"] for message in dispatcher.messages] == ["utter_shop_unavailable"]


async def test_an_order_that_vanished_meanwhile_is_said_plainly() -> None:
    dispatcher = CollectingDispatcher()
    await ActionOrderStatus(ShopOfOne()).run(dispatcher, tracker(order_number="1043"), {})
    assert [message["response"] for message in dispatcher.messages] == ["utter_order_not_found"]


@pytest.mark.parametrize(
    ("text", "hinted"), [("#1042", False), ("where is order 1042", False), ("/track_order", True), ("any news", True)]
)
async def test_a_number_known_from_earlier_comes_with_the_way_to_another_order(text: str, hinted: bool) -> None:
    dispatcher = CollectingDispatcher()
    asked = Tracker("ana", {"order_number": "1042"}, {"text": text}, [], False, None, {}, None)
    await ActionOrderStatus(ShopOfOne()).run(dispatcher, asked, {})
    assert ("utter_another_order" in [message["response"] for message in dispatcher.messages]) == hinted


def test_a_shipped_order_is_told_with_its_items_carrier_and_day() -> None:
    response, values = order_status(SHIPPED, TODAY)
    assert response == "utter_order_shipped"
    assert values["items"] == "blue teapot and two mugs"
    assert values["expected"] == "tomorrow"
    assert (values["carrier"], values["tracking"]) == ("DPD", "DP1")


def test_a_shipped_order_past_its_day_is_told_as_late() -> None:
    response, values = order_status(SHIPPED, TODAY + timedelta(days=3))
    assert (response, values["expected"]) == ("utter_order_late", "on Tuesday 3 March")
