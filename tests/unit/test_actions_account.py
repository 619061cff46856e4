from __future__ import annotations

from typing import Any

import pytest

from actions.account import ActionAccountHelp, ValidateAccountProblemForm, masked
from actions.shop import Account
from tests.unit.care_support import SilentShop, message, opens, responses, run, tracker

FORM = "account_problem_form"


class ShopWithAccount:
    """Knows Ana's account, in a state of one's choice, or none."""

    def __init__(self, state: Any = "active") -> None:
        self._state = state

    def account(self, phone: str) -> Account | None:
        if self._state is None:
            return None
        return Account(phone, "Ana Lopes", "ana.lopes@example.com", self._state, "https://marigold.example/reset")


async def topic_of(*events: dict[str, Any], form: str | None = FORM, **slots: Any) -> Any:
    slots, _ = await run(ValidateAccountProblemForm(), tracker(*events, form=form, **slots))
    return slots.get("account_topic", "nothing")


async def help_with(topic: str, shop: Any, phone: str | None = "447700900123") -> tuple[list[str], Any]:
    asked = tracker(message("help", phone=phone), account_topic=topic)
    slots, said = await run(ActionAccountHelp(shop), asked)
    return responses(said), slots["needs_person"]


async def test_the_first_message_often_says_what_it_is_about() -> None:
    assert await topic_of(message("i forgot my password", "account_problem"), opens(FORM)) == "login"


async def test_a_form_that_opens_forgets_what_an_earlier_one_was_about() -> None:
    assert await topic_of(message("my account", "account_problem"), opens(FORM), account_topic="delete") is None


async def test_a_pressed_row_is_the_answer() -> None:
    pressed = message('/account_problem{"account_topic": "delete"}', "account_problem", account_topic="delete")
    assert await topic_of(pressed, requested_slot="account_topic") == "delete"


async def test_an_answer_that_fits_no_row_is_for_a_colleague() -> None:
    assert await topic_of(message("my loyalty points"), requested_slot="account_topic") == "other"


async def test_another_request_is_no_answer() -> None:
    asked = message("where is my order", "track_order")
    assert await topic_of(asked, requested_slot="account_topic") == "nothing"


async def test_who_cannot_log_in_gets_the_page_for_a_new_password() -> None:
    assert await help_with("login", ShopWithAccount()) == (["utter_account_reset"], False)


@pytest.mark.parametrize(("state", "response"), [("locked", "utter_account_locked"), (None, "utter_account_not_found")])
async def test_a_locked_or_unknown_account_needs_a_person(state: str | None, response: str) -> None:
    assert await help_with("login", ShopWithAccount(state)) == ([response], True)


async def test_a_customer_without_a_number_is_not_looked_up() -> None:
    assert await help_with("login", SilentShop(), phone=None) == (["utter_account_not_found"], True)


@pytest.mark.parametrize("topic", ["email", "details", "delete", "other"])
async def test_what_needs_a_check_of_the_person_goes_to_a_person_without_asking_the_shop(topic: str) -> None:
    assert await help_with(topic, SilentShop()) == ([f"utter_account_{topic}"], True)


async def test_a_silent_shop_is_said_plainly_and_a_person_offered() -> None:
    assert await help_with("login", SilentShop()) == (["utter_account_unavailable"], True)


def test_an_address_is_shown_to_its_owner_and_told_to_nobody_else() -> None:
    assert masked("ana.lopes@example.com") == "an***@example.com"
