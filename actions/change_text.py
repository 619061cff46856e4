"""What a customer wants changed in an order, read from their words. Pure functions."""

from __future__ import annotations

import re
from typing import Literal, Sequence

from actions.items import line_meant
from actions.shop import Line

Kind = Literal["remove", "quantity", "other"]

# Entities that RegexEntityExtractor reads in the words (data/nlu/entities.yml), and what they stand for; the first that
# is there decides: "swap the mugs for glasses, only two" is no change of a quantity.
KIND_OF_ENTITY: dict[str, Kind] = {"other_change": "other", "removal": "remove", "new_quantity": "quantity"}

_WORDS = "none,one,two,three,four,five,six,seven,eight,nine,ten,eleven,twelve"
_NUMBERS = {word: number for number, word in enumerate(_WORDS.split(","))}
_NUMBERS |= {"zero": 0, "single": 1, "both": 2, "couple": 2, "pair": 2}
_NUMBER = re.compile(rf"(?<![\w#])(\d{{1,3}}|{'|'.join(_NUMBERS)})(?!\w)", re.IGNORECASE)
# What a number stands behind when it is not the number that is wanted: "2 instead of 3", "three not four".
_OLD = re.compile(r"\b(?:instead of|rather than|not|from)\b(?:\s+(?:of|the))*", re.IGNORECASE)
_TO = re.compile(r"\b(?:to|make it|meant|need|want(?:ed)?)\s+(?:just\s+|only\s+|be\s+)*", re.IGNORECASE)


def kind_in(entities: Sequence[str]) -> Kind | None:
    """What sort of change the entities of a message stand for; None when they do not say."""
    return next((kind for entity, kind in KIND_OF_ENTITY.items() if entity in entities), None)


def number_in(text: str) -> int | None:
    """How many are wanted: ``make it 3 instead of 2`` is 3, ``from 2 to three`` is 3. Order numbers are too long."""
    wanted = _number(text, _TO.search(text))
    if wanted is not None:
        return wanted
    old = _OLD.search(text)
    before = _NUMBER.search(text[: old.start()] if old and _NUMBER.search(text[: old.start()]) else text)
    return _value(before.group(1)) if before else None


def number_removed(text: str, line: Line) -> int:
    """How many stay when some are taken out: ``take one mug off`` leaves one of two, ``remove the mugs`` none."""
    found = number_in(text)
    return line.quantity - found if found is not None and 0 < found < line.quantity else 0


def item_in(text: str, lines: Sequence[Line]) -> Line | None:
    """The item that is meant, by its stock number or in words; the only one needs no words."""
    by_number = next((line for line in lines if line.sku.lower() == text.strip().lower()), None)
    return by_number or line_meant(text, lines)


def _number(text: str, after: re.Match[str] | None) -> int | None:
    found = _NUMBER.match(text, after.end()) if after else None
    return _value(found.group(1)) if found else None


def _value(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]
