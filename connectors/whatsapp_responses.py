"""Reads the parts of a Rasa response, any of which may be missing or of another kind than expected."""

from __future__ import annotations

import re
from typing import Any, Mapping

import structlog

from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_media_out import Media, kind_in, kind_of_address, media_of
from connectors.whatsapp_payloads import Frame, Option
from connectors.whatsapp_text import clean

log = structlog.get_logger()

_ADDRESS = re.compile(r"https?://[^\s/]\S{0,2000}")


def buttons_in(value: Any) -> tuple[list[Option], list[tuple[str, str]]]:
    """Each button once: those that come back, and those that open an address (title, address)."""
    options: dict[tuple[str, str], Option] = {}
    links: list[tuple[str, str]] = []
    for button in items_in(value):
        fields = button if isinstance(button, Mapping) else {"title": button}
        title = " ".join(words_in(fields.get("title")).split())
        address, payload = words_in(fields.get("url")), words_in(fields.get("payload"))
        if address and _ADDRESS.fullmatch(address):
            links.append((title, address))
        elif title or payload or address:
            option = Option(title=title or address or " ".join(payload.split()), payload=payload or title or address)
            options.setdefault((title, payload), option)
    return list(options.values()), links


def frame_in(fields: Json) -> tuple[Frame, str, str]:
    """A header and a footer; what of them is too long stands above or below in the body instead."""
    header, footer = words_in(fields.get("header")), words_in(fields.get("footer"))
    above, below = not Frame(header=header).fits, not Frame(footer=footer).fits
    frame = Frame("" if above else header, "" if below else footer)
    return frame, header if above else "", footer if below else ""


def media_in(response: Json) -> tuple[list[Media], list[str]]:
    """The picture and the file in a response; and as words what can be sent as neither."""
    media: list[Media] = []
    instead: list[str] = []
    picture, attachment = response.get("image"), response.get("attachment")
    found = [media_of("image", _source(picture))] if picture else []
    kind = kind_in(attachment) or kind_of_address(link_in(attachment))
    if kind is not None:
        payload = object_in(attachment, "payload") if isinstance(attachment, Mapping) else {}
        found.append(media_of(kind, payload if kind_in(attachment) and payload else link_in(attachment)))
    for each in found:
        if isinstance(each, Media):
            media.append(each)
            continue
        if each.words or kind is not None:
            log_degraded(kind or "image", each.problem)
        instead.append(each.words)
    if kind is None:
        instead.insert(0, link_in(attachment))
    return media, instead


def _source(picture: Any) -> Any:
    """The picture of a response: its address, or (an object) its address or its bytes."""
    if isinstance(picture, Mapping) and text_of(picture.get("data")):
        return picture
    return link_in(picture)


def log_degraded(what: str, field: str) -> None:
    log.warning("whatsapp.became_text", what=what, reason=field)


def element_of(element: Any) -> Json:
    """A card of a carousel, as a response of its own."""
    fields = element if isinstance(element, Mapping) else {"title": element}
    lines = [words_in(fields.get("title")), words_in(fields.get("subtitle"))]
    return {
        "text": "\n".join(line for line in lines if line),
        "image": fields.get("image_url"),
        "buttons": fields.get("buttons"),
    }


def link_in(value: Any) -> str:
    """The address in an ``image`` or ``attachment``, which may be an object that holds it."""
    if isinstance(value, Mapping):
        places = [value, object_in(value, "payload")]
        found = [text_of(place.get(key)) for place in places for key in ("link", "url", "src")]
        value = next((address for address in found if address), None)
    return words_in(value)


def joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def words_in(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    return clean(value).strip() if isinstance(value, str) else ""


def items_in(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []
