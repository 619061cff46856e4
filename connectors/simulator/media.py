"""Files that were uploaded: kept on disk, each for one number; Meta's rules say what the business may send.

The business's files live 30 days, a customer's 7, by the pretended clock.

The list is in memory and in the simulator's database; the bytes lie in a folder beside it, a file for each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Mapping

from connectors.simulator.errors import GraphError
from connectors.simulator.model import Document
from connectors.simulator.storage import Storage

KEPT_SECONDS = 30 * 24 * 3600
INBOUND_KEPT_SECONDS = 7 * 24 * 3600
URL_SECONDS = 5 * 60

MB = 1024 * 1024
DOCUMENT = "document"
_OFFICE = "application/vnd.openxmlformats-officedocument"
# MIME type -> the kind of message it may be sent as, and its size limit
TYPES: dict[str, tuple[str, int]] = {
    **{f"audio/{name}": ("audio", 16 * MB) for name in ("aac", "mp4", "mpeg", "amr", "ogg", "opus")},
    **{f"video/{name}": ("video", 16 * MB) for name in ("mp4", "3gpp")},
    **{f"image/{name}": ("image", 5 * MB) for name in ("jpeg", "png")},
    "image/webp": ("sticker", 500 * 1024),
    "application/pdf": (DOCUMENT, 100 * MB),
    "application/msword": (DOCUMENT, 100 * MB),
    "application/vnd.ms-excel": (DOCUMENT, 100 * MB),
    "application/vnd.ms-powerpoint": (DOCUMENT, 100 * MB),
    f"{_OFFICE}.wordprocessingml.document": (DOCUMENT, 100 * MB),
    f"{_OFFICE}.spreadsheetml.sheet": (DOCUMENT, 100 * MB),
    f"{_OFFICE}.presentationml.presentation": (DOCUMENT, 100 * MB),
    "text/plain": (DOCUMENT, 100 * MB),
}


# How a customer's file may come, and what else its sender may say with it
KINDS: dict[str, tuple[str, ...]] = {
    "image": ("caption",),
    "video": ("caption",),
    "audio": (),
    DOCUMENT: ("caption", "filename"),
    "sticker": (),
}
INBOUND_LIMIT = 100 * MB
STILL_STICKER_LIMIT = 100 * 1024
_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;[\w\s=\".+,-]*)?")


@dataclass
class Media(Document):
    """One uploaded file. ``number`` is the business's number id for which it was uploaded; ``at`` in Unix seconds.

    ``inbound``: a customer's. ``voice``: recorded by them. ``animated``: a sticker that moves.
    """

    id: str
    number: str
    mime_type: str
    filename: str
    size: int
    sha256: str
    at: float
    inbound: bool = False
    voice: bool = False
    animated: bool = False

    def shown(self) -> dict[str, Any]:
        """What the phone shows of it beside a message."""
        return {"id": self.id, "mime_type": self.mime_type, "size": self.size}

    @property
    def plain_type(self) -> str:
        """The MIME type without its parameters."""
        return self.mime_type.partition(";")[0].strip()

    def may_come_as(self) -> tuple[str, ...]:
        """The kinds of message that it can be in, the usual one first. Anything may come as a document."""
        kind = self.mime_type.partition("/")[0]
        if kind == "image":
            return ("sticker", "image", DOCUMENT) if self.plain_type == "image/webp" else ("image", DOCUMENT)
        return (kind, DOCUMENT) if kind in KINDS else (DOCUMENT,)

    def in_webhook(self, kind: str, url: str) -> dict[str, Any]:
        """The media object of a customer's message."""
        digest = base64.b64encode(bytes.fromhex(self.sha256)).decode()
        facts: dict[str, Any] = {"id": self.id, "mime_type": self.mime_type, "sha256": digest, "url": url}
        if kind == DOCUMENT:
            facts["filename"] = self.filename
        elif kind == "audio":
            facts["voice"] = self.voice
        elif kind == "sticker":
            facts["animated"] = self.animated
        return facts


def checked_type(declared: str | None) -> str:
    """The MIME type of an upload, without its parameters.

    Raises:
        GraphError: 100, a type that Meta does not take.
    """
    kind = (declared or "application/octet-stream").partition(";")[0].strip().lower()
    if kind not in TYPES:
        known = ", ".join(sorted(TYPES))
        raise GraphError(100, f"Param file must be a file with one of the types {known}; this one has '{kind}'.")
    return kind


class MediaShelf:
    """The uploaded files. ``now`` is the pretended time, by which they age."""

    def __init__(self, storage: Storage, folder: Path, secret: str, now: Callable[[], float]) -> None:
        self._storage = storage
        self._folder = folder
        self._secret = secret.encode()
        self._now = now
        self._kept = {entry["id"]: Media(**entry) for entry in storage.load("media")}

    def add(self, number: str, mime_type: str, filename: str, content: bytes) -> Media:
        """Keep a file.

        Raises:
            GraphError: 100, it is empty, too large, or not of the type it was said to be.
        """
        kind, limit = TYPES[mime_type]
        if not content:
            raise GraphError(100, "Param file is empty.")
        if len(content) > limit:
            raise GraphError(100, f"File Too Large: at most {limit} bytes are taken as {kind}.")
        if kind == "sticker" and len(content) > STILL_STICKER_LIMIT and not _moves(content):
            raise GraphError(100, f"File Too Large: at most {STILL_STICKER_LIMIT} bytes are taken as a still sticker.")
        if mime_type == "application/pdf" and b"%PDF-" not in content[:1024]:
            raise GraphError(131053, "The file is said to be application/pdf, and is not.")
        return self._keep(number, mime_type, filename, content)

    def receive(self, number: str, mime_type: str, filename: str, content: bytes, voice: bool) -> Media:
        """Keep a customer's file for the number that they write to. Customers may send any type.

        Raises:
            ValueError: it is empty or too large, or its type is none.
        """
        if not content:
            raise ValueError("The file is empty.")
        if len(content) > INBOUND_LIMIT:
            raise ValueError(f"The file is too large: WhatsApp takes {INBOUND_LIMIT} bytes.")
        if not _MIME_TYPE.fullmatch(mime_type):
            raise ValueError("The file must have a type, such as image/jpeg.")
        if voice and not mime_type.startswith("audio/"):
            raise ValueError("Only a file of a type audio/... can be a voice note.")
        facts = {"inbound": True, "voice": voice, "animated": _moves(content)}
        return self._keep(number, mime_type, filename, content, **facts)

    def copy(self, media: Media) -> Media:
        """The same file under an id of its own."""
        copied = replace(media, id=_new_id(), at=self._now())
        os.link(self.content(media), self.content(copied))
        return self._note(copied)

    def _keep(self, number: str, mime_type: str, filename: str, content: bytes, **facts: bool) -> Media:
        digest = hashlib.sha256(content).hexdigest()
        media = Media(_new_id(), number, mime_type, filename, len(content), digest, self._now(), **facts)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.content(media).write_bytes(content)
        return self._note(media)

    def _note(self, media: Media) -> Media:
        self._kept[media.id] = media
        self._storage.put("media", media.id, media)
        return media

    def find(self, media_id: object) -> Media | None:
        """The file with this id, unless it is gone or too old."""
        media = self._kept.get(media_id) if isinstance(media_id, str) else None
        if media is None:
            return None
        kept = INBOUND_KEPT_SECONDS if media.inbound else KEPT_SECONDS
        return media if self._now() - media.at < kept else None

    def need(self, media_id: str, number: str | None) -> Media:
        """The file with this id; ``number`` is the one for which it must have been uploaded, if given.

        Raises:
            GraphError: 100 with the subcode 33, as for every object that does not exist.
        """
        media = self.find(media_id)
        if media is None or number not in (None, media.number):
            raise GraphError(100, f"There is no object with the id '{media_id}', or it may not be seen.", subcode=33)
        return media

    def for_message(self, kind: str, part: Mapping[str, Any], number: str) -> Media | None:
        """The uploaded file that a message of this kind names by its id; None when it has none.

        Raises:
            GraphError: 131009 for an id that is not known for this number, 131053 for a file of another kind. Any file
            may go as a document.
        """
        media_id = part.get("id")
        if kind not in {sent_as for sent_as, _ in TYPES.values()} or not media_id:
            return None
        media = self.find(media_id)
        if media is None or media.number != number:
            raise GraphError(131009, f"Param {kind}['id'] is not the id of media that was uploaded for this number.")
        if kind not in (DOCUMENT, TYPES.get(media.plain_type, (DOCUMENT,))[0]):
            raise GraphError(131053, f"A file of the type {media.mime_type} cannot be sent as {kind}.")
        return media

    def content(self, media: Media) -> Path:
        """Where its bytes are."""
        return self._folder / media.id

    def delete(self, media: Media) -> None:
        self._kept.pop(media.id, None)
        self._storage.remove("media", media.id)
        self.content(media).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all files; the storage forgets its list with everything else."""
        for media in list(self._kept.values()):
            self.delete(media)

    def ticket(self, media: Media) -> dict[str, str]:
        """The query of an address at which the file can be had for URL_SECONDS."""
        ends = str(int(self._now() + URL_SECONDS))
        return {"mid": media.id, "ext": ends, "hash": self._sign(media.id, ends)}

    def admit(self, query: Mapping[str, str]) -> Media | None:
        """The file that a ticket is for; None when it is forged, late, or the file is gone."""
        media_id, ends = query.get("mid", ""), query.get("ext", "")
        genuine = hmac.compare_digest(self._sign(media_id, ends).encode(), query.get("hash", "").encode())
        in_time = ends.isascii() and ends.isdigit() and self._now() <= int(ends)
        return self.find(media_id) if genuine and in_time else None

    def _sign(self, media_id: str, ends: str) -> str:
        return hmac.new(self._secret, f"{media_id}.{ends}".encode(), hashlib.sha256).hexdigest()[:32]


def _moves(content: bytes) -> bool:
    """Whether this is an animated WebP: its first chunk says so."""
    return content[12:16] == b"VP8X" and len(content) > 20 and bool(content[20] & 2)


def _new_id() -> str:
    return str(secrets.randbelow(9 * 10**14) + 10**14)
