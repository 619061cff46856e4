"""Orders from the first word to the last: the trained model, the real actions and the demo shop, in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from actions import wiring
from actions.shop import ShopUnavailable
from actions.shop_sql import SqlShop
from tests.support.assistant import Assistant

ANA, BEN, DEV, FARAH, GREG, STRANGER = (f"4477009001{last}" for last in ("23", "24", "26", "28", "29", "99"))


@pytest.fixture(scope="module")
def assistant(model: Path) -> Iterator[Assistant]:
    loaded = Assistant(model)
    yield loaded
    loaded.close()


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlShop]:
    """A fresh demo shop, which all actions use."""
    monkeypatch.setenv("BATON_VAR", str(tmp_path))
    monkeypatch.delenv("SHOP_API_URL", raising=False)
    wiring.shop.cache_clear()
    shop = wiring.shop()
    assert isinstance(shop, SqlShop)
    yield shop
    shop.close()
    wiring.shop.cache_clear()


def test_a_customer_with_several_orders_chooses_one_and_is_asked_nothing_else(assistant: Assistant) -> None:
    ana = assistant.chat(ANA)
    assert "1042 · Blue teapot, Two mugs" in ana.say("where is my order")
    assert "RM104277310GB" in ana.press("1042")
    assert "delivered" in ana.say("no, order 1043")


def test_an_item_says_which_order_is_meant(assistant: Assistant) -> None:
    ana = assistant.chat(ANA)
    assert "RM104277310GB" in ana.say("where is order 1042")
    assert "1043" in ana.say("i want to send back the walnut board"), "not the order that they talked of"
    other = assistant.chat(ANA)
    assert "RM104277310GB" in other.say("where is my blue teapot")
    omar = assistant.chat("447700900134")
    assert "Which order" in omar.say("i ordered a doormat and it hasnt turned up"), "he has two of them under way"
    third = assistant.chat(ANA)
    third.say("where is my order")
    assert "RM104277310GB" in third.say("the teapot")


def test_a_stranger_learns_of_an_order_by_its_postcode_only(assistant: Assistant) -> None:
    stranger = assistant.chat(STRANGER)
    assert "postcode" in stranger.say("where is order 1042")
    assert "can't find" in stranger.say("M3 2BQ")
    assert "postcode" in stranger.say("9999")
    assert "can't find an order 9999" in stranger.say("M3 2BQ")
    assert "RM104277310GB" in stranger.say("1042 bs1 4dj")


def test_an_order_is_cancelled_after_a_yes(assistant: Assistant, shop: SqlShop) -> None:
    ana = assistant.chat(ANA)
    assert "Shall I cancel order 1047" in ana.say("please cancel order 1047")
    assert "Shall I cancel order 1047" in ana.say("how long does delivery take?"), "the form asks again"
    assert "is cancelled" in ana.press("Yes, cancel it")
    order = shop.order("1047")
    assert order is not None and order.state == "cancelled"
    assert "cancelled already" in ana.say("cancel order 1047")


def test_a_yes_under_an_old_question_cancels_nothing_else(assistant: Assistant, shop: SqlShop) -> None:
    ana = assistant.chat(ANA)
    ana.say("cancel order 1047")
    old_yes = ana.buttons["Yes, cancel it"]
    ana.say("no, order 1063")
    assert "Shall I cancel order 1047" in ana._send(old_yes), "it is asked once more, for the order under that button"
    assert all(order and order.state == "placed" for order in map(shop.order, ("1047", "1063")))


def test_a_request_in_the_middle_of_a_form_turns_to_it(assistant: Assistant) -> None:
    ana = assistant.chat(ANA)
    ana.say("cancel order 1047")
    assert "placed" in ana.say("where is order 1047")
    assert ana.form is None
    assert "Shall I cancel order 1047" in ana.say("ok cancel it please")
    assert "leave it at that" in ana.say("never mind")
    assert ana.form is None


def test_an_address_is_changed_with_a_correction(assistant: Assistant, shop: SqlShop) -> None:
    dev = assistant.chat(DEV)
    assert "Where should order 1044 go" in dev.say("i want to change my delivery address")
    assert "town" in dev.say("12 rose lane")
    assert "postcode" in dev.say("nottingham")
    assert "12 Rose Lane, Nottingham, NG1 5AA" in dev.say("ng15aa")
    assert "14 Rose Lane, Nottingham" in dev.say("no the street is 14 Rose Lane")
    assert "Done" in dev.say("yes")
    order = shop.order("1044")
    assert order is not None and order.address is not None
    assert order.address.one_line() == "14 Rose Lane, Nottingham, NG1 5AA"


def test_an_item_is_taken_out_and_the_last_one_is_not(assistant: Assistant, shop: SqlShop) -> None:
    greg = assistant.chat(GREG)
    assert "take the blue teapot out of order 1065" in greg.say("remove the teapot from order 1065")
    assert "Done" in greg.press("Yes, take it out")
    order = shop.order("1065")
    assert order is not None and [line.sku for line in order.lines] == ["MUG-STO"]
    assert "all there is" in greg.say("remove the mugs as well please, order 1065")


def test_what_is_asked_of_an_order_that_has_left_is_explained(assistant: Assistant) -> None:
    ana = assistant.chat(ANA)
    assert "on its way already" in ana.say("cancel order 1042")
    assert "can't be changed any more" in ana.say("change order 1042")
    assert "can't change its address" in ana.say("change the address of order 1042")


def test_three_answers_that_cannot_be_used_end_with_a_person(assistant: Assistant) -> None:
    stranger = assistant.chat(STRANGER)
    stranger.say("cancel my order")
    assert "doesn't look like" in stranger.say("104")
    assert "doesn't look like" in stranger.say("10422")
    assert "A colleague will take over" in stranger.say("12")
    assert stranger.form is None and stranger.is_paused


def test_a_person_is_had_in_the_middle_and_the_form_waits(assistant: Assistant) -> None:
    farah = assistant.chat(FARAH)
    farah.say("cancel my order")
    farah.say("i want to talk to a person")
    assert farah.is_paused
    assert farah.form == "cancel_order_form"


def test_a_shop_that_does_not_answer_is_said_and_tried_again(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, shop: SqlShop
) -> None:
    def silent(*_: object) -> None:
        raise ShopUnavailable("closed for this test")

    ben = assistant.chat(BEN)
    with monkeypatch.context() as broken:
        for method in ("order", "orders_of"):
            broken.setattr(shop, method, silent)
        assert "can't reach our order book" in ben.say("cancel order 1041")
        assert ben.form is None
    assert "Shall I cancel order 1041" in ben.press("Try again")
