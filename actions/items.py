"""Which item of an order a customer means, in whatever words."""

from __future__ import annotations

import re
from typing import Sequence

from actions.shop import Line

_WORD = re.compile(r"[a-z]{3,}")
# Words that say nothing about the item.
_EMPTY = frozenset(
    {"the", "and", "one", "ones", "item", "items", "please", "return", "send", "back", "want", "set", "sets", "have",
     "that", "this", "with", "its", "for", "mine", "order", "can", "could"}
)  # fmt: skip


def line_meant(text: str, lines: Sequence[Line]) -> Line | None:
    """The line whose name has most words in common with the text; None when there is none, or two that fit alike."""
    said = _words(text)
    scores = [(len(said & _names(line)), line) for line in lines]
    best = max((score for score, _ in scores), default=0)
    fitting = [line for score, line in scores if score == best]
    return fitting[0] if best and len(fitting) == 1 else None


def _names(line: Line) -> set[str]:
    """The words that name an item; in one as well, as in "doormat"."""
    names = (line.name, line.plural or "")
    return set().union(*(_words(name) | _words(name.replace(" ", "")) for name in names))


def _words(text: str) -> set[str]:
    """The words of a text, each without its plural's ending: people write "mug" for "two mugs"."""
    return {_stem(word) for word in _WORD.findall(text.lower())} - _EMPTY


def _stem(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("ves"):
        return f"{word[:-3]}f"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
