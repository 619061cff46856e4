"""An address as people type it: in one go or bit by bit, with words around it. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from actions.identity import order_number_in, postcode_in

_POSTCODE = re.compile(r"\b[a-z]{1,2}\d[a-z\d]?\s*\d[a-z]{2}\b", re.IGNORECASE)
_COUNTRY = re.compile(r"^(uk|u\.k\.|gb|united kingdom|great britain|england|scotland|wales)\.?$", re.IGNORECASE)
# What stands before an address in a sentence: "no, it's", "change it to", "my new address is".
_BEFORE = re.compile(
    r"^\W*(?:(?:no|nope|sorry|oh|ok|yes|actually|please|hi|hello|wait|and)\b[\s,.!]*)*"
    r"(?:.*?\b(?:address|street|town|city|house|it|that|this|parcel|order(?:\s+\d{4})?)\b"
    r"(?:\s+(?:should\s+be|must\s+be|is|to|at|will\s+be))+\s*:?\s+|it'?s\s+|its\s+|(?:to|at|is)\s+|address:?\s+)?",
    re.IGNORECASE,
)
_AFTER = re.compile(r"[\s,.]*\b(?:please|pls|plz|thanks|thank you|instead|not\b.*)[\s.!]*$", re.IGNORECASE)
_POSTCODE_IS = re.compile(
    r"\b(?:and\s+)?(?:the\s+|my\s+|new\s+)*post\s?code\b(?:\s+(?:is|should\s+be|to))*:?", re.IGNORECASE
)
_ORDER = re.compile(r"\b(?:(?:on|for|of)\s+)?(?:my\s+)?order\s+(?:no\.?\s*|number\s*)?#?\d{4}\b", re.IGNORECASE)
# "21 Market Street Leeds": where no comma says it, the town begins after the kind of street.
_STREETS = (
    r"(?:street|st|road|rd|lane|ln|avenue|ave|close|drive|way|walk|court|place|gardens|grove|terrace|crescent|square|row|"
    r"parade)"
)
_STREET_TOWN = re.compile(rf"^(.*\d.*\b{_STREETS})\s+([^\d]+)$", re.IGNORECASE)
_NAMES_A_STREET = re.compile(rf"\d.*\w\s|\w\s+{_STREETS}\s*(?:,|$)", re.IGNORECASE)
_OPENS_WITH_NUMBER = re.compile(r"(?:(?:flat|unit|apartment|apt)\s+)?\d", re.IGNORECASE)
_EVERYDAY = re.compile(
    r"\b(?:no|nope|nah|not|yes|ok|hi|hello|hey|bye|goodbye|thanks?|thx|cheers|stop|cancel|help|what|why|who|how|you|me|i|"
    r"it|never|mind|forget|wait|human|person|agent|bot|please|sorry|do|don'?t|wrong|none|nothing|later|leave)\b",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class AddressParts:
    """What could be read of an address; None for what was not said."""

    street: str | None = None
    town: str | None = None
    postcode: str | None = None


def address_in(text: str) -> AddressParts:
    """``flat 2, 45 King Street, York yo1 7hh`` in parts. The last part without a digit is the town."""
    postcode = postcode_in(text)
    bare = _ORDER.sub(",", _POSTCODE_IS.sub(",", _POSTCODE.sub(",", _bare(text))))
    parts = [part.strip(" .!?") for part in re.split(r"[,\n;]", bare)]
    parts = [part for part in parts if part and not _COUNTRY.match(part)]
    if len(parts) == 1 and (found := _STREET_TOWN.match(parts[0])):
        parts = [found.group(1), found.group(2)]
    town = parts.pop() if len(parts) > 1 and not re.search(rf"\d|\b{_STREETS}$", parts[-1], re.IGNORECASE) else None
    return AddressParts(", ".join(parts) or None, tidy_town(town) if town else None, postcode)


def address_by_the_way(text: str) -> AddressParts:
    """What a request already says of the new address (``change it to 14 Park Lane``); less is believed than in an
    answer: house numbers and order numbers are easily confused."""
    parts = address_in(text)
    street = tidy_street(parts.street or "")
    if street is None or not _OPENS_WITH_NUMBER.match(street) or order_number_in(street):
        return AddressParts()
    return AddressParts(street, parts.town, parts.postcode)


def looks_like_street(text: str) -> bool:
    """A house number and a word: enough to take it for a street, whatever else it was understood as."""
    return bool(_OPENS_WITH_NUMBER.match(text)) and tidy_street(text) is not None


def names_a_street(text: str) -> bool:
    """Whether a text that should be a town is a street after all: ``Rose Cottage, Mill Lane``."""
    return bool(_NAMES_A_STREET.search(_POSTCODE.sub("", text)))


def looks_like_town(text: str) -> bool:
    """One to three words that are no everyday ones."""
    return len(text.split()) <= 3 and not _EVERYDAY.search(text) and tidy_town(text) is not None


def tidy_street(text: str) -> str | None:
    """A street with its number, or a named house in a street (``Rose Cottage, Mill Lane``); None when it is none."""
    street = " ".join(text.split()).strip(" ,.")
    enough = bool(re.search(r"\d", street)) or len(_LETTERS.findall(street)) > 1
    if not _LETTERS.search(street) or not enough or len(street) > 80:
        return None
    return _capitals(street)


def tidy_town(text: str) -> str | None:
    """``leeds`` as ``Leeds``; None when it cannot be a town's name."""
    town = " ".join(_bare(text).split()).strip(" ,.!")
    if not _LETTERS.search(town) or re.search(r"[\d@#:/]", town) or len(town) > 40 or len(town.split()) > 5:
        return None
    return _capitals(town)


def _capitals(name: str) -> str:
    """Capitals for who types without any: ``king's lynn`` as ``King's Lynn``."""
    return " ".join(word[:1].upper() + word[1:] for word in name.split()) if name == name.lower() else name


def _bare(text: str) -> str:
    return _AFTER.sub("", _BEFORE.sub("", text.strip()))
