from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from actions.refunds import ActionRefundStatus, refund_answer
from actions.shop import Refund
from tests.unit.care_support import ANA, TODAY, SilentShop, demo_shop, ends

# number, the phone it was ordered with, what is said
CASES = [
    ("1043", ANA, "utter_refund_none_yet"),  # delivered: it can be sent back
    ("1042", ANA, "utter_refund_none"),  # on its way
    ("1051", "447700900130", "utter_refund_awaiting_return"),
    ("1054", "447700900124", "utter_refund_pending"),
    ("1045", "447700900130", "utter_refund_paid"),
]


@pytest.mark.parametrize(("number", "phone", "response"), CASES)
async def test_every_state_of_a_refund_has_its_words(number: str, phone: str, response: str, tmp_path: Path) -> None:
    slots, said = await ends(ActionRefundStatus(demo_shop(tmp_path), lambda: TODAY), number, phone)
    assert (said["response"], slots["needs_person"]) == (response, False)


async def test_a_refund_is_told_with_its_amount_method_and_day(tmp_path: Path) -> None:
    _, said = await ends(ActionRefundStatus(demo_shop(tmp_path), lambda: TODAY), "1054", "447700900124")
    assert (said["amount"], said["expected"]) == ("16.45 pounds", "on Thursday 5 March")
    assert said["method"].startswith("card ending ")


def test_a_refund_that_should_have_come_needs_a_person() -> None:
    late = refund_answer(Refund("1054", "pending", 1645, "PayPal", date(2026, 2, 27)), TODAY)
    assert (late.response, late.needs_person) == ("utter_refund_late", True)


async def test_a_silent_shop_is_said_plainly_with_the_way_to_try_again() -> None:
    slots, said = await ends(ActionRefundStatus(SilentShop()), "1054")
    assert (said["response"], said["again"], slots["needs_person"]) == (
        "utter_shop_unavailable",
        "refund_status",
        False,
    )
