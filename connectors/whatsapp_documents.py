"""Documents that the bot sends: the file in an attachment, and a name for it that can stand on any phone.

An action gives a response the attachment ``{"type": "document", "payload": {"data": "data:application/pdf;base64,...",
"filename": "invoice-1042.pdf", "caption": "..."}}``, or ``"link": "https://..."`` in place of ``data``. What cannot be
sent as a document becomes text. The types are Meta's (Cloud API, supported media types).
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Collection

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
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_NOT_IN_NAMES = frozenset('<>:"|?*')


class NotADocument(ValueError):
    """The file cannot be sent as a document. The text says why, without anything of its contents."""


@dataclass(frozen=True)
class File:
    """A file and its MIME type."""

    content: bytes
    type: str


def read_data(address: str, types: Collection[str] = tuple(ENDINGS), limit: int = SIZE_LIMIT) -> File:
    """The file in a ``data:`` address, if it is of one of ``types`` and has at most ``limit`` bytes.

    Raises:
        NotADocument: it is no such address, empty, too large, or of a type that WhatsApp does not take.
    """
    start = _DATA.match(address)
    if start is None:
        raise NotADocument("data must be data:<type>;base64,<the file>")
    kind = start.group(1).lower()
    if kind not in types:
        raise NotADocument(f"WhatsApp takes no such files of the type {kind[:60]}")
    if len(address) - start.end() > (limit + 2) // 3 * 4:
        raise NotADocument(f"the file is larger than {limit} bytes")
    try:
        content = base64.b64decode(address[start.end() :], validate=True)
    except ValueError as error:
        raise NotADocument("data is not base64") from error
    if not content or len(content) > limit:
        raise NotADocument("the file is empty" if not content else f"the file is larger than {limit} bytes")
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
    if kind in ENDINGS and (ending is None or ending.group().lower() not in ENDINGS[kind]):
        name, ending = name + ENDINGS[kind][0], _ENDING.search(ENDINGS[kind][0])
    tail = ending.group() if ending else ""
    return name[: len(name) - len(tail)][: FILENAME_LIMIT - len(tail)].rstrip() + tail


def _may_stand(character: str) -> bool:
    return character not in _NOT_IN_NAMES and unicodedata.category(character)[0] != "C"
