"""A customer's file as the templates want it."""

from __future__ import annotations

from typing import Any, Mapping
from urllib.parse import quote

LARGEST_SIDE = 320  # of a picture in the transcript, in CSS pixels
STICKER_SIDE = 128

_LABELS = {"image": "Photo", "video": "Video", "audio": "Audio", "document": "Document", "sticker": "Sticker"}


def media_item(media: Any) -> dict[str, Any] | None:
    """What to draw: ``show`` is picture, film, sound, pdf or file once it is here; before that waiting or missing."""
    if not isinstance(media, Mapping) or not media.get("id"):
        return None
    kind, status = str(media.get("kind") or "file"), str(media.get("status"))
    label = "Voice message" if media.get("voice") else _LABELS.get(kind, "File")
    width, height = _box(media, STICKER_SIDE if kind == "sticker" else LARGEST_SIDE)
    return {
        "show": _show(media, status),
        "kind": kind,
        "label": label,
        "address": f"/media/{quote(str(media['id']), safe='')}",
        "name": str(media.get("filename") or label),
        "facts": " · ".join(part for part in (_type_label(media), size_label(media.get("size"))) if part),
        "error": str(media["error"]) if media.get("error") else None,
        "width": width,
        "height": height,
    }


def size_label(size: Any) -> str:
    """A size in bytes as people read it."""
    if not isinstance(size, int):
        return ""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} kB" if size < 999_500 else f"{size / 1_000_000:.1f} MB"


def _show(media: Mapping[str, Any], status: str) -> str:
    if status == "pending":
        return "waiting"
    if status != "ready":
        return "missing"
    kind = str(media.get("type") or "")
    if not media.get("inline"):
        return "file"
    if kind == "application/pdf":
        return "pdf"
    return {"image": "picture", "video": "film", "audio": "sound"}.get(kind.partition("/")[0], "file")


def _box(media: Mapping[str, Any], side: int) -> tuple[int | None, int | None]:
    """The place that a picture takes, known before it is there, so that nothing jumps when it comes."""
    width, height = media.get("width"), media.get("height")
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        return None, None
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _type_label(media: Mapping[str, Any]) -> str:
    """``PDF``, ``DOCX``: the ending of its name, which people know, or else its type."""
    ending = str(media.get("filename") or "").rpartition(".")
    if ending[1] and 0 < len(ending[2]) <= 5 and ending[2].isalnum():
        return ending[2].upper()
    return str(media.get("type") or "").rpartition("/")[2].upper()[:12] if media.get("type") else ""
