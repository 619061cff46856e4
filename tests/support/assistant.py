"""The assistant in this process: the trained model and the real actions, without servers. A test talks to it in
seconds, as a customer would, and reads what WhatsApp would show."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from pathlib import Path
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from connectors.whatsapp_outbound import render

_senders = itertools.count(1)


class ActionsHere(EndpointConfig):
    """Runs custom actions in this process, over the same JSON that an action server would be sent."""

    def __init__(self) -> None:
        super().__init__("http://actions.invalid/webhook")
        self.executor = ActionExecutor()
        self.executor.register_package("actions")

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        call = json.loads(json.dumps(kwargs["json"]))
        return json.loads(json.dumps(await self.executor.run(call)))


class Assistant:
    """The loaded model. `chat` begins a conversation."""

    def __init__(self, model: Path) -> None:
        logging.getLogger("rasa_sdk").setLevel(logging.WARNING)
        self.agent = Agent.load(str(model), action_endpoint=ActionsHere())
        self.loop = asyncio.new_event_loop()

    def chat(self, phone: str | None = None) -> Chat:
        return Chat(self, phone)

    def close(self) -> None:
        self.loop.close()


class Chat:
    """One customer's conversation. ``phone`` is digits, None where the channel tells none."""

    def __init__(self, assistant: Assistant, phone: str | None) -> None:
        self.assistant = assistant
        self.phone = phone
        self.sender = f"customer-{next(_senders)}"
        self.buttons: dict[str, str] = {}  # of all answers so far, the newest of a title

    def say(self, text: str) -> str:
        """Type something; returns everything that the bot answers, bubbles separated by a blank line."""
        return self._send(text)

    def press(self, title: str) -> str:
        """Press a button or choose a row that the bot has offered, by its title or the beginning of it."""
        payload = next((each for name, each in reversed(self.buttons.items()) if name.startswith(title)), None)
        assert payload, f"no button '{title}' among {list(self.buttons)}"
        return self._send(payload)

    def slot(self, name: str) -> Any:
        return self._tracker().get_slot(name)

    @property
    def form(self) -> str | None:
        name: str | None = self._tracker().active_loop_name
        return name

    @property
    def is_paused(self) -> bool:
        """Whether the bot has given the floor away."""
        return bool(self._tracker().is_paused())

    def _tracker(self) -> Any:
        return self.assistant.loop.run_until_complete(self.assistant.agent.processor.get_tracker(self.sender))

    def _send(self, text: str) -> str:
        output = CollectingOutputChannel()
        metadata = {"kind": "text", "customer": {"phone": self.phone}}
        message = UserMessage(text, output, self.sender, input_channel="whatsapp", metadata=metadata)
        self.assistant.loop.run_until_complete(self.assistant.agent.handle_message(message))
        for response in output.messages:
            for button in response.get("buttons") or []:
                self.buttons.pop(button["title"], None)
                self.buttons[button["title"]] = button["payload"]
        return "\n\n".join(rendered.text for rendered in render(output.messages))
