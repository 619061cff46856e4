"""Renders the Rasa responses of one turn as few WhatsApp messages as possible: each one costs money.

Nothing a designer or an action writes is lost: what WhatsApp cannot show as intended becomes text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping, Sequence

import structlog

from connectors.whatsapp_designs import design, is_design, list_options
from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_limits import BODY_LIMIT, CAPTION_LIMIT, LIST_BUTTON_LIMIT
from connectors.whatsapp_media_out import CAPTIONED, TYPES, VOICE, Media, media_of
from connectors.whatsapp_payloads import (
    NO_FRAME,
    Frame,
    Option,
    choice,
    file,
    numbered,
    passed_through,
    plain_words,
    texts,
    url_button,
)
from connectors.whatsapp_responses import (
    buttons_in,
    element_of,
    frame_in,
    items_in,
    joined,
    log_degraded,
    media_in,
    words_in,
)
from connectors.whatsapp_templates import template_message
from connectors.whatsapp_text import clean, split_tail
from handoff.channel import Rendered, TemplateProblem

log = structlog.get_logger()

_MEDIA_KEYS = (*TYPES, VOICE)
_NOT_IN_CONTEXT = ("reaction", "template")  # these cannot be replies to a message

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
        quoted = text_of(response.get("reply_to")) or text_of(object_in(response, "custom").get("reply_to"))
        if quoted is None:
            return self._add(response)
        self.flush()
        before = len(self.messages)
        self._add(response)
        self.flush()
        self._quote(before, quoted)

    def _add(self, response: Json) -> None:
        options, links = buttons_in(response.get("quick_replies") or response.get("buttons"))
        media, instead = media_in(response)
        frame, over, under = frame_in(response)
        single = len(links) == 1 and not options and not media
        lines = [] if single else [f"{title}: {address}" if title else address for title, address in links]
        asks = bool(options) or single
        text = joined(over, words_in(response.get("text")), *lines, *instead, under)
        spare = "" if asks else joined(frame.header, text, frame.footer)  # the question and its buttons come last
        for one in media:
            self._show(one, spare)
            spare = ""
        if options:
            self._choice(text, options, frame)
        elif single:
            self._address(text, *links[0], frame)
        elif not media:
            self._text(spare)
        self._custom(response.get("custom"))
        for element in items_in(response.get("elements")):
            self.add(element_of(element))

    def flush(self) -> None:
        self.messages += texts("\n\n".join(self.pending))
        self.pending = []

    def _text(self, text: str) -> None:
        if text:
            self.pending.append(text)
        if not self.options.merge_texts:
            self.flush()

    def _quote(self, start: int, message_id: str) -> None:
        """The first message from ``start`` on that can be one becomes a reply to a message of the customer's."""
        for index, message in enumerate(self.messages[start:], start=start):
            if message.payload["type"] not in _NOT_IN_CONTEXT:
                payload = {"context": {"message_id": message_id}, **message.payload}
                self.messages[index] = replace(message, payload=payload)
                return

    def _show(self, media: Media, text: str) -> None:
        """A file with the response's words and its own as its caption; where these do not fit they go before it."""
        caption = joined(text, media.caption)
        if len(caption) > CAPTION_LIMIT or media.kind not in CAPTIONED:
            self._text(caption)
            caption = ""
        self.flush()
        self.messages.append(file(media, caption))

    def _choice(self, body: str, options: list[Option], frame: Frame = NO_FRAME, button: str | None = None) -> None:
        """Texts before it join its body when all fit; of a body that is too long, all but the end goes before."""
        words = button or self.options.list_button
        if choice("?", options, words, frame) is None:
            return self._text(joined(frame.header, body, numbered(options), frame.footer))
        message = choice(self._body(body) or words, options, words, frame)
        self.messages += [message] if message else []

    def _address(self, body: str, title: str, address: str, frame: Frame) -> None:
        """One button that opens an address; a line of text when it cannot be one."""
        if not body or url_button("?", title, address, frame) is None:
            line = f"{title}: {address}" if title else address
            return self._text(joined(frame.header, body, line, frame.footer))
        message = url_button(self._body(body), title, address, frame)
        self.messages += [message] if message else []

    def _body(self, body: str) -> str:
        """What stands above buttons; what does not fit there is sent before."""
        before = self.pending
        whole = joined(*before, body)
        head, tail = split_tail(whole, BODY_LIMIT)
        if head and body and len(body) <= BODY_LIMIT:
            head, tail = "\n\n".join(before), body
        self.pending = [head]
        self.flush()
        return tail

    def _custom(self, custom: Any) -> None:
        if not custom:
            return
        known = False
        for key, value in custom.items() if isinstance(custom, Mapping) else ():
            known = self._said(str(key), value) or known
        if not known:
            log.warning("whatsapp.response_ignored", reason="custom without a WhatsApp message under 'whatsapp'")

    def _said(self, key: str, value: Any) -> bool:
        """One key of ``custom:``; False when it is none of ours."""
        if key in _MEDIA_KEYS:
            media = media_of(key, value)
            if isinstance(media, Media):
                self._show(media, "")
            else:
                log_degraded(key, media.problem)
                self._text(media.words)
        elif key == "list" and isinstance(value, Mapping) and (rows := list_options(value)):
            frame, over, under = frame_in(value)
            button = words_in(value.get("button"))
            fitting = button if 0 < len(button) <= LIST_BUTTON_LIMIT else None
            under = under if fitting or not button else joined(button, under)
            self._choice(joined(over, words_in(value.get("text")), under), rows, frame, fitting)
        elif key == "template" or (key == "whatsapp" and object_in({"w": value}, "w").get("type") == "template"):
            self._template(value if key == "template" else value.get("template"))
        elif key == "whatsapp" or is_design(key):
            return self._written_out(value if key == "whatsapp" else design(key, value), key)
        else:
            return key == "reply_to"
        return True

    def _written_out(self, raw: Any, key: str) -> bool:
        """A message in the Cloud API's own shape. One that WhatsApp would refuse becomes text."""
        message, wrong = passed_through(raw)
        if message is None:
            return False
        if wrong is not None:
            log_degraded(key, wrong)
            self._text("\n".join(clean(words) for words in plain_words(message.payload.get(message.payload["type"]))))
            return True
        self.flush()
        self.messages.append(message)
        return True

    def _template(self, spec: Any) -> None:
        try:
            message = self.template(spec if isinstance(spec, Mapping) else {})
        except TemplateProblem as problem:
            log.warning("whatsapp.template_ignored", reason=str(problem))
            return
        self.flush()
        self.messages.append(message)
