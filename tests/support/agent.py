"""A human agent, over the desk's API."""

from __future__ import annotations

from typing import Any, Callable, Mapping

import httpx

from tests.support.phone import Phone
from tests.support.waiting import wait_until


class Agent:
    """One agent with a bearer token."""

    def __init__(self, desk_url: str, name: str, token: str) -> None:
        self.name = name
        self.api = httpx.Client(base_url=f"{desk_url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=15)

    def close(self) -> None:
        self.api.close()

    def conversations(self, state: str | None = None, query: str | None = None) -> list[dict[str, Any]]:
        """The inbox; ``state``: queued, active or resolved."""
        asked = {name: value for name, value in (("state", state), ("q", query)) if value}
        return list(self._answer(self.api.get("/conversations", params=asked))["conversations"])

    def conversation(self, conversation_id: str) -> dict[str, Any]:
        """One conversation: context, transcript, customer."""
        return self._answer(self.api.get(f"/conversations/{conversation_id}"))

    def wait_for_conversation(self, phone: Phone, state: str = "queued", timeout: float = 20) -> str:
        """The id of this customer's conversation, once it is in this state."""

        def look() -> str | None:
            for conversation in self.conversations(state):
                if _is_of(conversation, phone):
                    return str(conversation["id"])
            return None

        found = wait_until(f"{phone.name}'s conversation is {state}", look, timeout, self._summary)
        assert found is not None
        return found

    def wait_for_text(self, conversation_id: str, text: str, timeout: float = 20) -> dict[str, Any]:
        """The transcript's line with this text in it."""

        def look() -> dict[str, Any] | None:
            lines = self.conversation(conversation_id)["transcript"]
            return next((line for line in lines if text.lower() in str(line.get("text")).lower()), None)

        found = wait_until(f"'{text}' in the transcript of {conversation_id}", look, timeout)
        assert found is not None
        return found

    def wait_for_line(self, conversation_id: str, message_id: str, wanted: Callable[[dict[str, Any]], Any]) -> Any:
        """The transcript's line of a message, once it is as wanted."""

        def look() -> dict[str, Any] | None:
            lines = self.conversation(conversation_id)["transcript"]
            return next((line for line in lines if line["message_id"] == message_id and wanted(line)), None)

        return wait_until(f"the line of {message_id} is as wanted", look, 40)

    def file(self, media_id: str, **headers: str) -> httpx.Response:
        """A customer's file, from the desk."""
        desk = str(self.api.base_url).partition("/api/")[0]
        return self.api.get(f"{desk}/media/{media_id}", headers=headers)

    def accept(self, conversation_id: str) -> dict[str, Any]:
        return self._do(conversation_id, "accept")

    def say(self, conversation_id: str, text: str) -> dict[str, Any]:
        return self._do(conversation_id, "messages", {"text": text})

    def give_back(self, conversation_id: str) -> dict[str, Any]:
        """Return the conversation to the bot."""
        return self._do(conversation_id, "return")

    def resolve(self, conversation_id: str, outcome: str = "solved", note: str = "", **more: Any) -> dict[str, Any]:
        """``outcome``: solved, unsolved or follow_up; ``more``: such as ``slots``."""
        return self._do(conversation_id, "resolve", {"outcome": outcome, "note": note, **more})

    def _do(self, conversation_id: str, action: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._answer(self.api.post(f"/conversations/{conversation_id}/{action}", json=body or {}))

    def _answer(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            raise AssertionError(f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}")
        return dict(answer.json()) if answer.content else {}

    def _summary(self) -> str:
        return str([(each.get("state"), each.get("customer_name")) for each in self.conversations()][:8])


def _is_of(conversation: Mapping[str, Any], phone: Phone) -> bool:
    """Whether this is the phone's conversation: by the address it has, whatever the field is called."""
    return phone.key in str(conversation)
