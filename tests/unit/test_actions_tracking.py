from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from actions.tracking import ActionOrderStatus, order_status
from tests.unit.orders_support import ANA, SHIPPED, STRANGER, TODAY, FewOrders, form_tracker, message, run

KNOWN = {"order_number": "1042", "postcode": None}


async def status(shop: FewOrders, said: dict[str, Any], known: dict[str, Any], asked: str | None = None) -> list[str]:
    tracker = form_tracker("track_order_form", said, None, known, asked)
    return (await run(ActionOrderStatus(shop), tracker))[1]


async def test_a_silent_shop_is_said_plainly() -> None:
    said = await status(FewOrders(SHIPPED, answers=False), message("track it", "track_order", ANA), KNOWN)
    assert said == ["utter_shop_unavailable"]


@pytest.mark.parametrize("number", ["1042", "9999"])
async def test_a_stranger_learns_nothing_even_if_the_form_was_passed_by(number: str) -> None:
    said = await status(FewOrders(SHIPPED), message(number, "inform", STRANGER), {"order_number": number})
    assert said == ["utter_shop_unavailable"]


@pytest.mark.parametrize(
    ("text", "asked", "hinted"),
    [
        ("where is order 1042", None, False),
        ("any news", None, True),
        ("/track_order", None, True),
        ("bs1 4dj", "postcode", False),
    ],
)
async def test_an_order_that_nobody_named_now_comes_with_the_way_to_another(
    text: str, asked: str | None, hinted: bool
) -> None:
    said = await status(FewOrders(SHIPPED), message(text, "track_order", ANA), KNOWN, asked)
    assert ("utter_another_order" in said) == hinted


def test_a_shipped_order_is_told_with_its_items_carrier_and_day() -> None:
    response, values = order_status(SHIPPED, TODAY)
    assert response == "utter_order_shipped"
    assert values["items"] == "blue teapot and two mugs"
    assert values["expected"] == "tomorrow"
    assert (values["carrier"], values["tracking"]) == ("DPD", "DP1")


def test_a_shipped_order_past_its_day_is_told_as_late() -> None:
    response, values = order_status(SHIPPED, TODAY + timedelta(days=3))
    assert (response, values["expected"]) == ("utter_order_late", "on Tuesday 3 March")
