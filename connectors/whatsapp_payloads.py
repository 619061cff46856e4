"""Builds Cloud API messages that stay within WhatsApp's limits, each with its transcript and what it offers.

The limits are Meta's (messages reference); where its pages and its OpenAPI description differ, the stricter one counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_text import clean_json, split
from handoff.channel import Rendered

TEXT_LIMIT = 4096
BODY_LIMIT = 1024
CAPTION_LIMIT = 1024
MAX_BUTTONS, BUTTON_TITLE_LIMIT, BUTTON_ID_LIMIT = 3, 20, 256
MAX_ROWS, ROW_TITLE_LIMIT, ROW_ID_LIMIT, ROW_DESCRIPTION_LIMIT = 10, 24, 200, 72
LIST_BUTTON_LIMIT = 20

# Where a message goes is the dispatcher's business, whatever a passed-through payload says.
_ENVELOPE = frozenset({"messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data"})


@dataclass(frozen=True)
class Option:
    """A button or a row: what the customer reads, and what comes back when it is pressed."""

    title: str
    payload: str


def texts(text: str) -> list[Rendered]:
    """One message, or more when the text is longer than one may be; none for an empty text."""
    return [Rendered({"type": "text", "text": {"body": piece}}, piece) for piece in split(text, TEXT_LIMIT)]


def image(link: str, caption: str) -> Rendered:
    """A picture at a public address; ``caption`` has at most CAPTION_LIMIT characters and may be empty."""
    part = {"link": link, "caption": caption} if caption else {"link": link}
    return Rendered({"type": "image", "image": part}, f"{caption} [image: {link}]".strip())


def document(source: Mapping[str, str], filename: str, caption: str) -> Rendered:
    """A file: ``source`` is its ``link``, or its ``data``, which delivery uploads. ``caption`` is as for a picture."""
    part = {**source, "filename": filename, **({"caption": caption} if caption else {})}
    return Rendered({"type": "document", "document": part}, f"{caption}\n[document] {filename}".strip())


def choice(body: str, options: Sequence[Option], list_button: str) -> Rendered | None:
    """Reply buttons, else a list; None when WhatsApp can show these options as neither.

    ``body`` has from 1 to BODY_LIMIT characters, ``list_button`` at most LIST_BUTTON_LIMIT.
    """
    interactive = _buttons(options) or _list(options, list_button)
    if interactive is None:
        return None
    interactive["body"] = {"text": body}
    titles = " ".join(f"[{option.title}]" for option in options)
    offers = tuple(option.payload for option in options)
    return Rendered({"type": "interactive", "interactive": interactive}, f"{body} {titles}", offers)


def numbered(options: Sequence[Option]) -> str:
    """The options as lines of text, for the customer to answer in words."""
    return "\n".join(f"{number}. {option.title}" for number, option in enumerate(options, start=1))


def passed_through(raw: Any) -> Rendered | None:
    """A designer's own Cloud API message (``custom: {whatsapp: {...}}``); None when it is none.

    It needs ``type`` and the part of that name, and is sent as it stands: its limits are its author's.
    """
    if not isinstance(raw, Mapping):
        return None
    kind = raw.get("type")
    if not isinstance(kind, str) or not isinstance(raw.get(kind), (dict, list)):
        return None
    try:
        payload = json.loads(json.dumps(clean_json({key: raw[key] for key in raw if key not in _ENVELOPE})))
    except (TypeError, ValueError):  # YAML can hold dates and other things that JSON cannot
        return None
    titles, offers = _offered(payload)
    words = _words(payload) or f"[{kind}]"
    return Rendered(payload, " ".join([words, *(f"[{title}]" for title in titles)]), tuple(offers))


def _buttons(options: Sequence[Option]) -> dict[str, Any] | None:
    fits = len(options) <= MAX_BUTTONS and all(len(option.title) <= BUTTON_TITLE_LIMIT for option in options)
    if not fits or not _distinct(options, [option.title for option in options], BUTTON_ID_LIMIT):
        return None
    buttons = [{"type": "reply", "reply": {"id": option.payload, "title": option.title}} for option in options]
    return {"type": "button", "action": {"buttons": buttons}}


def _list(options: Sequence[Option], list_button: str) -> dict[str, Any] | None:
    rows = [_row(option) for option in options]
    fits = len(rows) <= MAX_ROWS and all(len(option.title) <= ROW_DESCRIPTION_LIMIT for option in options)
    if not fits or not _distinct(options, [row["title"] for row in rows], ROW_ID_LIMIT):
        return None
    # Meta wants a title for each section, even when there is one.
    return {"type": "list", "action": {"button": list_button, "sections": [{"title": list_button, "rows": rows}]}}


def _row(option: Option) -> dict[str, str]:
    """A row; a title that is too long is cut, and stands in full in the description."""
    if len(option.title) <= ROW_TITLE_LIMIT:
        return {"id": option.payload, "title": option.title}
    start = split(option.title, ROW_TITLE_LIMIT - 1)[0] + "…"
    return {"id": option.payload, "title": start, "description": option.title}


def _distinct(options: Sequence[Option], titles: Sequence[str], id_limit: int) -> bool:
    """WhatsApp refuses a message in which two titles or two ids are the same."""
    ids = {option.payload for option in options}
    unique = len(ids) == len(options) == len({title.casefold() for title in titles})
    return bool(options) and unique and all(len(each) <= id_limit for each in ids)


def _offered(payload: Json) -> tuple[list[str], list[str]]:
    """Titles and ids of every button and row in a message."""
    titles: list[str] = []
    ids: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            key = "payload" if value.get("type") == "payload" else "id"
            offered, title = text_of(value.get(key)), text_of(value.get("title"))
            if offered and (title or key == "payload"):
                ids.append(offered)
                titles.extend([title] if title else [])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk({key: payload.get(key) for key in ("interactive", "template")})
    return titles, ids


def _words(payload: Json) -> str | None:
    """What a person reads in a message first: its body, its caption, its template's or its file's name."""
    part = object_in(payload, str(payload.get("type")))
    places = (part.get("body"), object_in(part, "body").get("text"), *map(part.get, ("caption", "name", "filename")))
    return next((words for words in map(text_of, places) if words), None)
