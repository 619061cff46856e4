from __future__ import annotations

from typing import Any

import pytest

from actions.rating import NO_COMMENT, ActionThankForRating, ValidateRateServiceForm
from tests.unit.care_support import message, opens, responses, run, tracker

FORM = "rate_service_form"


async def validate(*events: dict[str, Any], **slots: Any) -> tuple[dict[str, Any], list[str]]:
    found, said = await run(ValidateRateServiceForm(), tracker(*events, form=FORM, **slots))
    return found, responses(said)


async def test_a_form_that_opens_forgets_the_earlier_rating() -> None:
    asked = message("i want to rate you", "rate_service")
    assert await validate(asked, opens(FORM), rating=1.0, rating_comment="slow") == (
        {"rating": None, "rating_comment": None},
        [],
    )


async def test_a_rating_in_the_first_message_counts() -> None:
    slots, _ = await validate(message("5 stars for you", "rate_service"), opens(FORM))
    assert slots["rating"] == 5.0


async def test_a_word_that_is_also_a_number_is_no_rating_in_the_first_message() -> None:
    slots, _ = await validate(message("no one asked me for feedback", "rate_service"), opens(FORM))
    assert slots["rating"] is None


@pytest.mark.parametrize(
    ("said", "rating"),
    [("4", 4), ("three", 3), ("2/5", 2), ("5 out of 5", 5), ("\u2b50\u2b50\u2b50", 3), ("0", 1), ("5 - excellent", 5)],
)
async def test_ratings_are_read_as_people_write_them(said: str, rating: int) -> None:
    slots, _ = await validate(message(said), requested_slot="rating")
    assert slots["rating"] == rating


async def test_what_is_no_rating_is_asked_again() -> None:
    assert await validate(message("7"), requested_slot="rating") == ({"rating": None}, ["utter_rating_unclear"])


async def test_a_pressed_row_corrects_the_rating_while_the_comment_is_asked_for() -> None:
    pressed = message('/rate_service{"rating": "2"}', "rate_service", rating="2")
    slots, _ = await validate(pressed, requested_slot="rating_comment", rating=5.0)
    assert slots == {"rating": 2.0}


async def test_a_number_in_the_comment_is_no_new_rating() -> None:
    slots, _ = await validate(message("waited 2 weeks", "complaint"), requested_slot="rating_comment", rating=1.0)
    assert slots == {"rating_comment": "waited 2 weeks"}


@pytest.mark.parametrize("intent", ["deny", "thank", "goodbye"])
async def test_a_no_to_the_comment_ends_the_rating(intent: str) -> None:
    slots, _ = await validate(message("no", intent), requested_slot="rating_comment", rating=4.0)
    assert slots == {"rating_comment": NO_COMMENT}


@pytest.mark.parametrize(("confidence", "taken"), [(0.95, {}), (0.6, {"rating_comment": "my order came late"})])
async def test_another_request_is_a_comment_unless_it_is_certain(confidence: float, taken: dict[str, str]) -> None:
    asked = message("my order came late", "track_order", confidence=confidence)
    slots, _ = await validate(asked, requested_slot="rating_comment", rating=4.0)
    assert slots == taken


@pytest.mark.parametrize(
    ("rating", "response", "needs_person"),
    [
        (5.0, "utter_rating_high", False),
        (3.0, "utter_rating_middle", False),
        (2.0, "utter_rating_low", True),
        (1.0, "utter_rating_low", True),
    ],
)
async def test_thanks_fit_the_rating_and_a_low_one_offers_a_person(
    rating: float, response: str, needs_person: bool
) -> None:
    slots, said = await run(ActionThankForRating(), tracker(rating=rating))
    assert (responses(said), slots) == ([response], {"needs_person": needs_person})
