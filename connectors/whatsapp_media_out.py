"""Files that the bot or an agent sends: which kinds there are, what WhatsApp takes as each, and what becomes of others.

A file is at a web address (``link``), or travels in the response (``data:<type>;base64,...``) and is uploaded later.
Types and sizes are Meta's (Cloud API, supported media types).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping
from urllib.parse import unquote, urlsplit

from connectors.whatsapp_documents import ENDINGS, SIZE_LIMIT, File, NotADocument, file_name, read_data
from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_text import clean

MEGABYTE = 1024 * 1024
TYPES: dict[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png"),
    "video": ("video/mp4", "video/3gpp"),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "sticker": ("image/webp",),
    "document": tuple(ENDINGS),
}
# of what travels in a response; WhatsApp itself takes larger videos, audio files and documents from an address
LIMITS = dict.fromkeys(("image", "video", "audio", "document"), SIZE_LIMIT) | {"sticker": 500 * 1024}
CAPTIONED = ("image", "video", "document")
VOICE = "voice"  # an audio file that plays as a recorded message: OGG with OPUS
_KINDS_BY_ENDING = {
    **dict.fromkeys((".jpg", ".jpeg", ".png"), "image"),
    **dict.fromkeys((".mp4", ".3gp"), "video"),
    **dict.fromkeys((".aac", ".amr", ".mp3", ".m4a", ".ogg"), "audio"),
    ".webp": "sticker",
    **{ending: "document" for endings in ENDINGS.values() for ending in endings},
}
_ADDRESS = re.compile(r"https?://[^\s/]\S{0,2000}")
_DATA_TYPE = re.compile(r"data:([\w.+-]+/[\w.+-]+)[;,]", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Media:
    """``part`` is the Cloud API's object, with ``data`` in place of an upload's id. ``caption`` may be too long for it,
    or be one that its kind cannot have: then it goes before."""

    kind: str
    part: Mapping[str, Any]
    caption: str
    shown: str  # in a transcript: its name or its address


@dataclass(frozen=True)
class NoMedia:
    """What to write in place of a file that cannot be sent, and why it cannot."""

    words: str
    problem: str


def media_of(kind: str, payload: Any) -> Media | NoMedia:
    """A file of a kind (``voice`` included) from what a response says of it. Never raises.

    A file that is not what it is said to be is sent as what it is, where WhatsApp takes it as anything.
    """
    fields = payload if isinstance(payload, Mapping) else {"link": payload}
    caption = clean(text_of(fields.get("caption")) or "").strip()
    name = text_of(fields.get("filename")) or ""
    link = next((each for each in map(text_of, map(fields.get, ("link", "src", "url"))) if each), "")
    link = clean(link).strip()
    data = text_of(fields.get("data")) or (link if link.startswith("data:") else "")
    link = "" if link.startswith("data:") else link
    try:
        if data:
            return _uploaded(kind, data, name, caption)
        if not _ADDRESS.fullmatch(link):
            raise NotADocument("there is neither data nor a web address in link")
        urlsplit(link)
        return _linked(kind, link, name, caption)
    except ValueError as error:
        shown = link or (file_name(name, None, default="") if name else "")
        return NoMedia("\n\n".join(each for each in (caption, shown) if each), str(error))


def kind_of_address(address: str) -> str | None:
    """What a web address leads to, by its ending; None when that does not say."""
    try:
        path = urlsplit(address).path.lower()
    except ValueError:
        return None
    ending = re.search(r"\.[a-z0-9]{1,5}$", path)
    return _KINDS_BY_ENDING.get(ending.group()) if ending and _ADDRESS.fullmatch(address) else None


def kind_in(attachment: Any) -> str | None:
    """The kind that a response's attachment names; None when it names none that WhatsApp has."""
    kind = attachment.get("type") if isinstance(attachment, Mapping) else None
    return {"file": "document", **{each: each for each in (*TYPES, VOICE)}}.get(str(kind))


def upload_in(message: Mapping[str, Any]) -> tuple[str, Json, File] | None:
    """The kind, the part and the file of a message that has to be uploaded first; None when nothing has.

    Raises:
        NotADocument: the file cannot be read.
    """
    kind = str(message.get("type"))
    part = object_in(message, kind)
    data = text_of(part.get("data"))
    if kind not in TYPES or data is None:
        return None
    return kind, part, read_data(data, TYPES[kind], LIMITS[kind])


def _uploaded(kind: str, data: str, name: str, caption: str) -> Media:
    found = _DATA_TYPE.match(data)
    declared = found.group(1).lower() if found else ""
    wanted = "audio" if kind == VOICE else kind
    real = wanted if declared in TYPES[wanted] else next((k for k in TYPES if declared in TYPES[k]), wanted)
    read_data(data, TYPES[real], LIMITS[real])
    return _media(real, {"data": data}, name, caption, declared, voice=kind == VOICE and declared == "audio/ogg")


def _linked(kind: str, link: str, name: str, caption: str) -> Media:
    wanted = "audio" if kind == VOICE else kind
    real = wanted if wanted == "document" else kind_of_address(link) or wanted
    return _media(real, {"link": link}, name, caption, None, voice=kind == VOICE)


def _media(kind: str, source: dict[str, Any], name: str, caption: str, declared: str | None, voice: bool) -> Media:
    shown = source.get("link") or name or kind
    if kind == "document":
        shown = source["filename"] = file_name(name or _name_in(source), declared)
    if kind == "audio" and voice:
        source["voice"] = True
    return Media(kind, source, caption, shown)


def _name_in(source: Mapping[str, str]) -> str:
    return unquote(urlsplit(source.get("link", "")).path).rpartition("/")[2]
