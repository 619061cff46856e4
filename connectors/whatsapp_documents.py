"""Documents that the bot sends: an attachment as an action writes it, and the file that is in it.

An action gives a response the attachment ``{"type": "document", "payload": {"data": "data:application/pdf;base64,...",
"filename": "invoice-1042.pdf", "caption": "..."}}``, or ``"link": "https://..."`` in place of ``data``. What cannot be
sent as a document becomes text. The types are Meta's (Cloud API, supported media types).
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Mapping
from urllib.parse import unquote, urlsplit

from connectors.whatsapp_fields import Json, object_in, text_of
from connectors.whatsapp_text import clean

SIZE_LIMIT = 5 * 1024 * 1024  # bytes of a file that travels in a response; WhatsApp itself takes 100 MB
FILENAME_LIMIT = 240
# each type with the endings of its files; the ending decides which icon the customer sees
ENDINGS = {
    "application/pdf": (".pdf",),
    "text/plain": (".txt", ".csv", ".log"),
    "application/msword": (".doc",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.ms-powerpoint": (".ppt",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
}

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[^;,\s]{0,100}){0,4};base64,", re.ASCII | re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s/]\S{0,2000}")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_NOT_IN_NAMES = frozenset('<>:"|?*')


class NotADocument(ValueError):
    """The file cannot be sent as a document. The text says why, without anything of its contents."""


@dataclass(frozen=True)
class File:
    """A file and its MIME type."""

    content: bytes
    type: str


@dataclass(frozen=True)
class Document:
    """``source`` is ``{"data": ...}`` or ``{"link": ...}``; None when it cannot be sent, and ``problem`` says why."""

    source: Mapping[str, str] | None
    filename: str
    caption: str
    problem: str = ""

    @property
    def instead(self) -> str:
        """What to write in place of a document that cannot be sent."""
        return "\n\n".join(part for part in (self.caption, self.filename) if part)


def document_in(attachment: Any) -> Document | None:
    """The document in a response's attachment; None when it is an attachment of another kind. Never raises."""
    if not isinstance(attachment, Mapping) or attachment.get("type") != "document":
        return None
    payload = object_in(attachment, "payload")
    caption = clean(text_of(payload.get("caption")) or "").strip()
    name = payload.get("filename")
    try:
        source, kind = _source(payload)
        return Document(source, file_name(name or _name_in(source), kind), caption)
    except ValueError as error:
        link = clean(text_of(payload.get("link")) or "").strip()
        return Document(None, link or file_name(name, None, default=""), caption, str(error))


def read_data(address: str) -> File:
    """The file in a ``data:`` address.

    Raises:
        NotADocument: it is no such address, empty, too large, or of a type that WhatsApp does not take.
    """
    start = _DATA.match(address)
    if start is None:
        raise NotADocument("data must be data:<type>;base64,<the file>")
    kind = start.group(1).lower()
    if kind not in ENDINGS:
        raise NotADocument(f"WhatsApp takes no documents of the type {kind[:60]}")
    if len(address) - start.end() > (SIZE_LIMIT + 2) // 3 * 4:
        raise NotADocument(f"the file is larger than {SIZE_LIMIT} bytes")
    try:
        content = base64.b64decode(address[start.end() :], validate=True)
    except ValueError as error:
        raise NotADocument("data is not base64") from error
    if not content or len(content) > SIZE_LIMIT:
        raise NotADocument("the file is empty" if not content else f"the file is larger than {SIZE_LIMIT} bytes")
    if kind == "application/pdf" and b"%PDF-" not in content[:1024]:
        raise NotADocument("the file says that it is a PDF, and is none")
    return File(content, kind)


def file_name(given: Any, kind: str | None, default: str = "document") -> str:
    """A name that can stand on any phone: no folders, no control or direction characters, at most FILENAME_LIMIT
    characters, and the ending of its type when that is known (``kind``)."""
    words = unicodedata.normalize("NFC", clean(given)) if isinstance(given, str) else ""
    last = re.split(r"[/\\]", words.rstrip("/\\ "))[-1]
    kept = "".join(" " if c.isspace() else c for c in last if c.isspace() or _may_stand(c))
    name = " ".join(kept.split()).strip(". ") or default
    ending = _ENDING.search(name)
    if kind is not None and (ending is None or ending.group().lower() not in ENDINGS[kind]):
        name, ending = name + ENDINGS[kind][0], _ENDING.search(ENDINGS[kind][0])
    tail = ending.group() if ending else ""
    return name[: len(name) - len(tail)][: FILENAME_LIMIT - len(tail)].rstrip() + tail


def _source(payload: Json) -> tuple[dict[str, str], str | None]:
    """Where the file comes from, and its type when that is known.

    Raises:
        ValueError: it cannot be sent.
    """
    data, link = payload.get("data"), payload.get("link")
    if isinstance(data, str) and data:
        return {"data": data}, read_data(data).type
    if not isinstance(link, str) or not _ADDRESS.fullmatch(link := clean(link).strip()):
        raise NotADocument("there is neither data nor a web address in link")
    urlsplit(link)
    return {"link": link}, None


def _name_in(source: Mapping[str, str]) -> str:
    return unquote(urlsplit(source.get("link", "")).path).rpartition("/")[2]


def _may_stand(character: str) -> bool:
    return character not in _NOT_IN_NAMES and unicodedata.category(character)[0] != "C"
