from __future__ import annotations

from pathlib import Path

import pytest

from actions.payments import (
    ActionPayment,
    ValidatePaymentProblemForm,
    asks_how_to_pay,
    is_charged_twice,
    payment_answer,
)
from actions.shop import Payment
from tests.unit.care_support import ANA, TODAY, SilentShop, demo_shop, ends, message, opens, run, tracker

CASES = [
    ("1042", ANA, "", "utter_payment_paid", False),
    ("1042", ANA, "you charged me twice", "utter_payment_twice", True),
    ("1063", ANA, "my card was declined", "utter_payment_failed", False),
    ("1063", ANA, "my card was charged twice", "utter_payment_failed", False),  # nothing was taken
    ("1065", "447700900129", "", "utter_payment_pending", False),
    ("1074", "447700900133", "", "utter_payment_refunded", False),
]


@pytest.mark.parametrize(("number", "phone", "issue", "response", "needs_person"), CASES)
async def test_every_state_of_a_payment_has_its_words(
    number: str, phone: str, issue: str, response: str, needs_person: bool, tmp_path: Path
) -> None:
    action = ActionPayment(demo_shop(tmp_path), lambda: TODAY)
    slots, said = await ends(action, number, phone, payment_issue=issue)
    assert (said["response"], slots["needs_person"]) == (response, needs_person)
    assert slots["payment_issue"] is None


async def test_a_failed_payment_comes_with_the_way_to_pay_again(tmp_path: Path) -> None:
    _, said = await ends(ActionPayment(demo_shop(tmp_path)), "1063")
    assert said["pay_again_url"].startswith("https://")


def test_a_failed_payment_without_a_link_needs_a_person() -> None:
    answer = payment_answer(Payment("1063", "failed", 3095, "card", "4242"), "")
    assert (answer.response, answer.needs_person) == ("utter_payment_failed_no_link", True)
    assert answer.values["method"] == "card ending 4242"


@pytest.mark.parametrize(
    "said", ["i was charged twice", "you took the money two times", "double payment!!", "Why did I pay again??"]
)
def test_a_double_charge_is_heard(said: str) -> None:
    assert is_charged_twice(said)


@pytest.mark.parametrize("said", ["my card was declined", "I tried twice", "payment failed"])
def test_other_trouble_is_no_double_charge(said: str) -> None:
    assert not is_charged_twice(said)


@pytest.mark.parametrize("said", ["can i pay with paypal", "do you take amex", "which cards", "how can I pay"])
async def test_how_one_can_pay_is_answered_without_asking_for_an_order(said: str) -> None:
    assert asks_how_to_pay(said)
    asked = tracker(message(said, "payment_problem"), opens("payment_problem_form"), payment_issue=said)
    slots, words = await run(ValidatePaymentProblemForm(SilentShop()), asked)
    assert (slots["requested_slot"], words) == (None, [])
    slots, answer = await ends(ActionPayment(SilentShop()), None, payment_issue=said)
    assert (answer["response"], slots["needs_person"]) == ("utter_payment_methods", False)


@pytest.mark.parametrize("said", ["paypal payment failed", "my gift card was declined", "i cannot pay with my card"])
def test_trouble_with_one_way_of_paying_is_about_an_order(said: str) -> None:
    assert not asks_how_to_pay(said)


async def test_a_silent_shop_is_said_plainly_with_the_way_to_try_again() -> None:
    _, said = await ends(ActionPayment(SilentShop()), "1042")
    assert (said["response"], said["again"]) == ("utter_shop_unavailable", "payment_problem")
