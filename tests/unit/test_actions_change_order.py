from __future__ import annotations

from typing import Any

import pytest

from actions.change_order import (
    ActionAskChangeConfirmed,
    ActionAskChangeItem,
    ActionAskChangeQuantity,
    ActionChangeOrder,
    ValidateChangeOrderForm,
)
from actions.change_text import kind_in, number_in, number_removed
from actions.shop import Order
from tests.unit.orders_support import ANA, MUGS, PACKED, TEAPOT, FewOrders, an_order, form_tracker, message, run

FORM = "change_order_form"
KNOWN = {"order_number": "1047", "postcode": "BS1 4DJ"}


async def opened(text: str, order: Order | None = None, **entities: str) -> dict[str, Any]:
    tracker = form_tracker(FORM, message(text, "change_order", ANA, **entities), {"order_number": "1047"})
    return (await run(ValidateChangeOrderForm(FewOrders(order or an_order())), tracker))[0]


async def answer(asked: str, text: str, entities: dict[str, str] | None = None, **known: Any) -> Any:
    told = {asked: text, **({"change_kind": "yes"} if entities and "item" not in entities else {})}
    said = message(text, "inform", ANA, **(entities or {}))
    return await run(
        ValidateChangeOrderForm(FewOrders(an_order())), form_tracker(FORM, said, told, {**KNOWN, **known}, asked)
    )


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("make it 3 instead of 2", 3),
        ("from 2 to three", 3),
        ("i only need one of the chairs not two", 1),
        ("ordered 10 instead of 1 by mistake!! can you change it to 1", 1),
        ("i put 3 in the basket but meant 2", 2),
        ("change order 1047 quantity to 4", 4),
        ("no, 3", 3),
        ("none", 0),
        ("order 1047", None),
        ("more", None),
    ],
)
def test_the_number_that_is_wanted_is_told_from_the_one_that_is_not(typed: str, number: int | None) -> None:
    assert number_in(typed) == number


def test_taking_some_out_leaves_the_rest_and_taking_them_out_leaves_none() -> None:
    assert number_removed("take one mug off", MUGS) == 1
    assert number_removed("remove the mugs", MUGS) == 0
    assert number_removed("remove both mugs", MUGS) == 0


def test_what_the_bot_cannot_do_weighs_more_than_what_it_can() -> None:
    assert kind_in(["new_quantity", "other_change"]) == "other"
    assert kind_in(["removal", "order_number"]) == "remove"
    assert kind_in(["order_number"]) is None


async def test_an_order_is_asked_what_should_change() -> None:
    assert (await opened("change order 1047"))["requested_slot"] == "change_kind"


async def test_a_request_that_says_it_all_is_only_confirmed() -> None:
    slots = await opened("take one mug off order 1047", removal="take one mug off")
    assert (slots["change_kind"], slots["change_item"], slots["change_quantity"]) == ("remove", "MUG-STO", 1)
    assert slots["requested_slot"] == "change_confirmed"


async def test_a_request_without_the_item_is_asked_for_it_and_keeps_the_number() -> None:
    slots, _ = await answer("change_kind", "make it 1 instead of 2", {"new_quantity": "make it 1"})
    assert (slots.get("change_item"), slots["change_quantity"], slots["requested_slot"]) == (None, 1, "change_item")


async def test_what_only_a_person_can_change_ends_the_form_and_is_explained() -> None:
    slots = await opened("change the colour of the mugs", other_change="colour")
    assert (slots["change_kind"], slots["requested_slot"]) == ("other", None)
    assert await done(FewOrders(an_order()), change_kind="other") == ["utter_change_not_possible"]


async def test_the_last_item_is_not_taken_out_but_the_order_cancelled() -> None:
    only = an_order(lines=(TEAPOT,))
    slots = await opened("take the teapot out", only, removal="take the teapot out")
    assert slots["requested_slot"] is None
    assert await done(FewOrders(only), change_kind="remove", change_item="TEA-BLU") == ["utter_change_last_item"]


async def test_an_order_that_is_packed_is_explained() -> None:
    assert await done(FewOrders(PACKED), order_number="1044") == ["utter_change_packed"]


async def test_each_answer_leads_to_the_next_question() -> None:
    slots, _ = await answer("change_kind", "/inform", {"new_quantity": "yes"})
    assert (slots["change_kind"], slots["requested_slot"]) == ("quantity", "change_item")
    slots, _ = await answer("change_item", "the mugs", change_kind="quantity")
    assert (slots["change_item"], slots["requested_slot"]) == ("MUG-STO", "change_quantity")
    slots, _ = await answer("change_quantity", "three please", change_kind="quantity", change_item="MUG-STO")
    assert (slots["change_quantity"], slots["requested_slot"]) == (3, "change_confirmed")


async def test_a_number_at_the_confirmation_corrects_it() -> None:
    known = {"change_kind": "quantity", "change_item": "MUG-STO", "change_quantity": 3}
    slots, _ = await answer("change_confirmed", "no, 4", None, **known)
    assert (slots["change_quantity"], slots["change_confirmed"]) == (4, None)
    assert slots["requested_slot"] == "change_confirmed"


@pytest.mark.parametrize(
    ("asked", "text", "known", "said"),
    [
        ("change_kind", "hm", {}, "utter_change_kind_unreadable"),
        ("change_item", "the lamp", {"change_kind": "remove"}, "utter_item_unreadable"),
        ("change_quantity", "99", {"change_kind": "quantity", "change_item": "MUG-STO"}, "utter_quantity_unreadable"),
    ],
)
async def test_what_cannot_be_used_is_said_and_asked_again(
    asked: str, text: str, known: dict[str, Any], said: str
) -> None:
    slots, responses = await answer(asked, text, None, **known)
    assert (slots[asked], slots["requested_slot"], responses) == (None, asked, [said])


async def test_another_order_is_no_answer_to_what_should_change() -> None:
    told = {"order_number": "1050", "change_kind": "1050"}
    tracker = form_tracker(FORM, message("1050", "inform", ANA), told, KNOWN, "change_kind")
    slots, said = await run(ValidateChangeOrderForm(FewOrders(an_order(), an_order("1050"))), tracker)
    assert (slots["order_number"], slots["requested_slot"], said) == ("1050", "change_kind", [])


async def done(shop: FewOrders, **slots: Any) -> list[str]:
    tracker = form_tracker(FORM, message("yes", "affirm", ANA), None, {**KNOWN, **slots}, "change_confirmed")
    return (await run(ActionChangeOrder(shop), tracker))[1]


async def test_a_yes_changes_the_order_and_a_turn_that_is_run_again_the_same() -> None:
    shop = FewOrders(an_order())
    yes = {"change_kind": "quantity", "change_item": "MUG-STO", "change_quantity": 3, "change_confirmed": True}
    for _ in range(2):
        assert await done(shop, **yes) == ["utter_change_done"]
        order = shop.order("1047")
        assert order is not None and [line.quantity for line in order.lines] == [1, 3]


async def test_a_no_changes_nothing() -> None:
    shop = FewOrders(an_order())
    no = {"change_kind": "quantity", "change_item": "MUG-STO", "change_quantity": 3, "change_confirmed": False}
    assert await done(shop, **no) == ["utter_change_kept"]
    assert shop.asked == []


async def test_the_questions_name_what_is_in_the_order() -> None:
    slots = {"change_item": "MUG-STO", "change_quantity": 0}
    for question, asked, said in (
        (ActionAskChangeItem, "change_item", "utter_ask_change_item"),
        (ActionAskChangeQuantity, "change_quantity", "utter_ask_change_quantity"),
        (ActionAskChangeConfirmed, "change_confirmed", "utter_ask_removal_confirmed"),
    ):
        tracker = form_tracker(FORM, message("x", "inform", ANA), None, {**KNOWN, **slots}, asked)
        assert (await run(question(FewOrders(an_order())), tracker))[1] == [said]
