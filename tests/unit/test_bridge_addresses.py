"""Which conversation an address belongs to: the same one through usernames and new numbers, and never a stranger's."""

from __future__ import annotations

import json
from typing import Any

from handoff import conversations, tables
from handoff.channel import Address, AddressChange
from tests.support.bridge_rig import NUMBER, Rig

pytest_plugins = ["tests.support.bridge_fixtures"]


def meet(rig: Rig, user_id: str | None = None, wa_id: str | None = None, **other: str) -> str:
    address = Address(NUMBER, user_id, wa_id, **other)
    return str(rig.write(lambda connection: conversations.for_address(connection, address, rig.clock.now))["id"])


def change(rig: Rig, **what: str) -> str | None:
    moved = AddressChange(NUMBER, what.pop("message_id", "m1"), **what)
    return rig.write(lambda connection: conversations.apply_change(connection, moved, rig.clock.now))


def reply_to(rig: Rig, conversation_id: str) -> tuple[str | None, str | None]:
    address = conversations.address_of(rig.row(conversation_id))
    return address.user_id, address.wa_id


def test_a_customer_known_by_phone_keeps_the_conversation_when_a_user_id_comes(rig: Rig) -> None:
    first = meet(rig, wa_id="441")
    assert meet(rig, user_id="GB.1", wa_id="441") == first
    assert meet(rig, user_id="GB.1") == first
    assert meet(rig, wa_id="441") == first


def test_a_customer_with_a_username_is_answered_by_user_id_until_the_phone_is_shown(rig: Rig) -> None:
    first = meet(rig, user_id="GB.1", username="ana")
    assert reply_to(rig, first) == ("GB.1", None)
    assert meet(rig, user_id="GB.1", wa_id="441") == first
    assert reply_to(rig, first) == ("GB.1", "441")
    meet(rig, user_id="GB.1")
    assert reply_to(rig, first) == ("GB.1", None)
    assert rig.row(first)["wa_id"] == "441" and rig.row(first)["username"] == "ana"


def test_a_number_with_a_new_owner_is_a_new_conversation_and_the_old_one_is_not_answered_there(rig: Rig) -> None:
    old = meet(rig, user_id="GB.1", wa_id="441")
    new = meet(rig, user_id="GB.2", wa_id="441")
    assert new != old
    assert reply_to(rig, old) == ("GB.1", None)
    assert reply_to(rig, new) == ("GB.2", "441")
    assert meet(rig, wa_id="441") == new


def test_a_new_number_stays_the_same_conversation(rig: Rig) -> None:
    first = meet(rig, wa_id="441")
    assert change(rig, old_wa_id="441", new_wa_id="442") == first
    assert meet(rig, wa_id="442") == first
    assert meet(rig, wa_id="441") != first


def test_a_new_number_with_a_new_user_id_stays_the_same_conversation(rig: Rig) -> None:
    first = meet(rig, user_id="GB.1", wa_id="441")
    assert change(rig, old_user_id="GB.1", new_user_id="GB.7", old_wa_id="441", new_wa_id="442") == first
    assert meet(rig, user_id="GB.7") == first and meet(rig, wa_id="442") == first


def test_who_wrote_from_the_new_number_before_its_change_was_told_is_not_answered_there_any_more(rig: Rig) -> None:
    first, early = meet(rig, wa_id="441"), meet(rig, wa_id="442", user_id="GB.2")
    assert change(rig, old_wa_id="441", new_wa_id="442") == first
    assert reply_to(rig, first) == (None, "442")
    assert reply_to(rig, early) == ("GB.2", None)


def test_a_change_that_is_delivered_again_does_not_take_the_old_number_from_its_new_owner(rig: Rig) -> None:
    first = meet(rig, wa_id="441")
    assert change(rig, old_wa_id="441", new_wa_id="442") == first
    stranger = meet(rig, wa_id="441")
    assert change(rig, old_wa_id="441", new_wa_id="442") is None
    assert reply_to(rig, first) == (None, "442") and reply_to(rig, stranger) == (None, "441")
    assert not rig.unfinished(), "nothing is left to do for it"
    assert change(rig, old_wa_id="441", new_wa_id="443", message_id="m2") == stranger


def test_a_change_of_a_number_that_nobody_had_is_ignored(rig: Rig) -> None:
    assert change(rig, old_wa_id="441", new_wa_id="442") is None
    assert change(rig) is None


def test_the_same_person_on_two_of_our_numbers_has_two_conversations(rig: Rig) -> None:
    first = meet(rig, user_id="GB.1")
    other = Address("200", "GB.1")
    second = rig.write(lambda connection: conversations.for_address(connection, other, rig.clock.now))
    assert second["id"] != first


def test_a_name_that_is_missing_does_not_erase_the_one_that_is_known(rig: Rig) -> None:
    first = meet(rig, wa_id="441", name="Ana", username="ana")
    meet(rig, wa_id="441")
    assert (rig.row(first)["name"], rig.row(first)["username"]) == ("Ana", "ana")


def test_addresses_without_ids_are_never_taken_for_each_other(rig: Rig) -> None:
    assert meet(rig, user_id="", wa_id=None) != meet(rig, user_id=None, wa_id=None)  # type: ignore[arg-type]


def customer_in_the_tracker(rig: Rig, text: str, address: Address) -> Any:
    conversation_id = rig.receive(text, address)
    rig.settle(rig.server())
    heard = rig.rows(tables.events, sender_id=conversation_id, type_name="user")[-1]
    return json.loads(heard["data"])["metadata"]["customer"]


def test_the_bot_is_told_who_wrote_and_so_is_the_story_while_a_person_has_the_floor(rig: Rig) -> None:
    ana = Address(NUMBER, "GB.1", "447700900123", "Ana", "ana")
    expected = {"name": "Ana", "phone": "447700900123", "user_id": "GB.1", "username": "ana"}
    assert customer_in_the_tracker(rig, "a person please", ana) == expected
    assert customer_in_the_tracker(rig, "are you there?", ana) == expected


def test_a_number_that_the_customer_did_not_write_from_is_not_given_as_theirs(rig: Rig) -> None:
    assert customer_in_the_tracker(rig, "hello", Address(NUMBER, "GB.1", "441"))["phone"] == "441"
    assert customer_in_the_tracker(rig, "hello again", Address(NUMBER, "GB.1"))["phone"] is None
