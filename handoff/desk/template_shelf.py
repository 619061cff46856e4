"""The templates that the bridge offers for a conversation, as the picker shows them."""

from __future__ import annotations

import json
from typing import Any, Mapping, Sequence
from urllib.parse import quote

import httpx

from handoff import protocol
from handoff.clock import Clock
from handoff.settings import TemplateName
from handoff.template_text import filled, fitted, names_in

PATH = "/webhooks/handoff/templates"
ANSWER_SECONDS = 6.0

Row = Mapping[str, Any]


class ShelfEmpty(Exception):
    """The list does not come. The text says why, for an agent."""


class TemplateShelf:
    """Asks the bridge, which keeps the list for some minutes."""

    def __init__(self, rasa_url: str, secret: str, clock: Clock) -> None:
        self._url = rasa_url
        self._secret = secret
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)

    async def all_for(self, conversation_id: str) -> list[Row]:
        """The approved templates that can go to this customer.

        Raises:
            ShelfEmpty: they cannot be had now.
        """
        address = f"{PATH}?conversation={quote(conversation_id, safe='')}"
        try:
            answer = await self._client.get(
                self._url + address, headers=protocol.sign(self._secret, address.encode(), self._clock())
            )
            content = json.loads(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise ShelfEmpty("The bot's server does not answer.") from error
        if answer.status_code != 200:
            raise ShelfEmpty(str(content.get("error", {}).get("message") or f"It answered {answer.status_code}."))
        return [template for template in content["templates"] if isinstance(template, dict)]

    async def close(self) -> None:
        await self._client.aclose()


def shown(template: Row, values: Mapping[str, str]) -> dict[str, Any]:
    """A template for the page: its fields with what was filled in, and how it reads."""
    fields = template["fields"]
    return {
        "id": identity(template),
        "title": str(template["name"]).replace("_", " ").capitalize(),
        "name": template["name"],
        "language": template["language"],
        "category": str(template["category"]).capitalize(),
        "header": template["header"],
        "body": template["body"],
        "footer": template["footer"],
        "buttons": [button["text"] for button in template["buttons"] if button["text"]],
        "fields": [{**field, "label": _label(field), "value": values.get(field["key"], "")} for field in fields],
        "read_as": words(template, values),
    }


def identity(template: Row) -> str:
    return f"{template['name']}/{template['language']}"


def find(templates: Sequence[Row], wanted: TemplateName | None) -> Row | None:
    """The template of this name in exactly this language."""
    if wanted is None:
        return None
    return next((each for each in templates if identity(each) == f"{wanted.name}/{wanted.language}"), None)


def words(template: Row, values: Mapping[str, str]) -> str:
    """How a filled template reads in the transcript."""
    header = filled(template["header"], {name: values.get("header", "") for name in names_in(template["header"])})
    body = filled(template["body"], fitted(template["body"], values))
    return "\n".join(part for part in (header, body, template["footer"]) if part)


def ready_values(template: Row, answer: str, customer: str) -> dict[str, str]:
    """The draft goes into the last gap of the body, the customer's name into those before it."""
    names = names_in(template["body"])
    values = dict.fromkeys(names[:-1], customer)
    return {**values, names[-1]: answer} if names else {}


def _label(field: Row) -> str:
    name = str(field["name"])
    if field["kind"] in ("image", "video", "document"):
        return f"Web address of the {field['kind']}"
    if field["kind"] == "url":
        return f"End of the address behind “{name}”"
    if field["kind"] == "code":
        return "Code to copy"
    return f"Gap {name}" if name.isdigit() else name.replace("_", " ").capitalize()
