"""What a customer's file is, by its content: what its sender says about it is a claim."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import puremagic
from PIL import Image

HEAD_BYTES = 256 * 1024  # enough of a file to know its type, and a picture's size behind its metadata
_MAGIC_BYTES = 8 * 1024
_UNKNOWN = "application/octet-stream"
_TEXT = "text/plain"

# puremagic leaves these without a type, or has one name where WhatsApp has another
_BY_ENDING = {
    ".amr": "audio/amr",
    ".m4a": "audio/mp4",
    ".3ga": "audio/3gpp",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".mp3": "audio/mpeg",
    ".mpga": "audio/mpeg",
}
# One container, two uses: its first bytes do not tell them apart.
_ALSO = {"video/mp4": "audio/mp4", "video/3gpp": "audio/3gpp", "application/ogg": "audio/ogg", "audio/mp4": "video/mp4"}
_SAME = {"audio/mp3": "audio/mpeg", "image/jpg": "image/jpeg", "audio/x-m4a": "audio/mp4", "audio/opus": "audio/ogg"}

IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
# What a browser may show in place. All else is downloaded: it might be a program, or a page with one in it.
SHOWN = IMAGES | {"video/mp4", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "application/pdf"}


@dataclass(frozen=True)
class Facts:
    """``genuine``: the content is of the type that it was said to be. ``width`` and ``height`` in pixels, as shown."""

    type: str
    genuine: bool
    width: int | None = None
    height: int | None = None


def facts_of(head: bytes, declared: str | None) -> Facts:
    """What the first `HEAD_BYTES` of a file say about it."""
    claim = _SAME.get(declared or "", declared)
    found = _types(head[:_MAGIC_BYTES])
    kind = claim if claim in found else (found or [_UNKNOWN])[0]
    width, height = _pixels(head) if kind in IMAGES else (None, None)
    genuine = kind == claim or (claim is None and kind in SHOWN)
    return Facts(kind, genuine, width, height)


def may_be_shown(kind: str | None, genuine: bool | None) -> bool:
    return bool(genuine) and kind in SHOWN


def _types(head: bytes) -> list[str]:
    """The types that these first bytes can be of, the likeliest first."""
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return [_TEXT, "text/csv"] if _is_text(head) else []
    names: list[str] = []
    for match in matches:
        name = _BY_ENDING.get(match.extension) or match.mime_type
        names += [name, _ALSO[name]] if name in _ALSO else [name] if name else []
    return list(dict.fromkeys(names))


def _is_text(head: bytes) -> bool:
    if not head or b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 4 and len(head) >= _MAGIC_BYTES  # cut in the middle of a character
    return True


def _pixels(head: bytes) -> tuple[int | None, int | None]:
    """A picture's size as it is shown; None when its header cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a size that is suspicious is not decoded here
            with Image.open(io.BytesIO(head), formats=("JPEG", "PNG", "WEBP", "GIF")) as picture:
                turned = picture.format == "JPEG" and picture.getexif().get(0x0112) in (5, 6, 7, 8)
                width, height = picture.size
    except Exception:  # whatever a broken header makes of the decoder: the picture is kept all the same
        return None, None
    return (height, width) if turned else (width, height)
