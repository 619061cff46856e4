"""How the bridge lets Rasa answer: one inbox item in, one saved tracker out, and nothing swallowed on the way."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Mapping

import aiohttp
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import Event, FollowupAction, ReminderScheduled, SlotSet, UserUttered
from rasa.shared.core.slots import BooleanSlot, Slot
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from handoff import inbox, outbox, usable
from handoff.database import Database
from handoff.heard import metadata_of
from handoff.inbox import Item
from handoff.saving import Assistant
from handoff.tracker_store import BatonTrackerStore
from handoff.turn import Turn, TurnFailed
from handoff.waiting import CHOICES, LEAVE_MESSAGE
from handoff.waiting_room import RESPONSES
from handoff.wishes import OPTED_OUT

ACTION_HANDOFF = "action_handoff"
ACTION_RETURN = "action_handoff_return"
ACTION_UNREADABLE = "action_unreadable_message"
CHANNEL = "whatsapp"
WITH_BOT_ALREADY = "with_bot"  # as the outcome: there was nobody to come back from
_INVISIBLE = "\u200b"  # zero-width space: for Python, and so for Rasa, not white space


class ModelUnfit(Exception):
    """The loaded model lacks something that the bridge relies on; the message says what to add to the domain."""


class ActionEndpoint(EndpointConfig):
    """The action server, whose absence or failure fails the turn. Rasa would log it and go on with the next action."""

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().request(*args, **kwargs)
        except ClientResponseError as error:
            if error.status == 400:  # an action that declines to run: part of the dialogue
                raise
            raise TurnFailed(f"The action server answered {error.status}.") from error
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise TurnFailed("The action server does not answer.") from error


async def refuse_reminders(events: list[Event], *_: Any) -> None:
    """In the place of Rasa's own: its reminders live in memory and run outside of turns, so that a restart loses them
    and nobody asks who has the floor. The action that wants one fails, and says why.

    Raises:
        TurnFailed: there is a reminder among the events.
    """
    for event in events:
        if isinstance(event, ReminderScheduled):
            raise TurnFailed(f"The action asked for a reminder ('{event.intent}'), which Baton does not run.")


class Bot:
    """The loaded Rasa agent, as the bridge uses it. Its coroutines run on the worker's event loop only."""

    def __init__(self, agent: Agent, database: Database, output: Callable[[], OutputChannel]) -> None:
        self.agent = agent
        self.database = database
        self.output = output

    @property
    def processor(self) -> MessageProcessor:
        return self.agent.processor

    async def answer(self, turn: Turn) -> None:
        """Handle one item while the bot has the floor. The tracker store saves the turn at the end.

        Raises:
            TurnFailed: an action failed.
        """
        item = turn.item
        if item.kind == inbox.RETURNED:
            await self._run(await self._tracker(item), [FollowupAction(ACTION_RETURN)])
        elif item.message.get("content") or item.message.get("media") or item.message["text"] is None:
            await self._answer_more_than_text(item)
        elif item.message["payload"] in CHOICES and await self._was_offered(item, item.message["payload"]):
            await self._answer_old_choice(item)
        else:
            # not through the agent's lock: the conversation's lease is held, and Rasa's lock polls once a second
            await self.processor.handle_message(await self._user_message(item, item.message["text"]))

    async def _user_message(self, item: Item, text: str, **more: Any) -> UserMessage:
        payload = item.message["payload"]
        parse_data = None
        if payload and await self._was_offered(item, payload):
            text = payload
        elif text.strip().startswith("/"):
            parse_data = await self._parsed_as_text(text.strip())
        return UserMessage(
            text,
            self.output(),
            item.conversation_id,
            parse_data=parse_data,
            input_channel=CHANNEL,
            message_id=item.message_id,
            metadata={**metadata_of(item), **more},
        )

    async def _was_offered(self, item: Item, payload: str) -> bool:
        return await self.database.read(
            lambda connection: outbox.was_offered(connection, item.conversation_id, payload)
        )

    async def _parsed_as_text(self, text: str) -> dict[str, Any]:
        """Understand a text that starts with a slash as a text. Rasa would take it for an intent, and obey: it strips
        white space before it looks, so what stands in front has to be invisible and no white space."""
        probe = UserMessage(text)
        probe.text = f"{_INVISIBLE}{text}"
        parsed: dict[str, Any] = await self.processor.parse_message(probe)
        for entity in parsed["entities"]:
            entity["start"] -= len(_INVISIBLE)
            entity["end"] -= len(_INVISIBLE)
        return {**parsed, "text": text}

    async def _answer_more_than_text(self, item: Item) -> None:
        """Slots are filled with what the bot can use; words in it are heard; a file that the form asks for is noted."""
        tracker = await self.processor.fetch_tracker_and_update_session(item.conversation_id, self.output())
        noted = bool(item.message.get("media")) and self._takes_files(tracker)
        slots = usable.slots_in(item.message, tracker.current_slot_values(), noted)
        filled = [SlotSet(name, value) for name, value in slots.items()]
        text = usable.words_for(item.message, tracker.get_slot(REQUESTED_SLOT) if tracker.active_loop else None)
        more = {"noted": True} if noted else {}
        if text is not None:
            if filled:
                tracker.update_with_events(filled, self.processor.domain)
            return await self._hear(tracker, await self._user_message(item, text, **more))
        await self._answer_unreadable(item, tracker, filled, more)

    async def _hear(self, tracker: DialogueStateTracker, message: UserMessage) -> None:
        """What `MessageProcessor.handle_message` does, with a tracker that holds something new already."""
        await self.processor._handle_message_with_tracker(message, tracker)
        tracker = await self.processor.run_action_extract_slots(message.output_channel, tracker)
        await self._run(tracker, [])

    async def _answer_unreadable(
        self, item: Item, tracker: DialogueStateTracker, filled: list[Event], more: dict[str, Any]
    ) -> None:
        kind = usable.unreadable_kind(item.message, noted=bool(more))
        heard = self._uttered(item, f"[{item.message['kind']}]", more)
        tracker.update_with_events([heard, *filled, SlotSet("unreadable_kind", kind)], self.processor.domain)
        await self._run(tracker, [] if self.needs_person(tracker) else [FollowupAction(ACTION_UNREADABLE)])

    def _takes_files(self, tracker: DialogueStateTracker) -> bool:
        """Whether the active form is one of those that the slot for files lists in its mapping."""
        slot = next((slot for slot in self.processor.domain.slots if slot.name == usable.FILES), None)
        forms = [form for mapping in (slot.mappings if slot else []) for form in mapping.get("value") or []]
        return tracker.active_loop_name is not None and tracker.active_loop_name in forms

    def needs_person(self, tracker: DialogueStateTracker) -> bool:
        """Whether a criterion of handoff.yml fires at a message that no model has read, such as a type of message."""
        prediction = self.processor._predict_next_with_tracker(tracker)
        action = self.processor.domain.action_names_or_texts[prediction.max_confidence_index]
        return str(prediction.policy_name).endswith("HandoffPolicy") and action == ACTION_HANDOFF

    async def _answer_old_choice(self, item: Item) -> None:
        """A button of an earlier wait. Who wants the bot has it; who wants to leave a message needs a person again."""
        if item.message["payload"] == LEAVE_MESSAGE:
            following: list[Event] = [FollowupAction(ACTION_HANDOFF)]
        else:
            following = [SlotSet("handoff_outcome", WITH_BOT_ALREADY), FollowupAction(ACTION_RETURN)]
        await self._run(await self._heard(item, item.message["text"], following), [])

    async def _heard(self, item: Item, text: str, events: list[Event]) -> DialogueStateTracker:
        """The tracker after a message that no model has to read, and these events."""
        tracker = await self.processor.fetch_tracker_and_update_session(item.conversation_id, self.output())
        tracker.update_with_events([self._uttered(item, text, {}), *events], self.processor.domain)
        return tracker

    def _uttered(self, item: Item, text: str, more: dict[str, Any]) -> UserUttered:
        meta = {**metadata_of(item), **more}
        return UserUttered(text, input_channel=CHANNEL, message_id=item.message_id, metadata=meta)

    async def _tracker(self, item: Item) -> DialogueStateTracker:
        return await self.processor.get_tracker(item.conversation_id)

    async def _run(self, tracker: DialogueStateTracker, events: list[Event]) -> None:
        """Let the bot act on events that are not a message it could read."""
        tracker.update_with_events(events, self.processor.domain)
        await self.processor._run_prediction_loop(self.output(), tracker)
        await self.processor.save_tracker(tracker)


def take_over(agent: Agent) -> BatonTrackerStore:
    """Make a loaded agent fit for the bridge: failures of its store and of its actions are no longer swallowed.

    Raises:
        ModelUnfit: the agent has another tracker store, or the model lacks actions or responses.
    """
    store = getattr(agent.tracker_store, "_tracker_store", agent.tracker_store)
    if not isinstance(store, BatonTrackerStore):
        raise ModelUnfit(
            f"endpoints.yml must name handoff.tracker_store.BatonTrackerStore as tracker_store; Rasa loaded "
            f"{type(store).__name__}. If it is named, importing it failed: see the warning above."
        )
    if agent.processor is None:
        raise ModelUnfit("No model is loaded. Run `make train`.")
    domain = agent.processor.domain
    missing = [
        name for name in (ACTION_HANDOFF, ACTION_RETURN, ACTION_UNREADABLE) if name not in domain.action_names_or_texts
    ]
    missing += [name for name in RESPONSES if name not in domain.responses]
    if missing:
        raise ModelUnfit(f"The domain lacks what the bridge runs or says itself: {', '.join(missing)}.")
    # Rasa wraps the store in one that answers a failing read with "no such conversation" and a failing save with a
    # store in memory. A turn has to fail instead, and to be tried again.
    agent.tracker_store = agent.processor.tracker_store = store
    agent.processor._schedule_reminders = refuse_reminders
    if agent.action_endpoint is not None:
        endpoint = agent.action_endpoint
        strict = ActionEndpoint(
            endpoint.url, endpoint.params, endpoint.headers, endpoint.basic_auth, endpoint.token, endpoint.token_name,
            endpoint.cafile, **endpoint.kwargs,
        )  # fmt: skip
        agent.action_endpoint = agent.processor.action_endpoint = strict
    return store


def assistant_of(agent: Agent) -> Assistant:
    """What saving needs of the model."""
    domain = agent.processor.domain
    forms = {name: list(domain.required_slots_for_form(name)) for name in domain.form_names}

    def response(name: str) -> Mapping[str, Any]:
        first: Mapping[str, Any] = domain.responses[name][0]
        return first

    return Assistant(
        forms,
        response,
        bookkeeping=frozenset(slot.name for slot in domain.slots if _is_bookkeeping(slot)),
        knows_opt_out=any(slot.name == OPTED_OUT for slot in domain.slots),
    )


def _is_bookkeeping(slot: Slot) -> bool:
    """A slot that only actions set, and that steers the conversation by a yes or no at most, tells people nothing."""
    only_actions = all(mapping.get("type") == "custom" for mapping in slot.mappings)
    return only_actions and (not slot.influence_conversation or isinstance(slot, BooleanSlot))


def longest_history(agent: Agent) -> int:
    """How many turns the model's policies look back at most."""
    nodes = agent.processor.model_metadata.predict_schema.nodes.values()
    return max((node.config.get("max_history") or 0 for node in nodes), default=0)
