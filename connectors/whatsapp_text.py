"""Text as WhatsApp and a database can take it: cleaned, and cut where a reader would pause."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

MAX_DEPTH = 32  # Meta's webhooks nest about 12 deep; more is not theirs and would exhaust the stack

_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s|[。！？]|\n")
_WORD = re.compile(r"\s")
_JOINERS = "\u200d\ufe0e\ufe0f"


def clean(text: str) -> str:
    """``text`` without what UTF-8 or PostgreSQL refuses: lone surrogates become ``?``, NUL goes."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def clean_json(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy of a JSON value with every string cleaned, and nothing deeper than ``depth`` (None stands there)."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None  # NaN and Infinity are Python's, no database's JSON takes them
    if not isinstance(value, (dict, list)):
        return value
    if depth <= 0:
        return None
    if isinstance(value, dict):
        return {clean(str(key)): clean_json(item, depth - 1) for key, item in value.items()}
    return [clean_json(item, depth - 1) for item in value]


def split(text: str, limit: int) -> list[str]:
    """Cut ``text`` into pieces of at most ``limit`` characters, at the latest paragraph, sentence or word border.

    Only white space is lost, and only at a cut. Text of nothing but white space gives no pieces.
    """
    pieces = []
    rest = text.strip()
    while len(rest) > limit:
        cut = _cut(rest, limit)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def split_tail(text: str, limit: int) -> tuple[str, str]:
    """Cut ``text`` in two: what must go before, and an ending of at most ``limit`` characters."""
    tail = (split(text, limit) or [""])[-1]
    return text.strip()[: len(text.strip()) - len(tail)].rstrip(), tail


def _cut(text: str, limit: int) -> int:
    """Where to cut a text that is longer than ``limit`` and starts with no white space; from 1 to ``limit``."""
    # a piece of a few words before a long paragraph reads worse than a cut inside the paragraph
    for border, earliest in ((_PARAGRAPH, limit // 2), (_SENTENCE, limit // 2), (_WORD, 1)):
        ends = [len(text[: match.end()].rstrip()) for match in border.finditer(text, 0, limit + 1)]
        fitting = [end for end in ends if max(1, earliest) <= end <= limit]
        if fitting:
            return fitting[-1]
    cut = limit
    while cut > 1 and _joins(text[cut]):
        cut -= 1
    return cut if cut > 1 else limit


def _joins(character: str) -> bool:
    """Whether a character belongs to the one before it (accents, emoji sequences)."""
    return character in _JOINERS or unicodedata.combining(character) > 0
