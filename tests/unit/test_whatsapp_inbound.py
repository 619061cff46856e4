"""Reading webhooks: every update of a batch, and nothing that WhatsApp can send makes it fail."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.whatsapp_inbound import MalformedWebhook, for_numbers, parse
from handoff.channel import Address, AddressChange, Batch, Inbound, Media
from tests.support.webhook_fuzz import spoil
from tests.unit.whatsapp_support import NAMES, NUMBER, payload

ANA = Address(NUMBER, user_id="GB.4820117365520098", wa_id="447700900123", name="Ana")


def only(batch: Batch) -> Inbound:
    (message,) = batch.messages
    return message


def test_a_text_has_its_sender_its_time_and_its_words() -> None:
    batch = parse(payload("text"))
    message = only(batch)
    assert (message.message_id, message.address, message.sent_at) == ("wamid.T1", ANA, 1793440800.0)
    assert (message.kind, message.text, message.payload, message.echo) == (
        "text",
        "Where is my order? ¿Dónde está? 📦",
        None,
        False,
    )
    assert message.details["text"]["body"] == message.text
    assert not batch.ignored and not batch.receipts and not batch.changes


def test_escaped_and_plain_utf8_bodies_read_the_same() -> None:
    body = payload("text")
    assert parse(json.loads(json.dumps(body))) == parse(json.loads(json.dumps(body, ensure_ascii=False).encode()))


def test_every_message_of_every_change_of_every_entry_is_read_with_its_own_sender() -> None:
    messages = parse(payload("batch_two_entries_two_changes_two_messages")).messages
    assert [m.message_id for m in messages] == [
        f"wamid.E{e}C{c}M{m}" for e in range(2) for c in range(2) for m in range(2)
    ]
    names = [f"{who} {n}" for n in range(4) for who in ("Customer", "Friend")]
    assert [m.address.name for m in messages] == names
    assert len({m.address.user_id for m in messages}) == 8


def test_a_customer_with_a_username_and_no_phone_is_known_by_user_id() -> None:
    address = only(parse(payload("username_only"))).address
    assert address == Address(NUMBER, user_id="GB.4820117365520098", name="Ana", username="ana.example")


@pytest.mark.parametrize(
    ("name", "text", "pressed"),
    [
        ("button_reply", "Confirm", '/confirm{"order":"42"}'),
        ("list_reply", "Billing", "/topic_billing"),
        ("template_button_without_context", "Yes please", "/reopen_case"),
    ],
)
def test_a_pressed_button_or_row_has_its_title_as_text_and_its_id_as_payload(
    name: str, text: str, pressed: str
) -> None:
    message = only(parse(payload(name)))
    assert (message.kind, message.text, message.payload) == ("button", text, pressed)


def test_a_reply_names_the_message_it_answers() -> None:
    assert only(parse(payload("button_reply"))).reply_to == "wamid.OUT2"
    assert only(parse(payload("quoted_reply"))).reply_to == "wamid.OUT1"
    assert only(parse(payload("forwarded"))).reply_to is None
    assert only(parse(payload("template_button_without_context"))).reply_to is None


@pytest.mark.parametrize(
    ("name", "kind", "about"),
    [
        ("voice_note", "audio", None),
        ("location", "location", None),
        ("contacts", "contacts", None),
        ("order", "order", None),
        ("form_reply", "form", "wamid.OUT4"),
        ("interactive_without_object", "unsupported", None),
        ("reaction", "reaction", "wamid.OUT1"),
        ("reaction_removed", "reaction", "wamid.OUT1"),
        ("revoke", "revoke", "wamid.T1"),
        ("unsupported", "unsupported", None),
        ("unknown_type", "hologram", None),
    ],
)
def test_what_the_bot_cannot_read_is_kept_without_text(name: str, kind: str, about: str | None) -> None:
    body = payload(name)
    message = only(parse(body))
    assert (message.kind, message.text, message.payload, message.reply_to) == (kind, None, None, about)
    assert message.details == body["entry"][0]["changes"][0]["value"]["messages"][0]


def test_a_caption_is_what_was_written_with_a_picture() -> None:
    message = only(parse(payload("image")))
    assert (message.kind, message.text) == ("image", "the label")
    assert message.media == Media("900001", "image", "image/jpeg", "aGFzaA==")


def test_a_voice_note_is_known_as_one() -> None:
    file = only(parse(payload("voice_note"))).media
    assert file is not None and (file.kind, file.mime_type, file.voice) == ("audio", "audio/ogg", True)


def test_an_unknown_type_is_kept_and_counted() -> None:
    assert parse(payload("unknown_type")).ignored == {"type hologram": 1}


def test_an_unknown_field_is_counted_and_the_message_beside_it_is_read() -> None:
    batch = parse(payload("unknown_field"))
    assert batch.ignored == {"field something_new": 1}
    assert only(batch).text == "beside it"


def test_a_group_message_is_counted_and_never_read() -> None:
    assert parse(payload("group")) == Batch(ignored={"type group": 1})
    assert parse(payload("group_status")) == Batch(ignored={"status group": 1})


def test_a_colleagues_message_from_the_phone_is_an_echo_to_the_customer() -> None:
    message = only(parse(payload("echo")))
    assert message.echo and message.text == "Hi, Tom from support here"
    assert (message.address.wa_id, message.address.user_id) == ("447700900123", "GB.4820117365520098")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("system_number_changed", AddressChange(NUMBER, "wamid.S1", "447700900123", "447700900789")),
        (
            "system_user_id_changed",
            AddressChange(NUMBER, "wamid.S2", old_user_id="GB.4820117365520098", new_user_id="GB.7719020034418825"),
        ),
        (
            "system_told_in_words_only",
            AddressChange(NUMBER, "wamid.S3", old_user_id="GB.4820117365520098", new_user_id="GB.7719020034418825"),
        ),
        (
            "user_id_update",
            AddressChange(
                NUMBER,
                "user_id_update:GB.4820117365520098:GB.7719020034418825",
                new_wa_id="447700900789",
                old_user_id="GB.4820117365520098",
                new_user_id="GB.7719020034418825",
            ),
        ),
    ],
)
def test_a_new_number_or_user_id_is_a_change_and_no_message(name: str, change: AddressChange) -> None:
    assert parse(payload(name)) == Batch(changes=(change,))


@pytest.mark.parametrize(
    "sentence",
    [
        "X changed from 447700900999 to 447700900998 changed from nobody to 447700900789",
        "Ana changed from 447700900999 to 447700900998",
    ],
    ids=["a name that pretends", "another change"],
)
def test_a_sentence_that_does_not_agree_with_the_new_number_is_not_believed(sentence: str) -> None:
    body = payload("system_number_changed")
    message = body["entry"][0]["changes"][0]["value"]["messages"][0]
    del message["from"]
    message["system"]["body"] = sentence
    assert parse(body) == Batch(ignored={"system user_changed_number": 1})


def test_a_changed_security_code_is_no_change_of_address() -> None:
    batch = parse(payload("system_identity_changed"))
    assert (only(batch).kind, only(batch).aside, batch.changes) == ("identity", True, ())


def test_statuses_carry_our_own_id_back() -> None:
    batch = parse(payload("statuses"))
    assert [(r.provider_id, r.status, r.outbox_id) for r in batch.receipts] == [
        ("wamid.OUT1", "sent", "outbox-1"),
        ("wamid.OUT1", "read", "outbox-1"),
        ("wamid.OUT5", "played", None),
    ]
    assert batch.ignored == {"status teleported": 1}


def test_a_failed_status_comes_without_contacts_and_says_why_in_plain_words() -> None:
    (receipt,) = parse(payload("failed_without_contacts")).receipts
    assert (receipt.status, receipt.error_code, receipt.outbox_id) == ("failed", 131047, "outbox-9")
    assert receipt.error and "24 hours" in receipt.error


def test_errors_of_the_account_are_counted_by_code() -> None:
    assert parse(payload("account_errors_only")) == Batch(ignored={"error 130429": 1})


def test_messages_of_another_number_are_counted_and_left() -> None:
    batch = for_numbers(parse(payload("other_number")), [NUMBER])
    assert only(batch).text == "for us" and batch.ignored == {"other number": 1}


def test_a_sole_contact_that_is_somebody_else_lends_nothing() -> None:
    body = payload("text")
    body["entry"][0]["changes"][0]["value"]["contacts"][0].update(user_id="GB.999", wa_id="447700900555")
    assert only(parse(body)).address == Address(NUMBER, user_id=ANA.user_id, wa_id=ANA.wa_id)


def test_a_phone_alone_finds_its_user_id_in_the_contacts() -> None:
    body = payload("batch_two_entries_two_changes_two_messages")
    value = body["entry"][0]["changes"][0]["value"]
    for message in value["messages"]:
        del message["from_user_id"]
    users = [m.address.user_id for m in parse(body).messages[:2]]
    assert users == ["GB.1000", "GB.2000"]


def test_two_contacts_without_a_match_are_not_guessed() -> None:
    body = payload("batch_two_entries_two_changes_two_messages")
    message = body["entry"][0]["changes"][0]["value"]["messages"][0]
    message.update({"from": "447700900777", "from_user_id": "GB.777"})
    assert parse(body).messages[0].address == Address(NUMBER, user_id="GB.777", wa_id="447700900777")


def test_a_user_id_in_the_place_of_the_phone_is_no_phone() -> None:
    body = payload("text")
    value = body["entry"][0]["changes"][0]["value"]
    value["messages"][0]["from"] = value["contacts"][0]["wa_id"] = "GB.4820117365520098"
    assert only(parse(body)).address.wa_id is None


@pytest.mark.parametrize("stamp", [None, "", "soon", "nan", -5, "1793440800000000", True, [], 10**400])
def test_a_senseless_timestamp_is_replaced_by_the_time_of_receipt(stamp: Any) -> None:
    body = payload("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = stamp
    assert only(parse(body, received_at=1793440999.5)).sent_at == 1793440999.5


def test_what_a_database_cannot_store_is_cleaned() -> None:
    body = payload("text")
    body["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["body"] = "a\x00b\ud800c"
    assert only(parse(body)).text == "ab?c"


def test_depth_without_end_is_cut() -> None:
    body = payload("text")
    deep: Any = "bottom"
    for _ in range(500):
        deep = [deep]
    body["entry"][0]["changes"][0]["value"]["messages"][0]["text"]["extra"] = deep
    assert "bottom" not in json.dumps(only(parse(body)).details)


@pytest.mark.parametrize("root", [None, [], "text", 5, True])
def test_a_root_that_is_no_object_is_the_one_thing_refused(root: Any) -> None:
    with pytest.raises(MalformedWebhook):
        parse(root)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
envelope_keys = ["object", "entry", "changes", "field", "value", "metadata", "phone_number_id", "contacts", "messages"]
message_keys = ["id", "type", "from", "text", "body", "interactive", "button_reply", "list_reply", "button", "context"]
other_keys = [
    "statuses",
    "errors",
    "reaction",
    "system",
    "edit",
    "timestamp",
    "location",
    "order",
    "calls",
    "status",
    "message_echoes",
]
keys = st.sampled_from([*envelope_keys, *message_keys, *other_keys])
json_values = st.recursive(
    scalars | st.sampled_from(["messages", "text", "interactive", "system", "whatsapp_business_account", NUMBER]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(keys | st.text(max_size=4), json_values, max_size=6))
def test_no_json_object_whatever_makes_parse_fail(body: dict[str, Any]) -> None:
    parse(body)


@given(st.sampled_from(NAMES), st.randoms(use_true_random=False), st.lists(json_values, min_size=1, max_size=4))
def test_a_spoiled_neighbour_never_costs_the_good_message_beside_it(
    name: str, chance: random.Random, junk: list[Any]
) -> None:
    spoiled = payload(name)
    for each in junk:
        spoil(spoiled, chance, each)
    good = payload("quoted_reply")["entry"][0]
    entries = spoiled.get("entry") if isinstance(spoiled.get("entry"), list) else [spoiled.get("entry")]
    body = {"object": "whatsapp_business_account", "entry": [*(entries or []), good]}
    assert "wamid.X1" in [message.message_id for message in parse(body).messages]


@given(json_values, st.integers(0, 3))
def test_junk_in_the_same_list_never_costs_the_good_message(junk: Any, place: int) -> None:
    body = payload("batch_two_entries_two_changes_two_messages")
    levels = [body["entry"], body["entry"][0]["changes"]]
    value = body["entry"][0]["changes"][0]["value"]
    levels += [value["messages"], value["contacts"]]
    levels[place].insert(1, junk)
    before = copy.deepcopy(body)
    ids = [message.message_id for message in parse(body).messages]
    assert {"wamid.E0C0M0", "wamid.E0C0M1", "wamid.E1C1M1"} <= set(ids)
    assert repr(body) == repr(before)
