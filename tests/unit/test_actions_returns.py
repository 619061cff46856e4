from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actions.returns import ActionAskReturnItem, ActionOpenReturn, ValidateReturnItemForm
from tests.unit.care_support import ANA, TODAY, SilentShop, demo_shop, ends, message, opens, responses, run, tracker

FORM = "return_item_form"
KNOWN = {"order_number": "1061", "postcode": "BS1 4DJ"}  # two teas, honey, a recipe book: delivered to Ana
ASKED_ITEM = {**KNOWN, "requested_slot": "return_item"}
ASKED_REASON = {**KNOWN, "return_item": "Recipe book", "requested_slot": "return_reason"}
PHONES = {"1060": "447700900131", "1044": "447700900126", "1045": "447700900130", "1070": "447700900133"}


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    return demo_shop(tmp_path)


def slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


async def answered(shop: Any, text: str, slot_name: str, intent: str = "inform", **slots: Any) -> tuple[Any, list[str]]:
    """The form's slots after an answer to its question, and what it says."""
    before = [slot(name, value) for name, value in slots.items()]
    asked = tracker(*before, message(text, intent), slot(slot_name, text), form=FORM, **{**slots, slot_name: text})
    found, said = await run(ValidateReturnItemForm(shop), asked)
    return found, responses(said)


async def opened(shop: Any, text: str, number: str, phone: str = ANA, **told: str) -> dict[str, Any]:
    """The form's slots after the message that opens it."""
    told = {"order_number": number, **told}
    slots = [slot(name, value) for name, value in told.items()]
    asked = tracker(message(text, "return_item", phone), *slots, opens(FORM), form=FORM, **told)
    found, _ = await run(ValidateReturnItemForm(shop), asked)
    return found


async def test_an_order_of_one_item_is_not_asked_which(shop: Any) -> None:
    slots = await opened(shop, "return 1043", "1043")
    assert (slots["return_item"], slots["requested_slot"]) == ("Walnut serving board", "return_reason")


async def test_an_order_of_several_items_is_asked_which(shop: Any) -> None:
    assert (await opened(shop, "return something from 1061", "1061"))["requested_slot"] == "return_item"


async def test_item_and_reason_in_the_first_message_leave_nothing_to_ask(shop: Any) -> None:
    said = "the recipe book from 1061 is damaged, i want to return it"
    slots = await opened(shop, said, "1061", return_item=said, return_reason=said)
    assert (slots["return_item"], slots["return_reason"]) == ("Recipe book", "damaged")
    assert slots["requested_slot"] is None


@pytest.mark.parametrize("number", ["1044", "1045", "1042", "1062"])
async def test_an_order_of_which_nothing_can_come_back_asks_no_further(number: str, shop: Any) -> None:
    slots = await opened(shop, "return", number, PHONES.get(number, ANA))
    assert slots["requested_slot"] is None


async def test_an_item_is_found_in_the_customers_words(shop: Any) -> None:
    slots, said = await answered(shop, "the book", "return_item", **ASKED_ITEM)
    assert (slots["return_item"], slots["requested_slot"], said) == ("Recipe book", "return_reason", [])


async def test_an_item_that_is_not_in_the_order_is_asked_again(shop: Any) -> None:
    slots, said = await answered(shop, "the lamp", "return_item", **ASKED_ITEM)
    assert (slots["return_item"], slots["requested_slot"]) == (None, "return_item")
    assert said == ["utter_return_item_unclear"]


async def test_an_item_that_never_comes_back_is_asked_for_no_reason(shop: Any) -> None:
    slots, _ = await answered(shop, "the honey", "return_item", **ASKED_ITEM)
    assert (slots["return_item"], slots["requested_slot"]) == ("Wildflower honey", None)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("too small", "does_not_fit"),
        ("it is cracked", "damaged"),
        ("i dont want it any more", "changed_mind"),
        ("my dog ate it", "my dog ate it"),
    ],
)
async def test_a_reason_is_found_in_the_customers_words_or_kept_in_them(said: str, reason: str, shop: Any) -> None:
    slots, _ = await answered(shop, said, "return_reason", **ASKED_REASON)
    assert (slots["return_reason"], slots["requested_slot"]) == (reason, None)


async def test_a_question_is_no_reason(shop: Any) -> None:
    slots, said = await answered(shop, "is that free?", "return_reason", "nlu_fallback", **ASKED_REASON)
    assert (slots["return_reason"], slots["requested_slot"]) == (None, "return_reason")
    assert said == ["utter_return_reason_unclear"]


async def test_another_item_instead_of_a_reason_is_a_correction(shop: Any) -> None:
    slots, _ = await answered(shop, "sorry, the earl grey", "return_reason", **ASKED_REASON)
    assert slots["return_item"] == "Earl Grey tea"


async def test_a_no_with_another_item_is_a_correction(shop: Any) -> None:
    slots, _ = await answered(shop, "no, the tea", "return_reason", "deny", **ASKED_REASON)
    assert slots["return_item"] == "Earl Grey tea"


@pytest.mark.parametrize("asked", [ASKED_ITEM, ASKED_REASON])
async def test_a_bare_no_is_left_to_the_rule_that_leaves_the_form(asked: dict[str, str], shop: Any) -> None:
    assert await answered(shop, "no", asked["requested_slot"], "deny", **asked) == ({}, [])


async def test_what_the_first_message_told_is_known_when_the_order_is_chosen_later(shop: Any) -> None:
    said = "the recipe book came damaged, can i return it"
    slots = {"return_item": said, "return_reason": said, "requested_slot": "order_number"}
    earlier = [message(said, "return_item"), *(slot(name, value) for name, value in slots.items())]
    now = [message("1061"), slot("order_number", "1061")]
    asked = tracker(*earlier, *now, form=FORM, order_number="1061", **slots)
    found, _ = await run(ValidateReturnItemForm(shop), asked)
    assert (found["return_item"], found["return_reason"]) == ("Recipe book", "damaged")
    assert found["requested_slot"] is None


async def test_the_items_of_the_order_are_offered(shop: Any) -> None:
    _, said = await ends(ActionAskReturnItem(shop), "1061")
    assert [button["title"] for button in said["buttons"]] == ["Earl Grey tea", "Wildflower honey", "Recipe book"]
    assert said["buttons"][2]["payload"] == '/return_item{"return_item": "Recipe book"}'


async def test_a_return_is_opened_with_label_place_and_last_day(shop: Any) -> None:
    action = ActionOpenReturn(shop, lambda: TODAY)
    slots, said = await ends(action, "1061", return_item="Recipe book", return_reason="changed_mind")
    assert said["response"] == "utter_return_opened"
    assert said["item"] == "recipe book" and said["label"] and said["drop_off"]
    assert said["deadline"] == "on Monday 16 March"
    assert (slots["return_label"], slots["needs_person"]) == (said["label"], False)
    assert slots["return_item"] is slots["return_reason"] is None


@pytest.mark.parametrize("reason", ["damaged", "wrong"])
async def test_where_the_shop_is_at_fault_another_one_is_offered(reason: str, shop: Any) -> None:
    _, said = await ends(ActionOpenReturn(shop), "1061", return_item="Recipe book", return_reason=reason)
    assert said["response"] == "utter_return_opened_fault"


async def test_opening_the_same_return_twice_gives_the_same_label(shop: Any) -> None:
    labels = {
        (await ends(ActionOpenReturn(shop), "1061", return_item="Recipe book", return_reason="other"))[1]["label"]
        for _ in range(2)
    }
    assert len(labels) == 1


async def test_what_the_shop_refuses_is_said_in_its_words(shop: Any) -> None:
    slots, said = await ends(ActionOpenReturn(shop), "1061", return_item="Wildflower honey")
    assert said["response"] == "utter_return_refused"
    assert "food cannot be sold again" in said["why"]
    assert slots["needs_person"] is True


@pytest.mark.parametrize(
    ("number", "phone", "response", "needs_person"),
    [
        ("1045", "447700900130", "utter_return_cancelled", False),
        ("1047", ANA, "utter_return_not_sent", False),
        ("1042", ANA, "utter_return_under_way", False),
        ("1062", ANA, "utter_return_too_late", True),
        ("1066", "447700900132", "utter_return_never", True),
    ],
)
async def test_why_nothing_can_come_back_is_said_with_a_way_on(
    number: str, phone: str, response: str, needs_person: bool, shop: Any
) -> None:
    slots, said = await ends(ActionOpenReturn(shop, lambda: TODAY), number, phone)
    assert (said["response"], slots["needs_person"]) == (response, needs_person)


async def test_a_silent_shop_is_said_plainly_with_the_way_to_try_again() -> None:
    _, said = await ends(ActionOpenReturn(SilentShop()), "1061", return_item="Recipe book")
    assert (said["response"], said["again"]) == ("utter_shop_unavailable", "return_item")
