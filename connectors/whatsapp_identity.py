"""Who a webhook speaks of: a customer's addresses, and how they change.

Identity is the business-scoped user id where there is one; a phone number may be absent, and may later belong to
somebody else. Names and usernames are never keys.
"""

from __future__ import annotations

import re
from typing import Sequence

from connectors.whatsapp_fields import Json, object_in, phone_of, text_of
from handoff.channel import Address, AddressChange

_CHANGE = re.compile(r"changed from (\S+) to (\S+)$")


def address_of(number: str, phone: object, user: object, contacts: Sequence[Json]) -> Address | None:
    """Who a message is from (or to), completed from the contact that belongs to it; None when nobody is named."""
    wa_id, user_id = phone_of(phone), text_of(user)
    contact = _contact(wa_id, user_id, contacts)
    wa_id, user_id = wa_id or phone_of(contact.get("wa_id")), user_id or text_of(contact.get("user_id"))
    if wa_id is None and user_id is None:
        return None
    profile = object_in(contact, "profile")
    username = (text_of(profile.get("username")) or "").lstrip("@")
    return Address(number, user_id, wa_id, name=text_of(profile.get("name")), username=username or None)


def change_in_system_message(number: str, message_id: str, message: Json) -> AddressChange | None:
    """What a ``system`` message says about a new number or user id; None when it says neither or not whose."""
    system = object_in(message, "system")
    new_phone = phone_of(system.get("wa_id")) or phone_of(system.get("new_wa_id"))
    new_user = text_of(system.get("user_id"))
    old_phone = phone_of(message.get("from")) or phone_of(system.get("customer"))
    old_user = text_of(system.get("previous_user_id")) or text_of(message.get("from_user_id"))
    # The sentence is for people, and holds a name that the customer chose: the last resort, and only if it agrees.
    sentence = _CHANGE.search(text_of(system.get("body")) or "")
    if sentence and not old_phone and sentence[2] == new_phone:
        old_phone = phone_of(sentence[1])
    if sentence and not old_user and sentence[2] == new_user:
        old_user = sentence[1]
    return _change(number, message_id, (old_phone, new_phone), (old_user, new_user))


def change_in_user_id_update(number: str, update: Json) -> AddressChange | None:
    """The same from the field ``user_id_update``, which Meta described for a while. It has no id: one is made of it."""
    ids = object_in(update, "user_id")
    old, new = text_of(ids.get("previous")), text_of(ids.get("current"))
    return _change(number, f"user_id_update:{old}:{new}", (None, phone_of(update.get("wa_id"))), (old, new))


def _change(
    number: str, message_id: str, phone: tuple[str | None, str | None], user: tuple[str | None, str | None]
) -> AddressChange | None:
    (old_phone, new_phone), (old_user, new_user) = phone, user
    old_phone = None if old_phone == new_phone else old_phone
    old_user = None if old_user == new_user else old_user
    if not (old_phone or old_user) or not (new_phone or new_user):
        return None
    return AddressChange(number, message_id, old_phone, new_phone, old_user, new_user)


def _contact(wa_id: str | None, user_id: str | None, contacts: Sequence[Json]) -> Json:
    """The contact of a person: by user id, else by phone, else the only one; never one that contradicts them."""

    def fits(contact: Json) -> bool:
        its_user, its_phone = text_of(contact.get("user_id")), phone_of(contact.get("wa_id"))
        if user_id and its_user:
            return its_user == user_id
        return not (wa_id and its_phone) or its_phone == wa_id

    fitting = [contact for contact in contacts if fits(contact)]
    by_user = [contact for contact in fitting if user_id and contact.get("user_id") == user_id]
    by_phone = [contact for contact in fitting if wa_id and contact.get("wa_id") == wa_id]
    alone = fitting if len(contacts) == 1 else []
    return next(iter(by_user or by_phone or alone), {})
