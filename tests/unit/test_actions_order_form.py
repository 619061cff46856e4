from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.ask_order import ActionAskOrderNumber
from actions.order_form import OrderForm
from actions.shop import Line
from actions.tracking import ValidateTrackOrderForm
from tests.unit.orders_support import (
    ANA,
    PACKED,
    SHIPPED,
    STRANGER,
    FewOrders,
    an_order,
    form_tracker,
    message,
    run,
    slot_event,
)

FORM, ASKED = "track_order_form", "order_number"
SHOP = FewOrders(SHIPPED, an_order("1047"), an_order("1050", phone="447700900130"))


class ValidateWithConfirmationForm(OrderForm):
    """A form that asks for a yes after the order."""

    intents = frozenset({"cancel_order"})
    own_slots = confirmations = ("sure",)

    def name(self) -> str:
        return "validate_with_confirmation_form"


CONFIRMED = "with_confirmation_form"


async def track(tracker: Tracker, shop: FewOrders = SHOP) -> tuple[dict[str, Any], list[str]]:
    return await run(ValidateTrackOrderForm(shop), tracker)


def number(value: str, phone: str | None = None, intent: str = "inform") -> dict[str, Any]:
    return message(value, intent, phone, order_number=value)


async def test_the_number_they_write_from_is_proof_enough() -> None:
    slots, said = await track(form_tracker(FORM, number("1042", ANA), {"order_number": "1042"}, asked="order_number"))
    assert (slots["order_number"], slots["postcode"], slots["requested_slot"]) == ("1042", "BS1 4DJ", None)
    assert not said


@pytest.mark.parametrize("phone", [STRANGER, None])
async def test_who_writes_from_another_number_is_asked_for_the_postcode(phone: str | None) -> None:
    slots, said = await track(form_tracker(FORM, number("1042", phone), {"order_number": "1042"}, asked="order_number"))
    assert slots["requested_slot"] == "postcode"
    assert not said


async def test_the_right_postcode_is_proof_however_it_is_typed() -> None:
    asked = form_tracker(
        FORM, message("its bs14dj", "inform"), {"postcode": "its bs14dj"}, {"order_number": "1042"}, "postcode"
    )
    slots, said = await track(asked)
    assert (slots["postcode"], slots["requested_slot"]) == ("BS1 4DJ", None)
    assert not said


@pytest.mark.parametrize("tried", ["1042", "9999"], ids=["an order of somebody else", "an order that does not exist"])
async def test_a_stranger_cannot_tell_a_wrong_number_from_a_wrong_postcode(tried: str) -> None:
    slots, said = await track(
        form_tracker(FORM, message("M3 2BQ", "inform"), {"postcode": "M3 2BQ"}, {"order_number": tried}, "postcode")
    )
    assert said == ["utter_order_not_found"]
    assert (slots["order_number"], slots["postcode"], slots["order_misses"]) == (None, None, 1)
    assert slots["requested_slot"] == "order_number"


async def test_a_number_in_place_of_the_postcode_is_a_correction_and_no_miss() -> None:
    told = {"order_number": "1050", "postcode": "no, 1050"}
    slots, said = await track(form_tracker(FORM, number("no, 1050"), told, {"order_number": "1042"}, "postcode"))
    assert (slots["order_number"], slots["postcode"], slots["requested_slot"]) == ("1050", None, "postcode")
    assert not said and not slots.get("order_misses")


async def test_number_and_postcode_may_come_together() -> None:
    told = {"order_number": "1042", "postcode": "bs1 4dj"}
    slots, said = await track(form_tracker(FORM, message("1042 bs1 4dj", "inform"), told, asked="order_number"))
    assert (slots["requested_slot"], said) == (None, [])


async def test_words_instead_of_a_number_are_said_and_counted() -> None:
    words = form_tracker(
        FORM, message("the blue one", "inform"), {"order_number": "the blue one"}, None, "order_number"
    )
    slots, said = await track(words)
    assert said == ["utter_order_number_unreadable"]
    assert (slots["order_number"], slots["order_misses"], slots["requested_slot"]) == (None, 1, "order_number")


async def test_the_third_miss_gives_up_without_a_word() -> None:
    words = form_tracker(FORM, message("hm", "inform"), {"order_number": "hm"}, {"order_misses": 2}, "order_number")
    slots, said = await track(words)
    assert (slots["form_gave_up"], slots["order_misses"], slots["requested_slot"]) == (True, 3, None)
    assert not said


async def test_a_new_attempt_after_giving_up_counts_from_the_beginning() -> None:
    left = {"form_gave_up": True, "order_misses": 3, "order_number": None}
    slots, _ = await track(form_tracker(FORM, message("track it", "track_order"), None, left))
    assert (slots["form_gave_up"], slots["order_misses"], slots["requested_slot"]) == (False, 0, "order_number")


async def test_the_only_order_that_fits_is_taken_without_a_question() -> None:
    slots, _ = await track(form_tracker(FORM, message("track it", "track_order", ANA)), FewOrders(SHIPPED))
    assert (slots["order_number"], slots["requested_slot"]) == ("1042", None)


async def test_the_order_under_discussion_stays_unless_another_is_meant() -> None:
    known = {"order_number": "1042", "postcode": "BS1 4DJ"}
    again = form_tracker(FORM, message("any news?", "track_order", ANA), None, known)
    assert (await track(again))[0]["requested_slot"] is None
    other = form_tracker(
        FORM, message("track another order", "track_order", ANA, other_order="another order"), None, known
    )
    slots, _ = await track(other)
    assert (slots["order_number"], slots["requested_slot"]) == (None, "order_number")


BOARD = Line("BRD-WAL", "Walnut serving board", 1, 4200, "walnut serving boards")
CAN = Line("CAN-COP", "Copper watering can", 1, 5600, "copper watering cans")
GOODS = FewOrders(
    SHIPPED,
    an_order("1043", lines=(BOARD,)),
    an_order("1047", lines=(Line("MAT-DOO", "Door mat"),)),
    an_order("1045", lines=(CAN,)),
    an_order("1046", lines=(CAN, BOARD)),
)


@pytest.mark.parametrize(
    ("text", "known", "number"),
    [
        ("where is my teapot", None, "1042"),
        ("where is my teapot", "1043", "1042"),
        ("wheres my doormat", "1043", "1047"),
        ("where is the board", None, None),
        ("where is the board", "1043", "1043"),
        ("where is the board", "1046", "1046"),
        ("where is the board", "1042", None),
        ("where is it", "1043", "1043"),
        ("can you look where it is", None, None),
        ("can you look where it is", "1043", "1043"),
    ],
)
async def test_an_item_says_which_order_is_meant(text: str, known: str | None, number: str | None) -> None:
    before = {"order_number": known} if known else None
    slots, _ = await track(form_tracker(FORM, message(text, "track_order", ANA), None, before), GOODS)
    assert slots.get("order_number", known) == number


async def test_of_several_orders_with_an_item_only_these_are_offered() -> None:
    async def offered_for(text: str) -> list[str]:
        asked = form_tracker(FORM, message(text, "track_order", ANA), None, None, ASKED)
        dispatcher = CollectingDispatcher()
        await ActionAskOrderNumber(GOODS).run(dispatcher, asked, {})
        return [button["title"][:4] for button in dispatcher.messages[0]["buttons"]]

    assert await offered_for("where is the board") == ["1043", "1046"]
    assert await offered_for("where is my order") == ["1042", "1043", "1047", "1045", "1046"]


async def test_an_item_is_an_answer_to_the_question_which_order() -> None:
    told = {"order_number": "the teapot"}
    slots, said = await track(form_tracker(FORM, message("the teapot", "inform", ANA), told, None, ASKED), GOODS)
    assert (slots["order_number"], slots["requested_slot"], said) == ("1042", None, [])
    told = {"order_number": "the lamp"}
    slots, said = await track(form_tracker(FORM, message("the lamp", "inform", ANA), told, None, ASKED), GOODS)
    assert (slots["order_number"], said) == (None, ["utter_order_number_unreadable"])


async def test_what_an_order_costs_is_known_to_criteria_once_the_order_is() -> None:
    slots, _ = await track(form_tracker(FORM, number("1042", ANA), {"order_number": "1042"}, asked=ASKED))
    assert slots["order_total"] == SHIPPED.total / 100 > 0
    slots, _ = await track(form_tracker(FORM, number("1042", STRANGER), {"order_number": "1042"}, asked=ASKED))
    assert slots.get("order_total") is None, "it may be somebody else's"
    dear = form_tracker(FORM, number("1050", ANA), {"order_number": "1050"}, {"order_total": 480.0}, ASKED)
    assert (await track(dear))[0]["order_total"] is None, "that was the order before"


async def test_what_asks_for_something_else_is_left_to_its_rule() -> None:
    asked = form_tracker(FORM, message("how long does delivery take", "delivery_options"), None, None, "order_number")
    assert (await track(asked))[0] == {"rejected": True}
    other = form_tracker(
        FORM, number("cancel 1047", ANA, "cancel_order"), {"order_number": "1047"}, None, "order_number"
    )
    assert (await track(other))[0] == {"rejected": True}


async def test_an_answer_that_answers_nothing_is_left_to_the_rules() -> None:
    assert (await track(form_tracker(FORM, message("no", "deny"), None, None, "order_number")))[0] == {"rejected": True}


async def test_a_number_in_a_question_that_interrupts_is_not_taken_for_the_order() -> None:
    known = {"order_number": "1042"}
    tracker = form_tracker(
        FORM, message("delivery for 2000?", "delivery_options"), {"order_number": "2000"}, known, "postcode"
    )
    came_back = [
        {"event": "action_execution_rejected", "name": FORM},
        {"event": "action", "name": "utter_delivery_options"},
    ]
    at = next(index for index, event in enumerate(tracker.events) if event["event"] == "action")
    tracker.events[at:at] = came_back
    slots, said = await track(tracker)
    assert (slots["order_number"], slots["requested_slot"], said) == ("1042", "postcode", [])


async def test_a_number_that_an_agent_corrected_meanwhile_counts() -> None:
    asked = message("i want a person", "request_human", ANA)
    events = [
        slot_event("order_number", "1042"),
        asked,
        {"event": "action_execution_rejected", "name": FORM},
        {"event": "action", "name": "action_handoff"},
        slot_event("order_number", "1047"),
        {"event": "action", "name": "action_handoff_return"},
        {"event": "action", "name": FORM},
    ]
    slots = {"order_number": "1047", "requested_slot": "postcode", "form_gave_up": False}
    tracker = Tracker("ana", slots, asked["parse_data"], events, False, None, {"name": FORM}, "action_handoff_return")
    assert (await track(tracker))[0]["requested_slot"] is None


async def test_a_shop_that_does_not_answer_ends_the_form_and_costs_no_miss() -> None:
    shop = FewOrders(SHIPPED, answers=False)
    slots, said = await track(
        form_tracker(FORM, number("1042", ANA), {"order_number": "1042"}, {"order_misses": 1}, "order_number"), shop
    )
    assert (slots["order_number"], slots["requested_slot"], said) == ("1042", None, [])
    assert not slots.get("form_gave_up") and "order_misses" not in slots


async def test_a_yes_from_an_earlier_attempt_is_forgotten() -> None:
    known = {"order_number": "1047", "postcode": "BS1 4DJ", "sure": True}
    opened = form_tracker(CONFIRMED, message("cancel it", "cancel_order", ANA), None, known)
    slots, _ = await run(ValidateWithConfirmationForm(SHOP), opened)
    assert (slots["sure"], slots["requested_slot"]) == (None, "sure")


async def test_a_yes_to_one_order_is_no_yes_to_another() -> None:
    known = {"order_number": "1047", "postcode": "BS1 4DJ"}
    told = {"order_number": "1042", "sure": True}  # the button under an older question
    slots, _ = await run(
        ValidateWithConfirmationForm(SHOP), form_tracker(CONFIRMED, number("1042", ANA, "affirm"), told, known, "sure")
    )
    assert (slots["order_number"], slots["sure"], slots["requested_slot"]) == ("1042", None, "sure")


async def test_a_yes_to_the_order_that_was_asked_about_counts() -> None:
    known = {"order_number": "1047", "postcode": "BS1 4DJ"}
    told = {"order_number": "1047", "sure": True}
    slots, _ = await run(
        ValidateWithConfirmationForm(SHOP), form_tracker(CONFIRMED, number("1047", ANA, "affirm"), told, known, "sure")
    )
    assert (slots["sure"], slots["requested_slot"]) == (True, None)


async def test_a_customer_with_several_orders_chooses_from_them() -> None:
    asked = form_tracker(FORM, message("track it", "track_order", ANA))
    assert (await run(ActionAskOrderNumber(SHOP), asked))[1] == ["utter_ask_which_order"]
    for shop, phone in ((SHOP, None), (SHOP, STRANGER), (FewOrders(PACKED, answers=False), ANA)):
        asked = form_tracker(FORM, message("track it", "track_order", phone))
        assert (await run(ActionAskOrderNumber(shop), asked))[1] == ["utter_ask_order_number"]
