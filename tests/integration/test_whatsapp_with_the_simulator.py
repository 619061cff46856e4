"""The connector against the project's own Cloud API: both read the same rules, and were written apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import AsyncIterator

import pytest

from connectors.whatsapp_client import WhatsAppChannel
from handoff.channel import Address, DeliveryError, Inbound, Receipt
from tests.unit.simulator_rig import NUMBER, SECRET, TOKEN, Receiver, Rig, running, until
from tests.unit.whatsapp_support import WEBHOOK, Service, settings

PICTURE = "https://example.com/a.jpg"
PDF = "data:application/pdf;base64,JVBERi0xLjcK"
ANA = Address(NUMBER, wa_id="447700900123")


@dataclass
class Road:
    """The simulator, the connector that it calls, and the channel that calls it."""

    rig: Rig
    service: Service
    channel: WhatsAppChannel

    def messages(self) -> list[Inbound]:
        return [message for batch in self.service.bridge.batches for message in batch.messages]

    def receipts(self) -> list[Receipt]:
        return [receipt for batch in self.service.bridge.batches for receipt in batch.receipts]


@pytest.fixture
async def road(tmp_path: Path) -> AsyncIterator[Road]:
    service = Service(replace(settings(), app_secret=SECRET))
    async with service.running() as client, running(tmp_path, Receiver(f"{client.base_url}{WEBHOOK}")) as rig:
        channel = WhatsAppChannel(replace(settings(rig.address), access_token=TOKEN))
        await rig.customer()
        yield Road(rig, service, channel)
        await channel.close()


async def test_what_a_customer_writes_arrives(road: Road) -> None:
    message_id = await road.rig.say("Where is my order? 📦")
    (message,) = await until(road.messages)
    assert (message.message_id, message.text, message.address.wa_id) == (message_id, "Where is my order? 📦", ANA.wa_id)
    assert message.address.user_id and message.address.name == "Ana"


async def test_everything_rendered_is_accepted_and_its_statuses_name_our_id(road: Road) -> None:
    turn = [
        {"text": "x" * 5000},
        {"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/yes"}, {"title": "No", "payload": "/no"}]},
        {"text": "Which?", "buttons": [{"title": f"Option {n}", "payload": f"/{n}"} for n in range(10)]},
        {"text": "Which?", "buttons": [{"title": f"Option {n}", "payload": f"/{n}"} for n in range(11)]},
        {"text": "Here", "image": "https://example.com/a.jpg"},
        {
            "text": "Your invoice",
            "attachment": {"type": "document", "payload": {"data": PDF, "filename": "../a b?.pdf"}},
        },
        {"attachment": {"type": "document", "payload": {"link": "https://example.com/a.pdf"}}},
    ]
    rendered = road.channel.render(turn)
    sent = [await road.channel.deliver(ANA, each.payload, outbox_id=f"outbox-{n}") for n, each in enumerate(rendered)]
    wanted = {(provider_id, f"outbox-{n}") for n, provider_id in enumerate(sent)}
    await until(lambda: wanted <= {(r.provider_id, r.outbox_id) for r in road.receipts() if r.status == "delivered"})


async def test_every_template_of_the_account_can_be_filled_in_and_sent(road: Road) -> None:
    listed = await road.channel.templates(NUMBER)
    assert {"answer_ready", "case_update"} <= {template["name"] for template in listed}
    for template in listed:
        values = {field["key"]: "42" if field["kind"] != "image" else PICTURE for field in template["fields"]}
        spec = {"name": template["name"], "language": template["language"], "parameters": values}
        message = road.channel.template(NUMBER, spec)
        assert await road.channel.deliver(ANA, message.payload, outbox_id=f"template-{template['name']}")
        assert "{{" not in message.text


async def test_a_pressed_button_comes_back_with_the_payload_we_offered(road: Road) -> None:
    (message,) = road.channel.render([{"text": "Sure?", "buttons": [{"title": "Yes", "payload": '/yes{"a": 1}'}]}])
    await road.channel.deliver(ANA, message.payload, outbox_id="outbox-1")
    press = {"type": "button_reply", "id": message.offers[0], "title": "Yes"}
    await road.rig.control("POST", "customers/447700900123/messages", press)
    (pressed,) = await until(road.messages)
    assert (pressed.text, pressed.payload) == ("Yes", '/yes{"a": 1}')


async def test_a_customer_without_a_phone_is_answered_by_user_id(road: Road) -> None:
    await road.rig.customer(None, user_id="GB.777", name="Bo", username="bo")
    await road.rig.say("hi", "GB.777")
    (message,) = await until(road.messages)
    assert message.address == Address(NUMBER, user_id="GB.777", name="Bo", username="bo")
    assert await road.channel.deliver(
        message.address, {"type": "text", "text": {"body": "Hi Bo"}}, outbox_id="outbox-1"
    )


async def test_an_acknowledgement_shows_typing(road: Road) -> None:
    message_id = await road.rig.say("hello")
    await road.channel.acknowledge(NUMBER, message_id)
    assert (await road.rig.control("GET", "customers/447700900123/messages"))["typing"]


@pytest.mark.parametrize(
    ("faults", "retry", "unknown", "code"),
    [
        ({"status": 500}, True, False, None),
        ({"status": 429}, True, False, None),
        ({"code": 131056}, True, False, 131056),
        ({"code": 131047}, False, False, 131047),
        ({"drop_answer_rate": 1}, True, True, 0),
    ],
)
async def test_each_fault_says_whether_to_try_again(
    road: Road, faults: dict[str, object], retry: bool, unknown: bool, code: int | None
) -> None:
    await road.rig.control("PUT", "faults", {"graph": {"rate": 1, **faults}})
    with pytest.raises(DeliveryError) as caught:
        await road.channel.deliver(ANA, {"type": "text", "text": {"body": "x"}}, outbox_id="outbox-1")
    assert (caught.value.retry, caught.value.unknown) == (retry, unknown)
    assert code is None or caught.value.code == code


async def test_webhooks_refused_while_nothing_can_be_kept_come_again(road: Road) -> None:
    road.service.bridge.broken = OSError("the database is away")
    message_id = await road.rig.say("hello")
    await until(lambda: road.service.bridge.refused >= 2)
    road.service.bridge.broken = None
    assert [m.message_id for m in await until(road.messages)] == [message_id]
