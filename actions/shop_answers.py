"""What the last actions of the forms about one order have in common: they say one thing, and whether a person is needed
after all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Callable, Mapping

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.order_action import OrderAction
from actions.shop import Order, Shop

NEEDS_PERSON = "needs_person"


@dataclass(frozen=True)
class Answer:
    """What to say: a response of the domain, the values for its text, what to send with it, and slots to set.

    ``needs_person``: the bot could not do all that was wanted, so the rules offer a person next.
    """

    response: str
    values: Mapping[str, str] = field(default_factory=dict)
    needs_person: bool = False
    attachment: Mapping[str, Any] | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)

    def say(self, dispatcher: CollectingDispatcher) -> list[EventType]:
        """Say it; returns the slots to set."""
        more = {"attachment": dict(self.attachment)} if self.attachment else {}
        dispatcher.utter_message(response=self.response, **more, **self.values)
        return [*(SlotSet(*slot) for slot in self.slots.items()), SlotSet(NEEDS_PERSON, self.needs_person)]


class AnswerAction(OrderAction, ABC):
    """An `OrderAction` that gives an `Answer`."""

    def __init__(self, shop: Shop | None = None, today: Callable[[], date] = date.today) -> None:
        super().__init__(shop)
        self.today = today

    @abstractmethod
    async def answer(self, order: Order, tracker: Tracker) -> Answer:
        """What to say about the order. May raise what the shop raises."""

    async def act(self, order: Order, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        return (await self.answer(order, tracker)).say(dispatcher)

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        events = await super().run(dispatcher, tracker, domain)
        if any(event["event"] == "slot" and event["name"] == NEEDS_PERSON for event in events):
            return events
        return [*events, SlotSet(NEEDS_PERSON, False)]  # the shop was silent or refused: said with the way on
