"""What a bot can use of a message that is not text: slots that it fills, words that it stands for.

A model takes part by having the slots; none is required:

- ``shared_location``: {latitude, longitude, name, address} of the place that was sent last
- ``shared_contact``: {name, phones, emails, organisation} of the card that was sent last
- ``shared_files``: a list of {id, kind, filename}, sent while one of the forms in its mapping's ``value`` was active
- any slot that has the name of a field in a form (a WhatsApp Flow) that the customer filled in
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

LOCATION = "shared_location"
CONTACT = "shared_contact"
FILES = "shared_files"

# how the slot that asks for a street or a whole address is recognised, in whatever form
_ASKS_FOR_PLACE = ("street", "address")
MOST_FILES = 20

Message = Mapping[str, Any]


def slots_in(message: Message, known: Mapping[str, Any], file_is_welcome: bool) -> dict[str, Any]:
    """The slots that a message fills, of those that are ``known`` (name -> value so far)."""
    content = message.get("content") or {}
    found: dict[str, Any] = {}
    if content.get("location"):
        place = content["location"]
        found[LOCATION] = {name: place.get(name) for name in ("latitude", "longitude", "name", "address")}
    if content.get("contacts"):
        found[CONTACT] = dict(content["contacts"][0])
    if content.get("form"):
        found |= {name: value for name, value in (content["form"].get("fields") or {}).items() if value}
    if message.get("media") and file_is_welcome:
        earlier: Sequence[Any] = known.get(FILES) or []
        file = {name: message["media"].get(name) for name in ("id", "kind", "filename")}
        found[FILES] = [*earlier, file][-MOST_FILES:]
    return {name: value for name, value in found.items() if name in known and not _is_ours(name)}


def words_for(message: Message, asked_for: str | None) -> str | None:
    """The words that the message stands for, to be heard as if they had been written; None when there are none.

    Where a form asks for a street or an address, a place that was sent is one.
    """
    if message["text"] is not None:
        return str(message["text"])
    place = (message.get("content") or {}).get("location") or {}
    if place.get("address") and asked_for and any(word in asked_for for word in _ASKS_FOR_PLACE):
        return str(place["address"])
    return None


def unreadable_kind(message: Message, *, noted: bool) -> str:
    """What the bot has to say something about: the kind of message, or what is special about this one."""
    unsupported = (message.get("content") or {}).get("unsupported") or {}
    if noted:
        return "noted_file"
    if unsupported.get("reason") in ("lost", "file_lost"):
        return "lost"
    if message["kind"] == "edit" or unsupported.get("kind") == "edit":
        return "edit"
    return str(message["kind"])


def _is_ours(name: str) -> bool:
    """A form's field must not steer the bridge, nor Rasa."""
    return name.startswith("handoff_") or name in ("requested_slot", "opted_out", "unreadable_kind")
