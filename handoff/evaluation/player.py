"""Plays labelled dialogues against the trained model and a real action server, and notes where the bot hands over.

Messages go through `handoff.bot.Bot`, the very code of a turn in the Rasa server, so that a typed slash, a pressed
button and a voice note reach the model as they would in life. Only the database is replaced: conversations are kept in
memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.shared.core.trackers import DialogueStateTracker

from handoff import inbox
from handoff.bot import ActionEndpoint, Bot
from handoff.evaluation.dialogues import Dialogue, Said
from handoff.evaluation.scores import HUMAN
from handoff.inbox import Item
from handoff.turn import Turn, in_turn

OFFER = "utter_offer_person"


@dataclass(frozen=True)
class Played:
    """What happened in one dialogue. ``handed_over_at`` is the turn, from 1, or None; ``answers`` what the bot said to
    each turn that it was given, ``readings`` the intent it read with the confidence, ``why`` the reason it gave."""

    dialogue: Dialogue
    handed_over_at: int | None
    answers: tuple[str, ...]
    readings: tuple[str, ...]
    why: str
    offered: tuple[bool, ...] = ()

    @property
    def was_offered(self) -> bool:
        """Whether the answer to the golden turn offered a person instead of giving the floor to one."""
        golden = self.dialogue.handoff_at
        return golden is not None and golden <= len(self.offered) and self.offered[golden - 1]

    @property
    def pair(self) -> tuple[int | None, int | None]:
        return self.dialogue.handoff_at, self.handed_over_at


async def play_all(
    agent: Agent, actions_url: str, dialogues: Sequence[Dialogue], progress: Callable[[int, int], None] | None = None
) -> list[Played]:
    """Play every dialogue, each as a conversation of its own, in order: they share the shop's orders.

    Raises:
        TurnFailed: the action server is away, or an action failed.
    """
    agent.action_endpoint = agent.processor.action_endpoint = ActionEndpoint(f"{actions_url}/webhook")
    played = []
    for number, dialogue in enumerate(dialogues, start=1):
        played.append(await _play(agent, dialogue, number))
        if progress:
            progress(number, len(dialogues))
    return played


async def _play(agent: Agent, dialogue: Dialogue, number: int) -> Played:
    bot = _PlayedBot(agent)
    conversation_id = f"dialogue-{number}"
    answers: list[str] = []
    readings: list[str] = []
    offered: list[bool] = []
    handed_over_at = None
    why = ""
    for turn, said in enumerate(dialogue.turns, start=1):
        tracker = await bot.hear(_item(dialogue, conversation_id, turn, bot.as_message(said)))
        answers.append(bot.last_words())
        readings.append(_reading(tracker))
        offered.append(bot.offers_person())
        if tracker.is_paused():
            handed_over_at, why = turn, _why(tracker)
            break
    return Played(dialogue, handed_over_at, tuple(answers), tuple(readings), why, tuple(offered))


class _PlayedBot(Bot):
    """The bridge's bot, with the outbox in memory: the latest messages with their buttons."""

    def __init__(self, agent: Agent) -> None:
        self._said = CollectingOutputChannel()
        no_database: Any = None  # it only asks the outbox what was offered
        super().__init__(agent, no_database, lambda: self._said)

    async def hear(self, item: Item) -> DialogueStateTracker:
        offered = self._said.messages
        self._said = CollectingOutputChannel()
        self._offered = {button["payload"] for message in offered for button in message.get("buttons") or []}
        with in_turn(Turn(item)) as turn:
            await self.answer(turn)
        return await self.agent.tracker_store.retrieve(item.conversation_id)

    async def _was_offered(self, item: Item, payload: str) -> bool:
        return payload in self._offered

    def as_message(self, said: Said) -> dict[str, Any]:
        """The inbox's message for a turn; a button that was not offered is typed."""
        buttons = [button for message in self._said.messages for button in message.get("buttons") or []]
        payload = next((button["payload"] for button in buttons if button["title"] == said.press), None)
        return {"kind": said.kind, "text": said.text or said.press, "payload": payload, "details": {}}

    def offers_person(self) -> bool:
        """Whether the latest answer offers a person: by their own button, or by the question that a yes answers."""
        question = str(self.processor.domain.responses[OFFER][0]["text"])
        return any(
            question in (message.get("text") or "")
            or any(button["payload"] == f"/{HUMAN}" for button in message.get("buttons") or [])
            for message in self._said.messages
        )

    def last_words(self) -> str:
        return "\n".join(str(message["text"]) for message in self._said.messages if message.get("text"))


def _item(dialogue: Dialogue, conversation_id: str, turn: int, message: dict[str, Any]) -> Item:
    conversation: Any = {
        "id": conversation_id,
        "number": "evaluation",
        "user_id": None,
        "wa_id": dialogue.customer,
        "reply_wa_id": dialogue.customer,
        "name": None,
        "username": None,
    }
    message_id = f"{conversation_id}-{turn}"
    return Item(turn, inbox.CUSTOMER, message_id, message, 0, message_id, conversation)


def _reading(tracker: DialogueStateTracker) -> str:
    intent = tracker.latest_message.intent if tracker.latest_message else {}
    if not intent or not intent.get("name"):
        return "not read"
    return f"{intent['name']} {intent.get('confidence') or 0:.2f}"


def _why(tracker: DialogueStateTracker) -> str:
    slots = (tracker.slots.get(name) for name in ("handoff_reason", "handoff_reason_detail"))
    return ": ".join(str(slot.value) for slot in slots if slot is not None and slot.value)
