"""A customer's phone, over the simulator's control API."""

from __future__ import annotations

import json
from typing import Any, Callable, Mapping
from urllib.parse import quote

import httpx

from tests.support.waiting import wait_until

Message = Mapping[str, Any]
Wanted = str | Callable[[Message], bool]


class Phone:
    """One customer. ``key`` is the WhatsApp id, or the user id of a customer who has a username only."""

    def __init__(self, control: httpx.Client, customer: Mapping[str, Any]) -> None:
        self.control = control
        self.customer = customer
        self.name = str(customer.get("name"))
        self.wa_id: str | None = customer.get("wa_id")
        self.key = str(self.wa_id or customer["user_id"])
        self.seen = 0  # the last message from the business that a wait_for has taken

    def send(self, text: str) -> str:
        """Type a text; returns WhatsApp's message id."""
        return self.send_message({"type": "text", "text": text})

    def send_message(self, message: Mapping[str, Any]) -> str:
        """Any message that the control API knows, such as ``{"type": "raw", "message": {...}}``."""
        answer = self.control.post(f"/control/customers/{quote(self.key)}/messages", json=message)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def attach(self, content: bytes, name: str, kind: str, **message: Any) -> str:
        """Send a file, as ``message["type"]`` or else as an image; returns WhatsApp's message id."""
        path = f"/control/customers/{quote(self.key)}/media"
        kept = self.control.post(path, files={"file": (name, content, kind)})
        kept.raise_for_status()
        sent_as = message.pop("type", "image")
        return self.send_message({"type": sent_as, sent_as: {"id": kept.json()["id"], **message}})

    def press(self, title: str) -> str:
        """Press the button, or choose the row, with this title in the newest message that offers it."""
        for message in reversed(self.received()):
            for kind, choice in _choices(message["payload"]):
                if choice["title"] == title:
                    reply = {"type": kind, "id": choice["id"], "title": title, "context": message["id"]}
                    return self.send_message(reply)
        raise AssertionError(f"no message to {self.name} offers '{title}'; seen: {self._summary()}")

    def messages(self) -> list[dict[str, Any]]:
        """The whole conversation as the phone shows it, oldest first."""
        answer = self.control.get(f"/control/customers/{quote(self.key)}/messages", params={"after": 0})
        answer.raise_for_status()
        return list(answer.json()["messages"])

    def received(self) -> list[dict[str, Any]]:
        """What the business sent to this customer."""
        return [message for message in self.messages() if message["direction"] == "out"]

    def wait_for(self, wanted: Wanted, timeout: float = 20) -> dict[str, Any]:
        """The next message from the business with this text in it (or for which ``wanted`` is true), later than any
        that an earlier wait has returned."""

        def look() -> dict[str, Any] | None:
            for message in self.received():
                if message["seq"] > self.seen and _fits(message, wanted):
                    return message
            return None

        what = f"a message to {self.name} with '{wanted}'" if isinstance(wanted, str) else f"a message to {self.name}"
        found = wait_until(what, look, timeout, self._summary)
        assert found is not None
        self.seen = found["seq"]
        return found

    def wait_for_reply(self, timeout: float = 20) -> dict[str, Any]:
        """The next message from the business, whatever it says."""
        return self.wait_for(lambda message: True, timeout)

    def _summary(self) -> str:
        return json.dumps([f"{message['direction']}: {message['text']}" for message in self.messages()][-8:])


def _fits(message: Message, wanted: Wanted) -> bool:
    if callable(wanted):
        return wanted(message)
    return wanted.lower() in str(message["text"]).lower()


def _choices(payload: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Every button and list row in a message: the kind of its reply, and its id and title."""
    action = payload.get("interactive", {}).get("action", {})
    buttons = [("button_reply", button["reply"]) for button in action.get("buttons", [])]
    rows = [("list_reply", row) for section in action.get("sections", []) for row in section.get("rows", [])]
    return buttons + rows
