"""The mood of an English text, from a lexicon (VADER). Loaded when it is first asked for."""

from __future__ import annotations

import functools
from typing import Any


@functools.lru_cache(maxsize=4096)
def score(text: str) -> float:
    """From -1 (angry, sad) to 1 (glad); 0 is neutral, and what the lexicon does not know. 0.1 to 0.3 ms a text."""
    return float(_analyzer().polarity_scores(text)["compound"])


@functools.lru_cache(maxsize=1)
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
