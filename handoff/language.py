"""The language of a short text, told only when there is little doubt. Loaded when it is first asked for.

Short messages, names, postcodes and typos look like any language. So a text is told only if it has enough letters, if
the model is sure of it, and if it has not the small words that English alone has. The figures behind the limits are in
docs/decisions/0012.
"""

from __future__ import annotations

import functools
import re
from typing import Any

LEAST_LETTERS = 14
LEAST_LATIN_WORDS = 3
LEAST_PROBABILITY = 0.95
LEAST_ENGLISH = 0.15  # this share of English words makes a text English enough

# Widely written languages; the model knows others, which look like misspelt English or like a neighbour in this list.
NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian",
    "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "ta": "Tamil", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_WORDS = (
    "about account after again and any anyone are back because been before broken can cant could customer delivery did "
    "didnt does dont email for from get has have hello help how human im invoice it its ive late lost money my need "
    "never not of order ordered paid parcel payment please received refund return should someone still that thats the "
    "their there they this want was what when where which why will with would write wrong you your youre youve"
)
_ENGLISH = frozenset(_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def surely(text: str) -> str | None:
    """The language's two letters, or None where there is doubt (or it looks like English with a foreign word)."""
    words = _WORD.findall(text)
    if words and all(word.istitle() for word in words):  # a name or an address
        return None
    words = [word.casefold() for word in words]
    # A letter of another script says more than a Latin one.
    letters = sum(1 if letter < "\u0250" else 3 for word in words for letter in word)
    if letters < LEAST_LETTERS or (len(words) < LEAST_LATIN_WORDS and text.isascii()):
        return None
    english = sum(word.replace("'", "").replace("’", "") in _ENGLISH for word in words)
    if english >= LEAST_ENGLISH * len(words):
        return None
    language, probability = _classify(" ".join(words))
    return language if probability >= LEAST_PROBABILITY else None


def name(language: str) -> str:
    return NAMES.get(language, f"the language '{language}'")


@functools.lru_cache(maxsize=1024)
def _classify(text: str) -> tuple[str, float]:
    language, probability = _identifier().classify(text)
    return str(language), float(probability)


@functools.lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(NAMES))
    return identifier
