from __future__ import annotations

from typing import Any

import pytest

from actions.address_text import AddressParts, address_by_the_way, address_in, looks_like_town, names_a_street
from actions.change_address import ActionAskAddressConfirmed, ActionChangeAddress, ValidateChangeAddressForm
from tests.unit.orders_support import ANA, SHIPPED, STRANGER, FewOrders, an_order, form_tracker, message, run

FORM = "change_address_form"
KNOWN = {"order_number": "1047", "postcode": "BS1 4DJ"}
TYPED = {"new_street": "12 Rose Lane", "new_town": "Leeds", "new_postcode": "LS1 4AB"}


async def answer(asked: str, text: str, told: dict[str, Any], intent: str = "inform", **known: Any) -> Any:
    tracker = form_tracker(FORM, message(text, intent, ANA), told, {**KNOWN, **known}, asked)
    return await run(ValidateChangeAddressForm(FewOrders(an_order())), tracker)


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("12 rose lane", AddressParts("12 rose lane", None, None)),
        ("flat 2, 45 King Street, York yo1 7hh", AddressParts("flat 2, 45 King Street", "York", "YO1 7HH")),
        ("Rose Cottage, Mill Lane, Exeter EX1 1GJ", AddressParts("Rose Cottage, Mill Lane", "Exeter", "EX1 1GJ")),
        ("21 Market Street Leeds LS1 4AB", AddressParts("21 Market Street", "Leeds", "LS1 4AB")),
        ("7 Church Rd\nBath\nBA1 1AA\nUK", AddressParts("7 Church Rd", "Bath", "BA1 1AA")),
        ("no, it's 14 Rose Lane", AddressParts("14 Rose Lane", None, None)),
        ("change it to 14 Park Lane please", AddressParts("14 Park Lane", None, None)),
        ("the postcode is LS2 3AB", AddressParts(None, None, "LS2 3AB")),
        ("new address is 33 Mill Road CB1 2AD, order 1058", AddressParts("33 Mill Road", None, "CB1 2AD")),
        ("", AddressParts(None, None, None)),
    ],
)
def test_an_address_is_read_as_people_type_it(typed: str, parts: AddressParts) -> None:
    assert address_in(typed) == parts


@pytest.mark.parametrize(
    "request_",
    ["the address on order 1044 is incorrect", "its 15 not 51", "should be number 8 not number 6", "wrong one"],
)
def test_a_request_without_an_address_is_not_taken_for_one(request_: str) -> None:
    assert address_by_the_way(request_) == AddressParts()


def test_towns_are_told_from_everyday_words_and_from_streets() -> None:
    assert all(map(looks_like_town, ("nottingham", "St Albans", "Newcastle upon Tyne")))
    assert not any(map(looks_like_town, ("no", "never mind", "hello there", "talk to a person please", "90210")))
    assert names_a_street("Rose Cottage, Mill Lane") and not names_a_street("York")


async def test_the_parts_are_asked_for_one_after_the_other() -> None:
    slots, _ = await answer("new_street", "12 rose lane", {"new_street": "12 rose lane"})
    assert (slots["new_street"], slots["requested_slot"]) == ("12 Rose Lane", "new_town")
    slots, _ = await answer("new_town", "leeds", {"new_town": "leeds"}, new_street="12 Rose Lane")
    assert (slots["new_town"], slots["requested_slot"]) == ("Leeds", "new_postcode")


async def test_the_whole_address_in_one_go_leaves_only_the_yes_to_ask_for() -> None:
    text = "12 Rose Lane, Leeds LS1 4AB"
    slots, _ = await answer("new_street", text, {"new_street": text, "new_postcode": "LS1 4AB"})
    assert {name: slots[name] for name in TYPED} == TYPED
    assert slots["requested_slot"] == "address_confirmed"


async def test_a_request_that_holds_the_address_is_not_asked_for_it() -> None:
    text = "change the address of order 1047 to 12 Rose Lane, Leeds LS1 4AB"
    opened = form_tracker(FORM, message(text, "change_address", ANA), {"order_number": "1047"})
    slots, _ = await run(ValidateChangeAddressForm(FewOrders(an_order())), opened)
    assert {name: slots[name] for name in TYPED} == TYPED
    assert slots["requested_slot"] == "address_confirmed"


@pytest.mark.parametrize(("text", "intent"), [("nottingham", "deny"), ("york", "out_of_scope")])
async def test_a_town_is_taken_whatever_it_was_understood_as(text: str, intent: str) -> None:
    slots, _ = await answer("new_town", text, {}, intent, new_street="12 Rose Lane")
    assert (slots["new_town"], slots["requested_slot"]) == (text.title(), "new_postcode")


async def test_a_house_number_of_four_digits_is_no_order() -> None:
    told = {"order_number": "1042", "new_street": "1042 High Street"}
    slots, _ = await answer("new_street", "1042 High Street", told)
    assert slots["new_street"] == "1042 High Street"
    assert slots.get("order_number", "1047") == "1047"


@pytest.mark.parametrize(
    ("asked", "text", "said"),
    [
        ("new_street", "home", "utter_street_unreadable"),
        ("new_town", "90210", "utter_town_unreadable"),
        ("new_postcode", "exeter", "utter_postcode_unreadable"),
        ("address_confirmed", "maybe", "utter_confirmation_unreadable"),
    ],
)
async def test_what_cannot_be_a_part_of_an_address_is_said_and_asked_again(asked: str, text: str, said: str) -> None:
    known = {slot: value for slot, value in TYPED.items() if slot != asked}
    slots, responses = await answer(asked, text, {asked: text}, **known)
    assert (slots[asked], slots["order_misses"], responses) == (None, 1, [said])
    assert slots["requested_slot"] == asked


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("no the street is 14 Rose Lane", {"new_street": "14 Rose Lane"}),
        ("the postcode is LS2 3AB", {"new_postcode": "LS2 3AB"}),
    ],
)
@pytest.mark.parametrize("value", [None, False], ids=["read as a text", "read as a no"])
async def test_the_summary_is_corrected_in_words(text: str, corrected: dict[str, str], value: bool | None) -> None:
    told = {"address_confirmed": text if value is None else value}
    slots, _ = await answer("address_confirmed", text, told, **TYPED)
    assert {name: slots[name] for name in corrected} == corrected
    assert (slots["address_confirmed"], slots["requested_slot"]) == (None, "address_confirmed")


async def test_correct_it_asks_for_the_address_anew() -> None:
    slots, _ = await answer("address_confirmed", "/inform", {"address_confirmed": "/inform"}, **TYPED)
    assert (slots["new_street"], slots["new_postcode"], slots["requested_slot"]) == (None, None, "new_street")


def confirmed(value: bool, phone: str = ANA, **known: Any) -> Any:
    told = {"address_confirmed": value}
    return form_tracker(FORM, message("x", "affirm", phone), told, {**KNOWN, **TYPED, **known}, "address_confirmed")


async def test_a_yes_changes_the_address_and_the_proof_that_goes_with_it() -> None:
    shop = FewOrders(an_order())
    assert (await run(ActionAskAddressConfirmed(shop), confirmed(True)))[1] == ["utter_ask_address_confirmed"]
    slots, said = await run(ActionChangeAddress(shop), confirmed(True))
    order = shop.order("1047")
    assert order is not None and order.address is not None
    assert (order.address.name, order.address.one_line()) == ("Ana Lopes", "12 Rose Lane, Leeds, LS1 4AB")
    assert said == ["utter_address_changed"]
    assert slots == {"postcode": "LS1 4AB", **dict.fromkeys(TYPED), "address_confirmed": None}


async def test_a_turn_that_is_run_again_still_knows_whose_order_it_is() -> None:
    shop = FewOrders(an_order())
    await run(ActionChangeAddress(shop), confirmed(True, STRANGER))
    slots, said = await run(ValidateChangeAddressForm(shop), confirmed(True, STRANGER))
    assert (slots["postcode"], slots["requested_slot"], said) == ("LS1 4AB", None, [])


async def test_a_no_changes_nothing_and_an_order_that_left_is_explained() -> None:
    shop = FewOrders(an_order(), SHIPPED)
    assert (await run(ActionChangeAddress(shop), confirmed(False)))[1] == ["utter_address_kept"]
    assert (await run(ActionChangeAddress(shop), confirmed(True, order_number="1042")))[1] == ["utter_address_shipped"]
    assert shop.asked == []
