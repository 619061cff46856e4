"""A message that the business wants to send, checked as far as that goes without knowing for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from connectors.simulator.errors import GraphError
from connectors.simulator.limits import check_message
from connectors.simulator.media import Media, MediaShelf
from connectors.simulator.reading import plain_text
from connectors.simulator.template_filling import Shown, check_status, fill, header_media
from connectors.simulator.templates import AUTHENTICATION, MARKETING, Template, TemplateShelf

VOICE_TYPE = "audio/ogg"


@dataclass
class Draft:
    """``media`` is the uploaded file that the message names; ``shown`` what a filled template looks like."""

    body: dict[str, Any]
    kind: str
    media: Media | None = None
    template: Template | None = None
    shown: Shown | None = None

    @property
    def text(self) -> str:
        if self.shown is None:
            return plain_text({"type": self.kind, **self.body})
        header = self.shown["header"] or {}
        labels = [f"[{button['text']}]" for button in self.shown["buttons"]]
        lines = [header.get("text"), self.shown["body"], self.shown["footer"], *labels]
        return "\n".join(line for line in lines if line)

    @property
    def category(self) -> str:
        """What it is priced as."""
        return self.template.category.lower() if self.template else "service"

    @property
    def is_marketing(self) -> bool:
        return self.template is not None and self.template.category == MARKETING

    @property
    def needs_phone(self) -> bool:
        """Whether it may not go to a user id: codes to sign in with."""
        return self.template is not None and self.template.category == AUTHENTICATION


class Drafts:
    """Reads messages against the files and templates that there are."""

    def __init__(self, media: MediaShelf, templates: TemplateShelf) -> None:
        self._media = media
        self._templates = templates

    def read(self, number: str, body: dict[str, Any]) -> Draft:
        """The message in the body of a call.

        Raises:
            GraphError: something in it is refused.
        """
        kind = check_message(body)
        if kind == "template":
            return self._template(number, body)
        part = body.get(kind)
        media = self._media.for_message(kind, part, number) if isinstance(part, dict) else None
        if media and kind == "audio" and body[kind].get("voice") and media.plain_type != VOICE_TYPE:
            raise GraphError(131053, f"A voice note is {VOICE_TYPE} with Opus; this file is {media.mime_type}.")
        if kind == "interactive" and isinstance(part, dict):
            media = self._header_media(number, part.get("header"))
        return Draft(body, kind, media)

    def _template(self, number: str, body: dict[str, Any]) -> Draft:
        part: Mapping[str, Any] = body["template"]
        name, language = part["name"], part["language"]["code"]
        template = check_status(self._templates.find(name, language), name, language)
        shown = fill(template, part)
        in_header = header_media(template, shown)
        media = None
        if in_header is not None:
            kind, header = in_header
            if bool(header.get("id")) == bool(header.get("link")):
                raise GraphError(132012, f"header: the {kind} needs an id or a link, and not both.")
            media = self._media.for_message(kind, header, number)
            # what the phone needs to show it, and no more
            shown["header"] = {"type": kind, "media": media.shown() if media else None, "link": header.get("link")}
        return Draft(body, "template", media, template, shown)

    def _header_media(self, number: str, header: Any) -> Media | None:
        if not isinstance(header, dict) or not isinstance(header.get(header.get("type")), dict):
            return None
        return self._media.for_message(header["type"], header[header["type"]], number)
