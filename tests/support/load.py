"""Traffic for fault tests: customers who write numbered texts, an agent who answers those who asked for a person."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping

import httpx

from tests.support.phone import Phone
from tests.support.stack import Stack

ORDERS = range(1041, 1061)
QUESTIONS = (
    "how long does delivery take {code}",
    "where is order {order} {code}",
    "track order {order} {code}",
    "delivery times please {code}",
    "thanks {code}",
    "where do i find my order number {code}",
)
ASK_FOR_A_PERSON = "i want to talk to a person please {code}"
WORDS_TO_A_PERSON = "let me tell you more {code}"
MESSAGES_PER_HANDOFF = 4
PATIENCE = 15  # seconds for one call of the desk's API; a desk that was killed is asked again


@dataclass
class Writer:
    """One customer, and what they have written, in order: WhatsApp's message ids."""

    phone: Phone
    wants_person: bool
    written: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Said:
    """A text that the desk took from the agent."""

    conversation_id: str
    command_id: str
    text: str


class Traffic:
    """Customers and one agent, each in a thread of their own. The same seed makes the same texts in the same order.

    One in ``per_person`` customers asks for a person with their first message, and again some time after the bot is
    back. The agent answers each message once, as a person would who does not trust the button: until the desk has
    answered, the same message is sent again.
    """

    def __init__(self, stack: Stack, seed: int, customers: int = 50, rate: float = 10.0, per_person: int = 3) -> None:
        self.stack = stack
        self.seed = seed
        self.rate = rate
        self.dice = random.Random(seed)
        self.writers = [Writer(stack.phone(f"Load {n}"), n % per_person == 0) for n in range(customers)]
        self.by_user = {writer.phone.customer["user_id"]: writer for writer in self.writers}
        self.texts: dict[str, str] = {}
        self.agent = LoadAgent(stack, self)
        self.first_sent = max((message["seq"] for message in stack.sent()), default=0)
        self._stop = threading.Event()
        self._failure: BaseException | None = None

    @contextlib.contextmanager
    def running(self, most: int | None = None) -> Iterator[Traffic]:
        """Customers write while this is open, at most ``most`` messages; the agent goes on until `close`."""
        print(f"traffic: seed {self.seed}, {len(self.writers)} customers, {self.rate:g} messages/s")
        self.agent.start()
        sender = threading.Thread(target=self._send, args=(most,), name="customers")
        sender.start()
        try:
            yield self
            if most is not None:
                sender.join()
        finally:
            self._stop.set()
            sender.join()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        self.agent.stop()

    def _send(self, most: int | None) -> None:
        started, count = time.monotonic(), 0
        try:
            while not self._stop.is_set() and (most is None or count < most):
                self._write(self.dice.choice(self.writers), count)
                count += 1
                self._stop.wait(max(0.0, started + count / self.rate - time.monotonic()))
        except BaseException as failure:
            self._failure = failure

    def _write(self, writer: Writer, number: int) -> None:
        text = self._next_text(writer).format(code=f"n{number}", order=self.dice.choice(ORDERS))
        message_id = writer.phone.send(text)
        writer.written.append(message_id)
        self.texts[message_id] = text

    def _next_text(self, writer: Writer) -> str:
        if not writer.wants_person:
            return self.dice.choice(QUESTIONS)
        place = len(writer.written) % (2 * MESSAGES_PER_HANDOFF)
        if place == 0:
            return ASK_FOR_A_PERSON
        return WORDS_TO_A_PERSON if place < MESSAGES_PER_HANDOFF else self.dice.choice(QUESTIONS)


class LoadAgent:
    """Takes every conversation of the traffic's customers, answers each message, and gives back after a few."""

    def __init__(self, stack: Stack, traffic: Traffic) -> None:
        self.traffic = traffic
        self.api = stack.agent("sam").api
        self.said: dict[str, Said] = {}  # by the customer's message id
        self.idle_since: float | None = None
        self.refused: list[str] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="agent", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(60)

    def is_idle(self) -> bool:
        """Whether it has looked around since there was last something to do, and a moment has passed."""
        return self.idle_since is not None and time.monotonic() - self.idle_since > 1.0

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self._round()
            except (httpx.HTTPError, DeskAway):
                busy = True
            if busy:
                self.idle_since = None
            elif self.idle_since is None:
                self.idle_since = time.monotonic()
            self._stop.wait(0.3)

    def _round(self) -> bool:
        """Look at every conversation that waits or is ours; returns whether there was anything to do."""
        busy = False
        for state in ("queued", "active"):
            for conversation in self._get("/conversations", state=state, limit=200)["conversations"]:
                if self._is_ours(conversation):
                    busy |= self._attend(conversation["id"], state)
        return busy

    def _is_ours(self, conversation: Mapping[str, Any]) -> bool:
        shown = str(conversation["customer"]["address"])
        return any(str(writer.phone.wa_id) in shown for writer in self.traffic.writers)

    def _attend(self, conversation_id: str, state: str) -> bool:
        if state == "queued":
            self._post(f"/conversations/{conversation_id}/accept")
        whole = self._get(f"/conversations/{conversation_id}")
        before = {line["message_id"] for line in (whole["context"] or {}).get("transcript", [])}
        mine = [
            line for line in whole["transcript"]
            if line["author"] == "customer" and line["message_id"] not in before
            and line["handoff_id"] == whole["handoff_id"]
        ]  # fmt: skip
        unanswered = [line for line in mine if line["message_id"] not in self.said]
        for line in unanswered:
            self._answer(conversation_id, line)
        if len(mine) >= MESSAGES_PER_HANDOFF - 1 and not unanswered:
            self._post(f"/conversations/{conversation_id}/resolve", {"outcome": "solved", "note": "done"})
            return True
        return bool(unanswered) or state == "queued"

    def _answer(self, conversation_id: str, line: Mapping[str, Any]) -> None:
        text = f"About '{line['text']}': we are on it."
        answer = self._post(f"/conversations/{conversation_id}/messages", {"text": text}, key=line["message_id"])
        if answer is not None:
            self.said[line["message_id"]] = Said(conversation_id, answer["command_id"], text)

    def _get(self, path: str, **asked: Any) -> dict[str, Any]:
        answer = self.api.get(path, params=asked, timeout=PATIENCE)
        if answer.status_code >= 500:
            raise DeskAway(answer.text)
        answer.raise_for_status()
        return dict(answer.json())

    def _post(self, path: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> dict[str, Any] | None:
        """None when the desk refuses because the conversation is in another state by now."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.api.post(path, json=body or {}, headers=headers, timeout=PATIENCE)
        if answer.status_code >= 500:
            raise DeskAway(answer.text)
        if answer.status_code == 409:
            self.refused.append(answer.text)
            return None
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}


class DeskAway(Exception):
    """The desk could not answer; the same is asked again."""
