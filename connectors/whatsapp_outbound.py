"""Renders the Rasa responses of one turn as few WhatsApp messages as possible: each one costs money.

Nothing a designer or an action writes is lost: what WhatsApp cannot show as intended becomes text.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, Sequence

import structlog

from connectors.whatsapp_documents import document_in
from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_payloads import (
    BODY_LIMIT,
    CAPTION_LIMIT,
    LIST_BUTTON_LIMIT,
    Option,
    choice,
    document,
    image,
    numbered,
    passed_through,
    texts,
)
from connectors.whatsapp_templates import template_message
from connectors.whatsapp_text import clean, split_tail
from handoff.channel import Rendered, TemplateProblem

log = structlog.get_logger()

_ADDRESS = re.compile(r"https?://[^\s/]\S{0,2000}")

_Make = Callable[[str], Rendered]  # from a caption, the message
_Template = Callable[[Json], Rendered]  # from a template's name, language and parameters, the message


@dataclass(frozen=True)
class RenderOptions:
    """``merge_texts``: texts that follow each other in a turn become one message. ``list_button``: the words on the
    button that opens a list, at most 20 characters."""

    merge_texts: bool = True
    list_button: str = "Choose"

    def __post_init__(self) -> None:
        if not 0 < len(self.list_button.strip()) <= LIST_BUTTON_LIMIT:
            raise ValueError(f"list_button must have from 1 to {LIST_BUTTON_LIMIT} characters")


def render(
    responses: Sequence[Mapping[str, Any]], options: RenderOptions | None = None, template: _Template | None = None
) -> list[Rendered]:
    """The messages for one turn's responses, in order. Never raises for what is in a response. ``template`` makes a
    template message from what a response says of it."""
    composer = _Composer(options or RenderOptions(), template or (lambda spec: template_message(spec, None)))
    for response in responses:
        if isinstance(response, Mapping):
            composer.add(response)
        else:
            log.warning("whatsapp.response_ignored", reason="not an object")
    composer.flush()
    return composer.messages


class _Composer:
    """Keeps texts back until it is known whether they can join what follows."""

    def __init__(self, options: RenderOptions, template: _Template) -> None:
        self.options = options
        self.template = template
        self.pending: list[str] = []
        self.messages: list[Rendered] = []

    def add(self, response: Json) -> None:
        buttons = list(_buttons(response.get("quick_replies") or response.get("buttons")))
        choices = [button for button in buttons if isinstance(button, Option)]
        links = [button for button in buttons if isinstance(button, str)]
        media, instead = _media(response)
        text = _joined(_words(response.get("text")), *links, *instead)
        spare = "" if choices else text  # the question and its buttons come last
        for make, caption in media:
            self._show(make, _joined(spare, caption))
            spare = ""
        if choices:
            self._choice(text, choices)
        elif not media:
            self._text(text)
        self._custom(response.get("custom"))
        for element in _list(response.get("elements")):
            self.add(_element(element))

    def flush(self) -> None:
        self.messages += texts("\n\n".join(self.pending))
        self.pending = []

    def _text(self, text: str) -> None:
        if text:
            self.pending.append(text)
        if not self.options.merge_texts:
            self.flush()

    def _show(self, make: _Make, caption: str) -> None:
        """A picture or a file; a caption that is too long goes before it."""
        if len(caption) > CAPTION_LIMIT:
            self._text(caption)
            caption = ""
        self.flush()
        self.messages.append(make(caption))

    def _choice(self, body: str, choices: list[Option]) -> None:
        """Texts before it join its body when all fit; of a body that is too long, all but the end goes before."""
        if choice("?", choices, self.options.list_button) is None:
            return self._text(_joined(body, numbered(choices)))
        before = self.pending
        whole = _joined(*before, body)
        head, tail = split_tail(whole, BODY_LIMIT)
        if head and body and len(body) <= BODY_LIMIT:
            head, tail = "\n\n".join(before), body
        self.pending = [head]
        self.flush()
        message = choice(tail or self.options.list_button, choices, self.options.list_button)
        self.messages += [message] if message else []

    def _custom(self, custom: Any) -> None:
        if not custom:
            return
        message = self._own(custom) if isinstance(custom, Mapping) else None
        if message is None:
            log.warning("whatsapp.response_ignored", reason="custom without a WhatsApp message under 'whatsapp'")
            return
        self.flush()
        self.messages.append(message)

    def _own(self, custom: Json) -> Rendered | None:
        """A message that a designer wrote out: a template by its name, or whatever the Cloud API takes."""
        raw = object_in(custom, "whatsapp")
        spec = object_in(custom, "template") or (object_in(raw, "template") if raw.get("type") == "template" else {})
        if not spec:
            return passed_through(raw)
        try:
            return self.template(spec)
        except TemplateProblem as problem:
            log.warning("whatsapp.template_ignored", template=str(spec.get("name"))[:80], reason=str(problem))
            return None


def _buttons(value: Any) -> Iterator[Option | str]:
    """Each button once, as an option; a button that opens an address has no reply, and is a line of text."""
    seen = set()
    for button in _list(value):
        fields = button if isinstance(button, Mapping) else {"title": button}
        title = " ".join(_words(fields.get("title")).split())
        address, payload = _words(fields.get("url")), _words(fields.get("payload"))
        if address:
            yield f"{title}: {address}" if title else address
        elif (title or payload) and (title, payload) not in seen:
            seen.add((title, payload))
            yield Option(title=title or " ".join(payload.split()), payload=payload or title)


def _media(response: Json) -> tuple[list[tuple[_Make, str]], list[str]]:
    """The picture and the file in a response, each with its own caption; and as words what can be sent as neither."""
    media: list[tuple[_Make, str]] = []
    instead = []
    picture, file = _link(response.get("image")), document_in(response.get("attachment"))
    shown = bool(_ADDRESS.fullmatch(picture))
    if shown:
        media.append((functools.partial(image, picture), ""))
    if file is not None and file.source is not None:
        media.append((functools.partial(document, file.source, file.filename), file.caption))
    elif file is not None:
        log.warning("whatsapp.document_became_text", reason=file.problem)
        instead.append(file.instead)
    else:
        instead.append(_link(response.get("attachment")))
    return media, instead if shown else [*instead, picture]


def _element(element: Any) -> Json:
    """A card of a carousel, as a response of its own."""
    fields = element if isinstance(element, Mapping) else {"title": element}
    lines = [_words(fields.get("title")), _words(fields.get("subtitle"))]
    return {
        "text": "\n".join(line for line in lines if line),
        "image": fields.get("image_url"),
        "buttons": fields.get("buttons"),
    }


def _link(value: Any) -> str:
    """The address in an ``image`` or ``attachment``, which may be an object that holds it."""
    if isinstance(value, Mapping):
        places = [value, object_in(value, "payload")]
        found = [text_of(place.get(key)) for place in places for key in ("link", "url", "src")]
        value = next((address for address in found if address), None)
    return _words(value)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _words(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return clean(value).strip() if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
