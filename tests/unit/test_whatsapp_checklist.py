"""The checklist of what goes wrong between WhatsApp and a connector: each line with the tests that hold it.
A test that is renamed or removed is missed here."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

CHECKLIST: dict[str, tuple[str, ...]] = {
    "a bad or missing signature": (
        "unit/test_whatsapp_webhook.py::test_a_webhook_without_our_signature_is_refused_unread",
        "unit/test_whatsapp_webhook.py::test_a_webhook_signed_with_another_secret_is_refused",
        "integration/test_webhook_fuzz.py::test_no_webhook_is_answered_with_5xx_nor_costs_the_message_beside_it",
    ),
    "UTF-8 and escaped bodies": (
        "unit/test_whatsapp_webhook.py::test_the_signature_is_of_the_raw_bytes",
        "unit/test_whatsapp_webhook.py::test_escaped_and_plain_utf8_bodies_are_both_taken",
        "unit/test_whatsapp_inbound.py::test_escaped_and_plain_utf8_bodies_read_the_same",
    ),
    "2 entries x 2 changes x 2 messages": (
        "unit/test_whatsapp_inbound.py::test_every_message_of_every_change_of_every_entry_is_read_with_its_own_sender",
    ),
    "the same message in another batch": (
        "unit/test_bridge_inbox.py::test_a_message_that_is_delivered_again_is_kept_once",
        "unit/test_bridge_inbox.py::test_a_redelivered_message_does_not_bring_an_old_address_back",
    ),
    "a status before the answer to the send": (
        "unit/test_bridge_outbox.py::test_a_status_that_comes_before_the_answer_is_kept_for_it",
    ),
    "read without delivered": ("unit/test_bridge_outbox.py::test_states_move_forward_only",),
    "failed without contacts": (
        "unit/test_whatsapp_inbound.py::test_a_failed_status_comes_without_contacts_and_says_why_in_plain_words",
    ),
    "a customer with a username and no phone": (
        "unit/test_whatsapp_inbound.py::test_a_customer_with_a_username_and_no_phone_is_known_by_user_id",
        "unit/test_whatsapp_delivery.py::test_a_customer_without_a_phone_is_reached_by_user_id",
    ),
    "then the same user id with a phone": (
        "unit/test_bridge_addresses.py::test_a_customer_with_a_username_is_answered_by_user_id_until_the_phone_is_shown",
        "unit/test_bridge_addresses.py::test_a_customer_known_by_phone_keeps_the_conversation_when_a_user_id_comes",
    ),
    "a change of number": (
        "unit/test_whatsapp_inbound.py::test_a_new_number_or_user_id_is_a_change_and_no_message",
        "unit/test_bridge_addresses.py::test_a_new_number_with_a_new_user_id_stays_the_same_conversation",
    ),
    "interactive without its object": (
        "unit/test_whatsapp_inbound.py::test_what_the_bot_cannot_read_is_kept_without_text",
        "unit/test_whatsapp_webhook.py::test_whatever_whatsapp_sends_is_answered_200",
    ),
    "a button without context": (
        "unit/test_whatsapp_inbound.py::test_a_pressed_button_or_row_has_its_title_as_text_and_its_id_as_payload",
    ),
    "a forwarded message": ("unit/test_desk_content.py::test_every_message_that_was_captured_can_be_looked_at",),
    "a reaction taken back": ("unit/test_whatsapp_inbound.py::test_what_the_bot_cannot_read_is_kept_without_text",),
    "an unsupported message": ("unit/test_whatsapp_inbound.py::test_what_the_bot_cannot_read_is_kept_without_text",),
    "an unknown type or field": (
        "unit/test_whatsapp_inbound.py::test_an_unknown_type_is_kept_and_counted",
        "unit/test_whatsapp_inbound.py::test_an_unknown_field_is_counted_and_the_message_beside_it_is_read",
    ),
    "errors of the account and nothing else": (
        "unit/test_whatsapp_inbound.py::test_errors_of_the_account_are_counted_by_code",
    ),
    "a colleague's reply from the phone": (
        "unit/test_whatsapp_inbound.py::test_a_colleagues_message_from_the_phone_is_an_echo_to_the_customer",
        "unit/test_bridge_inbox.py::test_a_colleagues_reply_on_the_phone_silences_the_bot_at_once",
    ),
    "a message in a group": ("unit/test_whatsapp_inbound.py::test_a_group_message_is_counted_and_never_read",),
    "a message that comes four days late": (
        "unit/test_bridge_late_messages.py"
        "::test_a_message_that_comes_four_days_late_goes_to_a_person_and_the_bot_does_nothing",
    ),
    "a file over the limit": (
        "unit/test_media_download.py::test_a_file_that_is_too_large_fails_at_once_and_leaves_nothing_behind",
        "unit/test_media_download.py::test_a_file_that_grows_past_the_limit_on_its_way_is_dropped",
    ),
    "131047, the window is closed": (
        "unit/test_bridge_window.py::test_the_channel_is_believed_when_it_says_that_the_window_is_closed",
        "unit/test_whatsapp_delivery.py::test_a_refusal_is_decided_by_its_code",
    ),
    "131056, too many to one customer": ("unit/test_whatsapp_delivery.py::test_a_refusal_is_decided_by_its_code",),
    "190, the token has run out": (
        "unit/test_bridge_outbox.py::test_what_waits_for_the_operator_goes_out_in_order_when_they_have_acted",
    ),
    "a gateway's page with status 500": (
        "unit/test_whatsapp_delivery.py::test_an_answer_in_no_known_shape_is_never_a_crash",
    ),
    "a text of 4,097 characters": (
        "unit/test_whatsapp_outbound.py::test_a_text_of_4097_characters_becomes_two_messages",
    ),
    "11 rows": ("unit/test_whatsapp_outbound.py::test_eleven_rows_are_numbered_text",),
    "a button's title of 21 characters": (
        "unit/test_whatsapp_outbound.py::test_a_title_of_21_characters_makes_a_list_of_the_buttons",
    ),
}


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@pytest.mark.parametrize("line", CHECKLIST)
def test_every_line_of_the_checklist_has_its_tests(line: str) -> None:
    assert CHECKLIST[line]
    for test in CHECKLIST[line]:
        file, _, name = test.partition("::")
        assert name in names_in(file), f"{test} is not there"
