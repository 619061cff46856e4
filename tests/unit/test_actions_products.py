from __future__ import annotations

from typing import Any

from actions.products import ActionProductQuestion
from tests.unit.care_support import message, responses, run, tracker

ANSWERS = {"utter_product_question/materials": [{"text": "Wool."}], "utter_product_question/care": [{"text": "Wash."}]}
DOMAIN = {"responses": {**ANSWERS, "utter_ask_product_topic": [{"text": "Which?"}]}}


def question(text: str, answer: str, confidence: float, intent: str = "product_question") -> dict[str, Any]:
    asked = message(text, intent)
    response = {"utter_action": f"utter_product_question/{answer}", "confidence": confidence}
    asked["parse_data"]["response_selector"] = {"product_question": {"response": response}}
    return asked


async def answer_to(*events: dict[str, Any]) -> list[str]:
    _, said = await run(ActionProductQuestion(), tracker(*events), DOMAIN)
    return responses(said)


async def test_the_selected_answer_is_given() -> None:
    assert await answer_to(question("is it wool", "materials", 0.9)) == ["utter_product_question/materials"]


async def test_an_unsure_selection_asks_what_is_meant() -> None:
    assert await answer_to(question("is it thing", "materials", 0.2)) == ["utter_ask_product_topic"]


async def test_a_chosen_row_is_answered() -> None:
    pressed = message('/product_question{"product_topic": "care"}', "product_question", product_topic="care")
    assert await answer_to(pressed) == ["utter_product_question/care"]


async def test_a_row_without_an_answer_in_the_domain_asks_again() -> None:
    pressed = message('/product_question{"product_topic": "moon"}', "product_question", product_topic="moon")
    assert await answer_to(pressed) == ["utter_ask_product_topic"]


async def test_the_reading_of_an_unclear_question_answers_that_question() -> None:
    unclear = question("whats it made off", "materials", 0.8, intent="nlu_fallback")
    assert await answer_to(unclear, message("/product_question", "product_question")) == [
        "utter_product_question/materials"
    ]


async def test_the_button_of_a_menu_asks_what_is_meant_whatever_was_said_before() -> None:
    earlier = question("hello", "materials", 0.9, intent="greet")
    assert await answer_to(earlier, message("/product_question", "product_question")) == ["utter_ask_product_topic"]
