"""Several numbers in one deployment: settings of each, its own webhooks, its own token, account and rate."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from rasa.shared.exceptions import RasaException

from connectors.whatsapp import WhatsAppInput
from connectors.whatsapp_client import WhatsAppChannel
from connectors.whatsapp_numbers import from_variable, only, read_numbers, to_variable
from connectors.whatsapp_webhook import SIGNATURE_HEADER, signature
from handoff import outbox, outbox_claims, rates, tables
from handoff.channel import Address, DeliveryError, Remedy
from tests.support.bridge_rig import Rig
from tests.unit.whatsapp_support import NUMBER, SECRET, WEBHOOK, Service, TinyGraph, settings

pytest_plugins = ["tests.support.bridge_fixtures"]

OTHER = "300000000000003"
NUMBERS = {
    OTHER: {
        "name": "Marigold Ireland", "access_token": "token-ie", "business_account_id": "200000000000009",
        "app_secret": "secret-ie", "per_second": 20, "list_button": "Pick one", "merge_texts": False,
    }
}  # fmt: skip


def numbers(**more: Any) -> Any:
    return read_numbers({"numbers": NUMBERS, **more}, settings())


def webhook(number: str, text: str = "hello") -> bytes:
    message = {"from": "447700900123", "id": f"wamid.{number}", "timestamp": "1793440800", "type": "text",
               "text": {"body": text}}  # fmt: skip
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, "messages": [message],
             "contacts": [{"wa_id": "447700900123"}]}  # fmt: skip
    change = {"field": "messages", "value": value}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).encode()


def test_the_number_in_the_environment_is_one_of_them_and_lends_what_others_leave_out() -> None:
    read = read_numbers({"numbers": {OTHER: {"per_second": 20}, NUMBER: {"list_button": "Choose"}}}, settings())
    assert list(read) == [NUMBER, OTHER]
    assert (read[OTHER].access_token, read[OTHER].app_secret, read[OTHER].per_second) == ("test-token", SECRET, 20.0)
    assert read[NUMBER].per_second == rates.DEFAULT_PER_SECOND


def test_what_the_dispatchers_process_is_given_is_what_was_read() -> None:
    assert from_variable(to_variable(numbers()), settings()) == numbers()
    assert from_variable("", settings()) == only(settings())


def test_everything_that_is_wrong_is_said_in_one_message() -> None:
    wrong = {"abc": {}, OTHER: {"per_second": 0, "colour": "red", "access_token": "${UNSET}", "list_button": "x" * 21}}
    with pytest.raises(RasaException) as caught:
        read_numbers({"numbers": wrong, "merge_text": True}, settings())
    for words in ("numbers.abc is not the id", "per_second must be", "colour is not known", "access_token is empty",
                  "list_button", "'merge_text'"):  # fmt: skip
        assert words in str(caught.value)


async def test_webhooks_of_each_number_arrive_and_no_app_speaks_for_anothers_number() -> None:
    service = Service(settings(), numbers())
    async with service.running() as client:
        for number, secret, status in (
            (NUMBER, SECRET, 200), (OTHER, "secret-ie", 200), (OTHER, SECRET, 200), (OTHER, "other", 403),
        ):  # fmt: skip
            body = webhook(number)
            answer = await client.post(WEBHOOK, content=body, headers={SIGNATURE_HEADER: signature(secret, body)})
            assert answer.status_code == status
    arrived = [message.address.number for batch in service.bridge.batches for message in batch.messages]
    assert arrived == [NUMBER, OTHER]  # what the first app signed for the second one's number is ignored


async def test_each_number_answers_with_its_own_token_words_and_templates() -> None:
    async with TinyGraph().running() as graph:
        graph.answers = [(200, '{"messages": [{"id": "wamid.1"}]}')] * 2 + [(200, '{"data": []}')] * 2
        channel = WhatsAppChannel(settings(graph.url), numbers=numbers())
        for number in (NUMBER, OTHER):
            to = Address(number, wa_id="447700900123")
            await channel.deliver(to, {"type": "text", "text": {"body": "x"}}, outbox_id="o")
        for number in (NUMBER, OTHER):
            await channel.templates(number)
        await channel.close()
    seen = [(call.line.split("?")[0].split(" ")[1], call.headers["authorization"]) for call in graph.calls]
    assert seen == [
        (f"/v23.0/{NUMBER}/messages", "Bearer test-token"),
        (f"/v23.0/{OTHER}/messages", "Bearer token-ie"),
        ("/v23.0/200000000000001/message_templates", "Bearer test-token"),
        ("/v23.0/200000000000009/message_templates", "Bearer token-ie"),
    ]
    turn = [{"text": "One"}, {"text": "Two"}]
    assert [len(channel.render(turn, number)) for number in (NUMBER, OTHER)] == [1, 2]
    assert [channel.per_second(number) for number in (NUMBER, OTHER)] == [80.0, 20.0]


async def test_a_number_that_is_not_set_up_any_more_is_an_alarm_and_not_a_loop() -> None:
    channel = WhatsAppChannel(settings())
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(Address(OTHER, wa_id="1"), {"type": "text", "text": {"body": "x"}}, outbox_id="o")
    assert caught.value.remedy is Remedy.ALARM
    await channel.close()


def test_a_customer_of_two_numbers_has_two_conversations_and_each_is_answered_by_its_own(rig: Rig) -> None:
    """End to end on the rig: webhook, turn, claim."""
    first, second = (rig.receive("hello", replace(rig.address(), number=number)) for number in (NUMBER, OTHER))
    assert first != second
    server = rig.server()
    for conversation_id in (first, second):
        server.turns(conversation_id).run()
    claimed, _ = rig.write(lambda connection: outbox_claims.claim(connection, "a", rig.clock.now))
    assert {(each.conversation_id, each.to.number) for each in claimed if each.lane == outbox.CUSTOMER} == {
        (first, NUMBER), (second, OTHER),
    }  # fmt: skip
    assert {row["key"] for row in rig.rows(tables.rates)} == {NUMBER, OTHER}


def test_the_channel_reads_its_numbers_from_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "WHATSAPP_ACCESS_TOKEN": "t", "WHATSAPP_PHONE_NUMBER_ID": NUMBER, "WHATSAPP_BUSINESS_ACCOUNT_ID": "1",
        "WHATSAPP_APP_SECRET": "s", "WHATSAPP_VERIFY_TOKEN": "v",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert list(WhatsAppInput.from_credentials({"numbers": NUMBERS}).numbers) == [NUMBER, OTHER]
