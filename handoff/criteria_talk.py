"""What a conversation shows to the criteria: the customer's messages since the bot has (again) the floor, with what
became of each. Read from Rasa's events by their type names, so that it needs no Rasa itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

HANDOFF_ACTION = "action_handoff"
FALLBACK = "nlu_fallback"
_STARTS_ANEW = ("pause", "resume", "restart", "session_started")


@dataclass
class Message:
    """One message of the customer. ``typed``: words of their own, not a button or what the bot cannot read."""

    text: str = ""
    intent: str | None = None
    confidence: float = 0.0
    kind: str = "text"
    typed: bool = True
    customer: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0
    waited_for: str | None = None  # the slot that a form had asked for
    slots: dict[str, Any] = field(default_factory=dict)  # those that were set after it
    said: list[str] = field(default_factory=list)  # the bot's responses to it, by name
    rejected: list[str] = field(default_factory=list)  # actions that declined to run, other than forms

    @property
    def answered_form(self) -> bool:
        """A form took it (so far) as the answer to its question."""
        return self.waited_for is not None and self.slots.get(self.waited_for) is not None


@dataclass(frozen=True)
class Asked:
    """The question that a form waits with, and how often in a row it was asked."""

    form: str
    slot: str
    times: int


@dataclass
class Talk:
    """Counts start anew after each handoff: ``messages`` are those since then, oldest first, the last the current one.

    ``returned`` when nothing but the current message came since a customer chose to stay with the bot.
    ``spent`` is the value of the slot `handoff_spent`: which lasting facts each criterion has fired for already.
    """

    messages: list[Message]
    slots: Mapping[str, Any]
    asked: Asked | None = None
    before: dict[str, Any] = field(default_factory=dict)  # slots set between the previous message and the current one
    returned: bool = False
    spent: Mapping[str, Any] = field(default_factory=dict)

    @property
    def current(self) -> Message:
        return self.messages[-1]

    def last(self, turns: int) -> list[Message]:
        return self.messages[-turns:]


def talk_of(events: Iterable[Any], slots: Mapping[str, Any]) -> Talk:
    """The talk that a tracker's events tell. It must end with a message of the customer.

    Args:
        events: Rasa's event objects, oldest first.
        slots: the slots' values now.
    """
    reading = _Reading()
    for event in events:
        reading.take(event)
    asked = Asked(*reading.question, reading.times) if reading.question else None
    stayed = reading.resumed and slots.get("handoff_outcome") == "cancelled"
    return Talk(
        reading.messages or [Message()],
        slots,
        asked,
        reading.before,
        returned=stayed and len(reading.messages) <= 1,
        spent=slots.get("handoff_spent") or {},
    )


class _Reading:
    """One pass over the events."""

    def __init__(self) -> None:
        self.form: str | None = None
        self.wanted: str | None = None
        self.interrupted = False
        self.ran: set[str] = set()  # actions since the bot last listened; a form's name comes before it is active
        self._start_anew()
        self._takers = {
            "user": self._user, "slot": self._slot, "action": self._action, "active_loop": self._loop, "bot": self._bot,
            "action_execution_rejected": self._rejected, "loop_interrupted": self._interruption,
        }  # fmt: skip

    def take(self, event: Any) -> None:
        kind = event.type_name
        taker = self._takers.get(kind)
        if taker:
            taker(event)
        elif kind in _STARTS_ANEW:
            self._start_anew()
            self.resumed = kind == "resume"

    def _start_anew(self) -> None:
        self.messages: list[Message] = []
        self.before: dict[str, Any] = {}
        self.question: tuple[str, str] | None = None
        self.times = 0
        self.resumed = False

    def _user(self, event: Any) -> None:
        if self.messages:
            self.before = self.messages[-1].slots
        meta, intent = event.metadata or {}, event.intent or {}
        kind, text, customer = str(meta.get("kind") or "text"), event.text or "", meta.get("customer")
        kind = "noted" if meta.get("noted") else kind  # a file that its form takes, which is no reason for a person
        self.messages.append(
            Message(
                text=text,
                intent=intent.get("name"),
                confidence=float(intent.get("confidence") or 0.0),
                kind=kind,
                typed=kind == "text" and not text.startswith("/"),
                customer=customer if isinstance(customer, dict) else {},
                at=event.timestamp or 0.0,
                waited_for=self.wanted if self.form else None,
            )
        )

    def _slot(self, event: Any) -> None:
        if event.key == "requested_slot":
            self.wanted = event.value
        elif self.messages:
            self.messages[-1].slots[event.key] = event.value

    def _action(self, event: Any) -> None:
        self.ran.add(event.action_name or "")
        if event.action_name == HANDOFF_ACTION:
            self._start_anew()
        elif event.action_name == "action_listen":
            self._count_question()
        elif self.messages and (event.action_name or "").startswith("utter_"):
            self.messages[-1].said.append(event.action_name)

    def _count_question(self) -> None:
        question = (self.form, self.wanted) if self.form and self.wanted else None
        if question is None:
            self.question, self.times = None, 0
        elif self.form in self.ran and question != self.question:
            self.question, self.times = question, 1
        elif self.form in self.ran and not self._was_interruption():
            self.times += 1
        self.interrupted = False
        self.ran.clear()

    def _was_interruption(self) -> bool:
        """The customer asked something else, which was answered: the form's question was not answered badly."""
        return self.interrupted and not (self.messages and self.messages[-1].intent == FALLBACK)

    def _loop(self, event: Any) -> None:
        self.form = event.name
        if not event.name:
            self.wanted = None

    def _bot(self, event: Any) -> None:
        name = (event.metadata or {}).get("utter_action")
        if self.messages and name and name not in self.messages[-1].said:
            self.messages[-1].said.append(name)

    def _rejected(self, event: Any) -> None:
        if event.action_name == self.form:
            self.interrupted = True
        elif self.messages:
            self.messages[-1].rejected.append(event.action_name)

    def _interruption(self, event: Any) -> None:
        self.interrupted = self.interrupted or bool(event.is_interrupted)
