"""The base of every form about one order.

A form `validate_<name>_form` asks for the order's number, for its postcode when the customer writes from a number that
is not the order's, and then for its own slots. It may say: not this order (its action explains why), I give up
(``form_gave_up``: its second rule hands over), or all is known. What it can rely on: own slots are validated only
for an order that the customer may be told about, and never hold what an earlier attempt has left.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import ActionExecutionRejected, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import turn_events
from actions.choices import typed
from actions.identity import (
    MISSES_BEFORE_GIVING_UP,
    customer_phone,
    is_only_a_number,
    may_know,
    order_number_in,
    postcode_in,
    suitable,
    taken_alone,
    with_item,
    yes_or_no_in,
)
from actions.shop import Order, Shop, ShopUnavailable
from actions.wiring import ask_shop
from actions.wiring import shop as wired_shop

logger = logging.getLogger(__name__)

# What can be an answer to a form's question. Every other intent belongs to a rule: it interrupts the form or leaves it.
ANSWERS = frozenset({"inform", "affirm", "deny", "nlu_fallback"})
OTHER_ORDER = "other_order"  # entity: "another order"


def means_another(tracker: Tracker) -> bool:
    """Whether the latest message asks for another order than the one under discussion."""
    return any(each.get("entity") == OTHER_ORDER for each in tracker.latest_message.get("entities") or [])


class OrderForm(FormValidationAction):
    """Subclasses name their form and its slots, and add a ``validate_<slot>`` for each, as in rasa-sdk."""

    intents: frozenset[str] = frozenset()  # that open the form; inside it they are no change of subject
    own_slots: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ("postcode",)  # slots that may hold the order's postcode
    confirmations: tuple[str, ...] = ()  # own slots that hold for one order only, said before its number changed or not

    def __init__(self, shop: Shop | None = None) -> None:
        self._shop = shop
        self.order: Order | None = None  # this run's order, identified

    @abstractmethod
    def name(self) -> str:
        """``validate_<form>``"""

    def told_by_the_way(self, tracker: Tracker) -> dict[str, Any]:
        """Own slots that the words of the request fill already: ``take the seeds out``."""
        return {}

    async def needed(self, order: Order, tracker: Tracker) -> list[str]:
        """The own slots that this order needs, in the order of asking; none ends the form."""
        return list(self.own_slots)

    @property
    def shop(self) -> Shop:
        return self._shop or wired_shop()

    def missed(
        self, tracker: Tracker, dispatcher: CollectingDispatcher, response: str, **values: str
    ) -> dict[str, Any]:
        """An answer that cannot be used: says why, and counts. The third in a row ends the form without a word."""
        misses = int(tracker.get_slot("order_misses") or 0) + 1
        if misses >= MISSES_BEFORE_GIVING_UP:
            return {"order_misses": misses, "form_gave_up": True}
        dispatcher.utter_message(response=response, **values)
        return {"order_misses": misses}

    def yes_or_no(self, slot: str, tracker: Tracker, dispatcher: CollectingDispatcher) -> dict[str, Any]:
        """What is left of a confirmation: a yes, a no, or words that begin with one; other words are a miss."""
        value = tracker.get_slot(slot)
        if not isinstance(value, bool):
            value = yes_or_no_in(str(value))
        if value is None:
            return {slot: None, **self.missed(tracker, dispatcher, "utter_confirmation_unreadable")}
        return {slot: value}

    def takes(self, slot: str, text: str, intent: str | None) -> bool:
        """Whether the text answers the question for ``slot``, whatever it was understood as: names of streets and
        towns look like anything."""
        return False

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        # a run of its own: rasa-sdk shares one instance among all conversations
        return await type(self)(self._shop)._run(dispatcher, tracker, domain)

    async def _run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        before = dict(tracker.slots)
        starts = turn_events.starts_now(tracker, self.form_name())
        answering = not starts and turn_events.comes_first(tracker, self.form_name())
        told = self._told(tracker) if starts or answering else set()
        if answering and not self._is_answer(tracker, told):
            return [ActionExecutionRejected(self.form_name())]
        try:
            if starts:
                self._start(tracker, told)
            elif not answering:
                self._forget_by_the_way(tracker)
            await self._identify(dispatcher, tracker, told, starts)
            if self.order is not None:
                await self._validate_own(dispatcher, tracker, domain, told, starts)
            following = await self._next(tracker)
        except ShopUnavailable as error:
            logger.warning("%s", error)
            following = None  # the form's action says what is the matter
        changed = {name for name, value in tracker.slots.items() if before.get(name) != value}
        if answering and not told and not changed and following is not None:
            if not self._is_asked_for_again(tracker):
                return [ActionExecutionRejected(self.form_name())]  # nothing in it was an answer
            changed.add("form_gave_up")  # something has to be set, or Rasa takes it for declined
        kept = [SlotSet(name, tracker.slots.get(name)) for name in sorted(told | changed) if name != "requested_slot"]
        return [*kept, SlotSet("requested_slot", following)]

    def _is_asked_for_again(self, tracker: Tracker) -> bool:
        """Whether the message asks for what this form does; no rule can open a form that is open."""
        return (tracker.latest_message.get("intent") or {}).get("name") in self.intents

    def _is_answer(self, tracker: Tracker, told: set[str]) -> bool:
        """Whether the form goes on with this message; else it is for a rule. Adds to ``told`` what only `takes` saw."""
        intent = (tracker.latest_message.get("intent") or {}).get("name")
        text, asked = str(tracker.latest_message.get("text") or ""), str(tracker.get_slot("requested_slot"))
        if asked in self.own_slots and not text.startswith("/") and self.takes(asked, text, intent):
            tracker.slots[asked] = text
            if "order_number" in told:  # 1042 High Street
                tracker.slots["order_number"] = turn_events.value_before(tracker, "order_number")
            told.add(asked)
            told.discard("order_number")
            return True
        if asked in told & set(self.own_slots) and tracker.get_slot(asked) == text and is_only_a_number(text):
            tracker.slots[asked] = None
            told.discard(asked)  # "1043" for an answer means another order, whatever was asked
        return intent is None or intent in ANSWERS | self.intents

    def _told(self, tracker: Tracker) -> set[str]:
        return turn_events.told_now(tracker, self.form_name()) & {"order_number", "postcode", *self.own_slots}

    def _start(self, tracker: Tracker, told: set[str]) -> None:
        """Forget what an earlier attempt has left; the order under discussion stays, unless another is meant."""
        tracker.slots.update({slot: None for slot in self.own_slots if slot not in told})
        tracker.slots.update(self.told_by_the_way(tracker))
        tracker.slots.update(form_gave_up=False, order_misses=0)
        if means_another(tracker) and "order_number" not in told:
            tracker.slots["order_number"] = None

    def _forget_by_the_way(self, tracker: Tracker) -> None:
        """A number in a question that interrupted the form (``delivery for 2000 pieces?``) is not an answer to it."""
        for slot in ("order_number", "postcode"):
            number = turn_events.value_of_interruption(tracker, self.form_name(), slot)
            if number is not None and tracker.get_slot(slot) == number:
                tracker.slots[slot] = turn_events.value_before(tracker, slot)

    async def _identify(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: set[str], starts: bool) -> None:
        """Set `order`, and the slots order_number and postcode; None for what has to be asked (again)."""
        tracker.slots["order_total"] = None  # until it is known whose order it is
        said = await self._order_meant(tracker, told, starts)
        number = order_number_in(str(said or ""))
        tracker.slots["order_number"] = number
        if number is None:
            if "order_number" in told and postcode_in(str(said)) is None:
                tracker.slots.update(self.missed(tracker, dispatcher, "utter_order_number_unreadable"))
            return
        before = turn_events.value_before(tracker, "order_number")
        if before is not None and number != before and not starts:
            self._start_over_with_another_order(tracker, told)
        order = await ask_shop(self.shop.order, number)
        if order is not None and may_know(order, tracker, self.proofs):
            self.order = order
            tracker.slots["order_total"] = order.total / 100  # in pounds, for criteria of handoff.yml
            tracker.slots["postcode"] = postcode_in(order.postcode) or order.postcode
            if told & {"order_number", "postcode"}:
                tracker.slots["order_misses"] = 0
        else:
            self._ask_for_proof(dispatcher, tracker, told)

    async def _order_meant(self, tracker: Tracker, told: set[str], starts: bool) -> Any:
        """What the slot order_number should be. A request or an answer without a number may name an item; else it is
        about the order under discussion, or the only one that fits. None when that leaves a choice."""
        said, phone = tracker.get_slot("order_number"), customer_phone(tracker)
        is_words = "order_number" in told and order_number_in(str(said)) is None  # "the teapot", for an answer
        known = None if is_words else said
        if phone is None or ("order_number" in told and not is_words) or (known and not (starts and typed(tracker))):
            return said
        orders = await ask_shop(self.shop.orders_of, phone)
        named = with_item(orders, typed(tracker))
        if named and known not in [order.number for order in named]:
            fitting = suitable(named, self.form_name()) or named
            return fitting[0].number if len(fitting) == 1 else None
        if starts and known is None and not means_another(tracker):
            alone = taken_alone(orders, self.form_name())
            return alone.number if alone else said
        return said

    def _start_over_with_another_order(self, tracker: Tracker, told: set[str]) -> None:
        dropped = [slot for slot in self.own_slots if slot not in told or slot in self.confirmations]
        tracker.slots.update({slot: None for slot in dropped})

    def _ask_for_proof(self, dispatcher: CollectingDispatcher, tracker: Tracker, told: set[str]) -> None:
        """The postcode is missing, no postcode, or that of another order; a wrong number looks the same."""
        said = str(tracker.get_slot("postcode") or "")
        postcode = postcode_in(said)
        tracker.slots["postcode"] = None
        if "postcode" not in told:
            return
        if postcode is None:
            if "order_number" not in told:  # a number for an answer is a correction
                tracker.slots.update(self.missed(tracker, dispatcher, "utter_postcode_unreadable"))
            return
        number = str(tracker.get_slot("order_number"))
        slots = self.missed(tracker, dispatcher, "utter_order_not_found", order_number=number, postcode=postcode)
        tracker.slots.update(slots, order_number=None)

    async def _validate_own(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
        told: set[str],
        starts: bool,
    ) -> None:
        """Validate what this message told, and what waited for the order to be known."""
        now_known = starts or bool(told & {"order_number", "postcode"})
        before = dict(tracker.slots)
        for slot in self.own_slots:
            value = tracker.get_slot(slot)
            validate = getattr(self, f"validate_{slot}", None)
            is_new = slot in told or now_known or value != before.get(slot)  # or read from another slot's words
            if value is not None and validate is not None and is_new:
                tracker.slots.update(await validate(value, dispatcher, tracker, domain))
                if tracker.get_slot(slot) is not None:
                    tracker.slots["order_misses"] = 0

    async def _next(self, tracker: Tracker) -> str | None:
        """The slot to ask for; None ends the form."""
        if tracker.get_slot("form_gave_up"):
            return None
        if tracker.get_slot("order_number") is None:
            return "order_number"
        if self.order is None:
            return "postcode"
        needed = await self.needed(self.order, tracker)
        return next((slot for slot in needed if tracker.get_slot(slot) is None), None)
