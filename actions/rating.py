"""How the customer liked the service: a rating from 1 to 5, and why if they care to say so."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.choices import choice_in, intent_of, is_answer, is_starting, typed

NO_COMMENT = "none"
# At most this is a rating after which a person is offered (unless handoff.yml has sent one already).
LOW = 2
HIGH = 4
# To "would you like to say why?" nearly everything is the answer. These are not, when they are this certain.
_OTHER_REQUESTS = frozenset(
    {"request_human", "track_order", "cancel_order", "change_order", "change_address", "return_item", "refund_status",
     "delivery_options", "invoice", "account_problem", "payment_problem", "product_question", "stop_messages",
     "start_messages", "bot_challenge"}
)  # fmt: skip
_CERTAIN = 0.8
_FIGURE = re.compile(r"[0-5]|\bstars?\b|\u2b50")


class ValidateRateServiceForm(FormValidationAction):
    """Reads the rating and the comment. A rating that was given earlier does not count again."""

    def name(self) -> str:
        return "validate_rate_service_form"

    async def extract_rating(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The slot ``rating``: 1 to 5."""
        asked = tracker.get_slot("requested_slot")
        starting = is_starting(tracker, self.form_name())
        rating = choice_in(tracker, domain, "utter_ask_rating", "rating")
        if rating and (asked == "rating" or _names_figure(tracker)):
            return {"rating": float(rating)}
        if starting:
            return {"rating": None, "rating_comment": None}
        if asked == "rating" and is_answer(tracker):
            dispatcher.utter_message(response="utter_rating_unclear")
            return {"rating": None}
        return {}

    async def extract_rating_comment(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The slot ``rating_comment``: the customer's words, or `NO_COMMENT`."""
        if is_starting(tracker, self.form_name()):
            return {"rating_comment": None}
        if tracker.get_slot("requested_slot") != "rating_comment":
            return {}
        intent = intent_of(tracker)
        if intent in ("deny", "goodbye", "thank"):
            return {"rating_comment": NO_COMMENT}
        certain = float((tracker.latest_message.get("intent") or {}).get("confidence") or 0) >= _CERTAIN
        if not typed(tracker) or intent == "rate_service" or (intent in _OTHER_REQUESTS and certain):
            return {}
        return {"rating_comment": typed(tracker)}

    def validate_rating(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        return {"rating": None if value is None else float(value)}

    def validate_rating_comment(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        return {"rating_comment": value}


def _names_figure(tracker: Tracker) -> bool:
    """Whether it rates without being asked: "5 stars", but not the one in "no one could help"."""
    said = typed(tracker)
    return intent_of(tracker) == "rate_service" and (not said or bool(_FIGURE.search(said)))


class ActionThankForRating(Action):
    """Thanks, in words that fit the rating. ``needs_person`` tells the rules that it was a low one."""

    def name(self) -> str:
        return "action_thank_for_rating"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        rating = float(tracker.get_slot("rating") or 0)
        response = "utter_rating_high" if rating >= HIGH else "utter_rating_middle"
        dispatcher.utter_message(response="utter_rating_low" if rating <= LOW else response)
        return [SlotSet("needs_person", rating <= LOW)]
