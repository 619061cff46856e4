"""The customer's account in the online shop: what the bot can do for it, and what only a colleague can."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.choices import choice_in, is_answer, is_starting
from actions.identity import customer_phone
from actions.shop import Account, Shop, ShopUnavailable
from actions.wiring import shop as wired_shop

logger = logging.getLogger(__name__)

# What the bot can do something about. For the other topics there is `utter_account_<topic>`, and a person.
_LOGIN = "login"


class ValidateAccountProblemForm(FormValidationAction):
    """One question: what is it about? Often the first message has said so already."""

    def name(self) -> str:
        return "validate_account_problem_form"

    async def extract_account_topic(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        """The slot ``account_topic``: one of the values that the list in domain.yml offers."""
        topic = choice_in(tracker, domain, "utter_ask_account_topic", "account_topic")
        if topic:
            return {"account_topic": topic}
        if is_starting(tracker, self.form_name()):
            return {"account_topic": None}
        # No row fits, but it was an answer: a colleague reads it.
        return {"account_topic": "other"} if is_answer(tracker) else {}

    def validate_account_topic(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> dict[str, Any]:
        return {"account_topic": value}


class ActionAccountHelp(Action):
    """Helps with logging in; says what only a colleague can do. ``needs_person`` tells the rules which it was."""

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop

    def name(self) -> str:
        return "action_account_help"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        topic = str(tracker.get_slot("account_topic"))
        if topic != _LOGIN:
            response, values, needs_person = f"utter_account_{topic}", {}, True
        else:
            response, values, needs_person = await self._login(customer_phone(tracker))
        dispatcher.utter_message(response=response, **values)
        return [SlotSet("needs_person", needs_person)]

    async def _login(self, phone: str | None) -> tuple[str, dict[str, str], bool]:
        """The response for whoever cannot log in, the values for its text, and whether a person is needed."""
        try:
            account = await asyncio.to_thread((self._shop or wired_shop()).account, phone) if phone else None
        except ShopUnavailable as error:
            logger.warning("%s", error)
            return "utter_account_unavailable", {}, True
        if account is None:
            return "utter_account_not_found", {}, True
        return _login_help(account)


def _login_help(account: Account) -> tuple[str, dict[str, str], bool]:
    if account.state == "locked":
        return "utter_account_locked", {"email": masked(account.email)}, True
    return "utter_account_reset", {"email": masked(account.email), "reset_url": account.reset_url}, False


def masked(email: str) -> str:
    """``jo***@example.com``: enough for its owner, too little for whoever found the phone."""
    name, _, host = email.partition("@")
    return f"{name[:2]}***@{host}"
