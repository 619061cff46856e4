"""To a person and back: what the customer is told on the way, and the event that gives the floor away."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Awaitable, Callable, Mapping

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ConversationPaused, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.announcement import announcement, asked
from actions.desk import Availability, ask_availability
from actions.identity import MISSES_BEFORE_GIVING_UP
from actions.wiring import handoff_rules
from handoff.handoff_file import HandoffFile

# How the handoff ended, and what the bot says first when it is back.
RETURNS = {
    "solved": "utter_back_solved",
    "unsolved": "utter_back_unsolved",
    "follow_up": "utter_back_follow_up",
    "cancelled": "utter_back_cancelled",
    "expired": "utter_handoff_expired",
    "with_bot": "utter_with_bot_already",  # they pressed the button of an earlier wait
}
# What it says next, if no form goes on.
_THEN = {
    "utter_back_solved": "utter_anything_else",
    "utter_back_cancelled": "utter_what_can_i_do",
    "utter_with_bot_already": "utter_what_can_i_do",
    "utter_back": "utter_what_can_i_do",
}
_SOMEBODY = "My colleague"
# What a person is asked about, by the intent that opened it (or its form): the desk routes by it.
TOPICS = {
    "track_order": "orders",
    "cancel_order": "orders",
    "change_order": "orders",
    "change_address": "orders",
    "where_is_order_number": "orders",
    "return_item": "returns",
    "refund_status": "returns",
    "payment_problem": "payments",
    "invoice": "payments",
    "account_problem": "account",
    "product_question": "products",
    "complaint": "complaint",
    "rate_service": "complaint",
}
_ANSWERS = frozenset({"request_human", "affirm", "inform", "nlu_fallback"})


class ActionHandoff(Action):
    """Tells the customer what happens next and gives the floor to a person.

    An active form stays active: it goes on when the bot is back.
    """

    def __init__(
        self,
        availability: Callable[[Mapping[str, str]], Awaitable[Availability | None]] = ask_availability,
        rules: Callable[[], HandoffFile] = handoff_rules,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._availability = availability
        self._rules = rules
        self._now = now

    def name(self) -> str:
        return "action_handoff"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        why = asked(tracker, handoff_reason(tracker), handoff_topic(tracker))
        desk = await self._availability(why.for_desk())
        for response, values in announcement(why, desk, self._rules(), self._now(), domain.get("responses", {})):
            dispatcher.utter_message(response=response, **values)
        return [
            SlotSet("handoff_reason", why.reason),
            SlotSet("handoff_topic", why.topic),
            ConversationPaused(),  # last: from here on the bot says nothing
        ]


class ActionHandoffReturn(Action):
    """Run by the bridge when the floor came back: the bot says what it knows of it, and an interrupted form goes on."""

    def name(self) -> str:
        return "action_handoff_return"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        response = RETURNS.get(str(tracker.get_slot("handoff_outcome")), "utter_back")
        dispatcher.utter_message(response=response, agent=tracker.get_slot("handoff_agent") or _SOMEBODY)
        following = "utter_back_form_goes_on" if (tracker.active_loop or {}).get("name") else _THEN.get(response)
        if following:
            dispatcher.utter_message(response=following)
        return [SlotSet("order_misses", 0), go_on(tracker)]


def handoff_reason(tracker: Tracker) -> str:
    """``fallback`` | ``form_gave_up`` | ``customer_request``, from what led here."""
    if (tracker.latest_message.get("intent") or {}).get("name") == "nlu_fallback":
        return "fallback"
    if int(tracker.get_slot("order_misses") or 0) >= MISSES_BEFORE_GIVING_UP:
        return "form_gave_up"
    return "customer_request"


def handoff_topic(tracker: Tracker) -> str | None:
    """What the conversation was about, for the desk to route by; None when it was about nothing in particular."""
    form = str((tracker.active_loop or {}).get("name") or "")
    topic = TOPICS.get(form.removesuffix("_form")) or _latest_topic(tracker)
    known = tracker.get_slot("order_number") or int(tracker.get_slot("order_misses") or 0)
    return topic or ("orders" if known else None)


def _latest_topic(tracker: Tracker) -> str | None:
    """The topic of the last message that said something of its own: no answer, and not the request for a person."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            name = ((event.get("parse_data") or {}).get("intent") or {}).get("name")
            if name not in _ANSWERS:
                return TOPICS.get(str(name))
    return None


def go_on(tracker: Tracker) -> EventType:
    """What comes after an interruption by the bridge: the active form's next question, or the customer's turn."""
    return FollowupAction((tracker.active_loop or {}).get("name") or "action_listen")
