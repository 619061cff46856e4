from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.cancel_order import ActionAskCancelConfirmed, ActionCancelOrder, ValidateCancelOrderForm, cancelled
from actions.shop import Refund
from tests.unit.orders_support import ANA, PACKED, SHIPPED, TODAY, FewOrders, an_order, form_tracker, message, run

FORM = "cancel_order_form"
KNOWN = {"order_number": "1047", "postcode": "BS1 4DJ"}


def answered(yes: Any, text: str = "yes", intent: str = "affirm", known: dict[str, Any] = KNOWN) -> Any:
    return form_tracker(FORM, message(text, intent, ANA), {"cancel_confirmed": yes}, known, "cancel_confirmed")


async def test_an_order_that_can_be_cancelled_is_asked_about() -> None:
    opened = form_tracker(FORM, message("cancel 1047", "cancel_order", ANA), {"order_number": "1047"})
    slots, said = await run(ValidateCancelOrderForm(FewOrders(an_order())), opened)
    assert (slots["requested_slot"], said) == ("cancel_confirmed", [])
    asked = form_tracker(FORM, message("cancel 1047", "cancel_order", ANA), None, KNOWN)
    assert (await run(ActionAskCancelConfirmed(FewOrders(an_order())), asked))[1] == ["utter_ask_cancel_confirmed"]


async def test_an_order_that_has_left_ends_the_form_and_is_explained() -> None:
    shop = FewOrders(SHIPPED)
    opened = form_tracker(FORM, message("cancel 1042", "cancel_order", ANA), {"order_number": "1042"})
    slots, _ = await run(ValidateCancelOrderForm(shop), opened)
    assert slots["requested_slot"] is None
    _, said = await run(ActionCancelOrder(shop), form_tracker(FORM, message("x", "inform", ANA), None, slots))
    assert (said, shop.asked) == (["utter_cancel_shipped"], [])


@pytest.mark.parametrize(
    ("told", "confirmed"), [(True, True), (False, False), ("yes cancel it", True), ("no, leave it", False)]
)
async def test_yes_and_no_are_understood_also_with_words_behind_them(told: Any, confirmed: bool) -> None:
    slots, said = await run(ValidateCancelOrderForm(FewOrders(an_order())), answered(told, str(told), "inform"))
    assert (slots["cancel_confirmed"], slots["requested_slot"], said) == (confirmed, None, [])


@pytest.mark.parametrize(("text", "intent"), [("the blue one", "inform"), ("cancel", "stop_form")])
async def test_what_is_neither_yes_nor_no_is_asked_again(text: str, intent: str) -> None:
    told = {"cancel_confirmed": text} if intent == "inform" else {}
    asked = form_tracker(FORM, message(text, intent, ANA), told, KNOWN, "cancel_confirmed")
    slots, said = await run(ValidateCancelOrderForm(FewOrders(an_order())), asked)
    assert (slots["requested_slot"], said) == ("cancel_confirmed", ["utter_confirmation_unreadable"])


async def test_a_request_to_cancel_in_the_middle_of_it_only_asks_again() -> None:
    asked = form_tracker(FORM, message("cancel my order", "cancel_order", ANA), None, KNOWN, "cancel_confirmed")
    slots, said = await run(ValidateCancelOrderForm(FewOrders(an_order())), asked)
    assert "rejected" not in slots
    assert (slots["requested_slot"], said) == ("cancel_confirmed", [])


async def test_a_yes_cancels_and_empties_the_question() -> None:
    shop = FewOrders(an_order())
    slots, said = await run(ActionCancelOrder(shop), answered(True))
    assert shop.asked == [("cancel", "1047")]
    assert (slots, said) == ({"cancel_confirmed": None}, ["utter_cancel_done_refund_day"])


async def test_a_turn_that_is_run_again_says_the_same() -> None:
    shop = FewOrders(an_order())
    first = await run(ActionCancelOrder(shop), answered(True))
    slots, _ = await run(ValidateCancelOrderForm(shop), answered(True))
    assert slots["requested_slot"] is None
    assert await run(ActionCancelOrder(shop), answered(True)) == first


async def test_a_no_cancels_nothing() -> None:
    shop = FewOrders(an_order())
    assert (await run(ActionCancelOrder(shop), answered(False)))[1] == ["utter_cancel_kept"]
    assert shop.asked == []


async def test_a_stranger_cancels_nothing_even_if_the_form_was_passed_by() -> None:
    shop = FewOrders(an_order())
    tracker = form_tracker(
        FORM, message("yes", "affirm"), {"cancel_confirmed": True}, {"order_number": "1047"}, "cancel_confirmed"
    )
    assert (await run(ActionCancelOrder(shop), tracker))[1] == ["utter_shop_unavailable"]
    assert shop.asked == []


async def test_a_silent_shop_and_a_shop_that_refuses_are_said_plainly() -> None:
    silent = FewOrders(an_order(), answers=False)
    assert (await run(ActionCancelOrder(silent), answered(True)))[1] == ["utter_shop_unavailable"]
    assert (await run(ActionAskCancelConfirmed(silent), answered(True)))[1] == ["utter_shop_unavailable"]
    left_meanwhile = FewOrders(replace(SHIPPED, number="1047"))
    assert (await run(ActionCancelOrder(left_meanwhile), answered(True)))[1] == ["utter_shop_refuses"]


def test_the_refund_is_told_as_far_as_it_is_known() -> None:
    day = TODAY + timedelta(days=5)
    assert cancelled(PACKED, None, TODAY)[0] == "utter_cancel_done"
    refund = Refund("1044", "pending", 5700, "card ending 4242")
    assert cancelled(PACKED, refund, TODAY)[0] == "utter_cancel_done_refund"
    response, values = cancelled(PACKED, replace(refund, expected_on=day), TODAY)
    assert response == "utter_cancel_done_refund_day"
    assert (values["amount"], values["method"], values["expected"]) == (
        "57 pounds", "card ending 4242", "on Saturday 7 March"
    )  # fmt: skip
