"""Builds Cloud API messages that stay within WhatsApp's limits, each with its transcript and what it offers.

The limits are Meta's (messages reference); where its pages and its OpenAPI description differ, the stricter one counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_limits import (
    BUTTON_ID_LIMIT,
    BUTTON_TITLE_LIMIT,
    FRAME_LIMIT,
    MAX_BUTTONS,
    MAX_ROWS,
    ROW_DESCRIPTION_LIMIT,
    ROW_ID_LIMIT,
    ROW_TITLE_LIMIT,
    SECTION_TITLE_LIMIT,
    TEXT_LIMIT,
    URL_TITLE_LIMIT,
    wrong_field,
)
from connectors.whatsapp_media_out import Media
from connectors.whatsapp_text import clean_json, split
from handoff.channel import Rendered

# Where a message goes is the dispatcher's business, whatever a passed-through payload says.
_ENVELOPE = frozenset({"messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data"})


@dataclass(frozen=True)
class Option:
    """A button or a row: what the customer reads, and what comes back when it is pressed. Rows have a ``description``,
    and rows with the same ``section`` stand under its title."""

    title: str
    payload: str
    description: str = ""
    section: str = ""


@dataclass(frozen=True)
class Frame:
    """What may stand above and below the body of a message with buttons or a list."""

    header: str = ""
    footer: str = ""

    @property
    def fits(self) -> bool:
        return all(len(each) <= FRAME_LIMIT and "\n" not in each for each in (self.header, self.footer))

    def around(self, interactive: dict[str, Any], body: str) -> dict[str, Any]:
        parts: dict[str, Any] = {"header": {"type": "text", "text": self.header}} if self.header else {}
        parts |= {**interactive, "body": {"text": body}}
        return {**parts, "footer": {"text": self.footer}} if self.footer else parts

    def words(self, body: str) -> str:
        return "\n".join(each for each in (self.header, body, self.footer) if each)


NO_FRAME = Frame()


def texts(text: str) -> list[Rendered]:
    """One message, or more when the text is longer than one may be; none for an empty text. A web address in it gets a
    preview of its page."""
    return [Rendered({"type": "text", "text": _text(piece)}, piece) for piece in split(text, TEXT_LIMIT)]


def file(media: Media, caption: str) -> Rendered:
    """A picture, a video, a sound, a sticker or a document; ``caption`` fits, or is empty."""
    part = {**media.part, "caption": caption} if caption else dict(media.part)
    if media.kind == "image":
        return Rendered({"type": "image", "image": part}, f"{caption} [image: {media.shown}]".strip())
    return Rendered({"type": media.kind, media.kind: part}, f"{caption}\n[{media.kind}] {media.shown}".strip())


def choice(body: str, options: Sequence[Option], list_button: str, frame: Frame = NO_FRAME) -> Rendered | None:
    """Reply buttons, else a list; None when WhatsApp can show these options as neither.

    ``body`` has from 1 to BODY_LIMIT characters, ``list_button`` at most LIST_BUTTON_LIMIT; ``frame`` fits.
    """
    interactive = _buttons(options) or _list(options, list_button)
    if interactive is None:
        return None
    titles = " ".join(f"[{option.title}]" for option in options)
    offers = tuple(option.payload for option in options)
    payload = {"type": "interactive", "interactive": frame.around(interactive, body)}
    return Rendered(payload, f"{frame.words(body)} {titles}", offers)


def url_button(body: str, title: str, address: str, frame: Frame = NO_FRAME) -> Rendered | None:
    """A button that opens an address; None when its title is too long."""
    if not 0 < len(title) <= URL_TITLE_LIMIT:
        return None
    action = {"name": "cta_url", "parameters": {"display_text": title, "url": address}}
    interactive = frame.around({"type": "cta_url", "action": action}, body)
    return Rendered({"type": "interactive", "interactive": interactive}, f"{frame.words(body)} [{title}: {address}]")


def numbered(options: Sequence[Option]) -> str:
    """The options as lines of text, for the customer to answer in words."""
    lines: list[str] = []
    section = ""
    for number, option in enumerate(options, start=1):
        if option.section != section:
            section = option.section
            lines.append(section)
        about = f": {option.description}" if option.description else ""
        lines.append(f"{number}. {option.title}{about}")
    return "\n".join(line for line in lines if line)


def passed_through(raw: Any) -> tuple[Rendered | None, str | None]:
    """A designer's own Cloud API message (``custom: {whatsapp: {...}}``), and the field that WhatsApp would refuse.

    The message is None when it is none at all. It needs ``type`` and the part of that name.
    """
    kind = raw.get("type") if isinstance(raw, Mapping) else None
    if not isinstance(kind, str) or not isinstance(raw.get(kind), (dict, list)):
        return None, "type"
    try:
        payload = json.loads(json.dumps(clean_json({key: raw[key] for key in raw if key not in _ENVELOPE})))
    except (TypeError, ValueError):  # YAML can hold dates and other things that JSON cannot
        return None, kind
    if kind == "location" and isinstance(payload[kind], dict):  # in Meta's description these are texts
        payload[kind] = {key: str(v) if type(v) in (int, float) else v for key, v in payload[kind].items()}
    titles, offers = _offered(payload)
    words = _words(payload) or f"[{kind}]"
    transcript = " ".join([words, *(f"[{title}]" for title in titles)])
    return Rendered(payload, transcript, tuple(offers)), wrong_field(payload)


def plain_words(value: Any) -> list[str]:
    """What a person would read in a message that cannot be sent as it was meant, in order, for a text in its place."""
    if isinstance(value, Mapping):
        keys = ("header", "title", "body", "text", "caption", "name", "formatted_name", "description", "address",
                "display_text", "flow_cta", "button", "phone", "phones", "contacts", "url", "link", "interactive",
                "action", "parameters", "sections", "buttons", "reply", "rows", "footer", "image", "video", "audio",
                "document", "location", "latitude", "longitude")  # fmt: skip
        found = [words for key in keys if key in value for words in plain_words(value[key])]
    elif isinstance(value, (list, tuple)):
        found = [words for item in value for words in plain_words(item)]
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = [str(value)]
    else:
        found = [value.strip()] if isinstance(value, str) and value.strip() else []
    return list(dict.fromkeys(found))


def _text(piece: str) -> dict[str, Any]:
    return {"body": piece, "preview_url": True} if "https://" in piece or "http://" in piece else {"body": piece}


def _buttons(options: Sequence[Option]) -> dict[str, Any] | None:
    fits = len(options) <= MAX_BUTTONS and all(len(option.title) <= BUTTON_TITLE_LIMIT for option in options)
    fits = fits and not any(option.description or option.section for option in options)
    if not fits or not _distinct(options, [option.title for option in options], BUTTON_ID_LIMIT):
        return None
    buttons = [{"type": "reply", "reply": {"id": option.payload, "title": option.title}} for option in options]
    return {"type": "button", "action": {"buttons": buttons}}


def _list(options: Sequence[Option], list_button: str) -> dict[str, Any] | None:
    rows = [_row(option) for option in options]
    fits = len(rows) <= MAX_ROWS and all(row is not None for row in rows)
    titles = [row["title"] for row in rows if row is not None]
    if not fits or not _distinct(options, titles, ROW_ID_LIMIT):
        return None
    if any(len(option.section) > SECTION_TITLE_LIMIT for option in options):
        return None
    # Meta wants a title for each section, even when there is one.
    sections: dict[str, list[Any]] = {}
    for option, row in zip(options, rows, strict=True):
        sections.setdefault(option.section or list_button, []).append(row)
    listed = [{"title": title, "rows": mine} for title, mine in sections.items()]
    return {"type": "list", "action": {"button": list_button, "sections": listed}}


def _row(option: Option) -> dict[str, str] | None:
    """A row; a title that is too long is cut, and stands in full in the description. None: it fits in neither."""
    if len(option.title) <= ROW_TITLE_LIMIT:
        title, about = option.title, option.description
    else:
        title = split(option.title, ROW_TITLE_LIMIT - 1)[0] + "…"
        about = ": ".join(part for part in (option.title, option.description) if part)
    if len(about) > ROW_DESCRIPTION_LIMIT:
        return None
    return {"id": option.payload, "title": title, **({"description": about} if about else {})}


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
