"""Message templates: what there is, kept with their approval states, and a few to begin with."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

from connectors.simulator.model import Document
from connectors.simulator.storage import Storage

APPROVED, PENDING, REJECTED, PAUSED, DISABLED = STATUSES = ("APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED")
MARKETING, UTILITY, AUTHENTICATION = CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
POSITIONAL, NAMED = FORMATS = ("POSITIONAL", "NAMED")


@dataclass
class Template(Document):
    """One translation of a template. ``components`` are as Meta's management API has them."""

    id: str
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    status: str = APPROVED
    parameter_format: str = POSITIONAL
    rejected_reason: str = "NONE"
    quality_score: dict[str, Any] = field(default_factory=lambda: {"score": "UNKNOWN", "date": int(time.time())})

    def component(self, kind: str) -> dict[str, Any] | None:
        """The HEADER, BODY, FOOTER or BUTTONS, if it has one."""
        return next((one for one in self.components if str(one.get("type", "")).upper() == kind), None)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return list((self.component("BUTTONS") or {}).get("buttons") or [])


class TemplateShelf:
    """All templates. ``tell`` hears of each that gets another status, with the reason."""

    def __init__(self, storage: Storage, tell: Callable[[Template, str], None]) -> None:
        self._storage = storage
        self._tell = tell
        self._kept = {entry["id"]: Template(**entry) for entry in storage.load("template")}
        if not self._kept:
            self.begin()

    def begin(self) -> None:
        """As at the very start: the first templates, and no others."""
        self._kept = {}
        for template in first_templates():
            self.keep(template)

    def __iter__(self) -> Iterator[Template]:
        return iter(sorted(self._kept.values(), key=lambda one: (one.name, one.language)))

    def get(self, template_id: str) -> Template | None:
        return self._kept.get(template_id)

    def find(self, name: str, language: str) -> Template | None:
        """The translation with exactly this name and code."""
        return next((one for one in self if (one.name, one.language) == (name, language)), None)

    def named(self, name: str) -> list[Template]:
        """All translations."""
        return [one for one in self if one.name == name]

    def keep(self, template: Template) -> None:
        self._kept[template.id] = template
        self._storage.put("template", template.id, template)

    def delete(self, template: Template) -> None:
        self._kept.pop(template.id, None)
        self._storage.remove("template", template.id)

    def change_status(self, template: Template, status: str, reason: str = "NONE") -> None:
        """Approve, reject, pause or disable it; the business hears of it by webhook."""
        template.status = status
        template.rejected_reason = reason if status == REJECTED else "NONE"
        self.keep(template)
        self._tell(template, reason)


def new_template_id() -> str:
    return str(secrets.randbelow(9 * 10**14) + 10**14)


def first_templates() -> list[Template]:
    """What a business that answers customers needs, and one of each shape."""
    return [
        _first(
            "answer_ready", "en", UTILITY, _body('There is an answer to your question: "{{1}}" Reply to go on with it.')
        ),
        _first(
            "case_update",
            "en_US",
            UTILITY,
            {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW1hZ2UvanBn"]}},
            _named("There is news about your case {{case_id}}. Shall we open it again?", case_id="C-42"),
            {"type": "FOOTER", "text": "Marigold customer care"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Open it again"}]},
            form=NAMED,
        ),
        _first(
            "parcel_on_its_way",
            "en",
            UTILITY,
            {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["1042"]}},
            _body("Hello {{1}}, your parcel comes on {{2}}. Follow it with the button.", "Ana", "Monday"),
            {"type": "BUTTONS", "buttons": [_link("Follow it", "https://example.com/t/{{1}}")]},
        ),
        _first(
            "spring_offer",
            "en",
            MARKETING,
            _body("Hello {{1}}, our spring collection is here, with 10 % off until Sunday.", "Ana"),
            {"type": "FOOTER", "text": "Not interested? Tap Stop offers"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Stop offers"}]},
        ),
    ]


def _first(name: str, language: str, category: str, *components: dict[str, Any], form: str = POSITIONAL) -> Template:
    number = int.from_bytes(hashlib.sha256(f"{name}/{language}".encode()).digest()[:6], "big")
    return Template(str(10**15 + number), name, language, category, list(components), parameter_format=form)


def _body(text: str, *examples: str) -> dict[str, Any]:
    return {"type": "BODY", "text": text, "example": {"body_text": [list(examples) or ["yes, it ships today."]]}}


def _named(text: str, **examples: str) -> dict[str, Any]:
    named = [{"param_name": name, "example": value} for name, value in examples.items()]
    return {"type": "BODY", "text": text, "example": {"body_text_named_params": named}}


def _link(text: str, url: str) -> dict[str, Any]:
    return {"type": "URL", "text": text, "url": url, "example": [url.replace("{{1}}", "1042")]}
