"""Delivery to a real HTTP server: what is sent, and what each failure says about trying again."""

from __future__ import annotations

import asyncio
import json
from typing import Any, AsyncIterator

import httpx
import pytest

from connectors.whatsapp_client import WhatsAppChannel
from handoff.channel import Address, CustomerChannel, DeliveryError
from tests.unit.whatsapp_support import NUMBER, TinyGraph, settings

ANA = Address(NUMBER, user_id="GB.4820117365520098", wa_id="447700900123")
HELLO: dict[str, Any] = {"type": "text", "text": {"body": "Hello 📦"}}
SHORT = httpx.Timeout(0.3)


@pytest.fixture
async def graph() -> AsyncIterator[TinyGraph]:
    async with TinyGraph().running() as server:
        yield server


@pytest.fixture
async def channel(graph: TinyGraph) -> AsyncIterator[WhatsAppChannel]:
    channel = WhatsAppChannel(settings(graph.url), timeout=SHORT)
    yield channel
    await channel.close()


async def failure(channel: CustomerChannel, to: Address = ANA) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(to, HELLO, outbox_id="outbox-1")
    return caught.value


def refusal(code: int, **more: Any) -> str:
    return json.dumps({"error": {"message": f"(#{code}) refused", "type": "OAuthException", "code": code, **more}})


async def test_a_message_goes_to_the_phone_with_a_plus_and_carries_our_id(
    graph: TinyGraph, channel: WhatsAppChannel
) -> None:
    assert await channel.deliver(ANA, HELLO, outbox_id="outbox-1") == "wamid.OUT1"
    (call,) = graph.calls
    assert call.line == f"POST /v23.0/{NUMBER}/messages HTTP/1.1"
    assert call.headers["authorization"] == "Bearer test-token"
    assert call.body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+447700900123",
        "type": "text",
        "text": {"body": "Hello 📦"},
        "biz_opaque_callback_data": "outbox-1",
    }


async def test_a_customer_without_a_phone_is_reached_by_user_id(graph: TinyGraph, channel: WhatsAppChannel) -> None:
    await channel.deliver(Address(NUMBER, user_id="GB.1"), HELLO, outbox_id="outbox-1")
    assert graph.calls[0].body["recipient"] == "GB.1" and "to" not in graph.calls[0].body


async def test_a_payload_cannot_choose_its_own_recipient(graph: TinyGraph, channel: WhatsAppChannel) -> None:
    await channel.deliver(ANA, {**HELLO, "to": "+15550100999", "messaging_product": "x"}, outbox_id="outbox-1")
    assert (graph.calls[0].body["to"], graph.calls[0].body["messaging_product"]) == ("+447700900123", "whatsapp")


async def test_a_customer_without_any_address_is_refused_at_once(graph: TinyGraph, channel: WhatsAppChannel) -> None:
    error = await failure(channel, Address(NUMBER))
    assert not error.retry and not error.unknown and graph.calls == []


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [(401, 190, True), (400, 131047, False), (400, 131056, True), (429, 130429, True), (500, 131000, True)],
)
async def test_a_refusal_is_decided_by_its_code(
    graph: TinyGraph, channel: WhatsAppChannel, status: int, code: int, retry: bool
) -> None:
    graph.answers.append((status, refusal(code, error_data="plain words")))
    error = await failure(channel)
    assert (error.code, error.retry, error.unknown) == (code, retry, False)
    assert (error.retry_after is not None) == retry
    assert "refused" not in str(error)


async def test_the_dispatcher_is_told_what_waits_for_the_operator_and_what_is_tried_a_few_times(
    graph: TinyGraph, channel: WhatsAppChannel
) -> None:
    graph.answers += [(401, refusal(190)), (500, refusal(131000))]
    expired, vague = await failure(channel), await failure(channel)
    assert (expired.operator, expired.tries) == (True, None)
    assert not vague.operator and vague.tries is not None and vague.tries > 1


async def test_a_retry_after_header_is_honoured(graph: TinyGraph, channel: WhatsAppChannel) -> None:
    graph.headers = "Retry-After: 17\r\n"
    graph.answers.append((429, refusal(4)))
    assert (await failure(channel)).retry_after == 17


@pytest.mark.parametrize(
    ("status", "body", "retry", "unknown"),
    [
        (500, "<html>Internal Server Error</html>", True, False),
        (503, "", True, False),
        (502, "<html>Bad Gateway</html>", True, True),
        (504, "<html>Gateway Timeout</html>", True, True),
        (429, "slow down", True, False),
        (403, "<html>Forbidden</html>", False, False),
        (400, '{"error": "a string"}', False, False),
        (400, '{"error": {"code": "131047", "message": "a code that is text"}}', False, False),
        (500, '{"error": {"message": "no code"}}', True, False),
        (302, "moved", False, False),
        (200, "<html>Welcome</html>", True, True),
        (200, "[]", True, True),
        (200, "{}", True, True),
        (200, '{"messages": []}', True, True),
        (200, '{"messages": [{"id": 5}]}', True, True),
    ],
)
async def test_an_answer_in_no_known_shape_is_never_a_crash(
    graph: TinyGraph, channel: WhatsAppChannel, status: int, body: str, retry: bool, unknown: bool
) -> None:
    graph.answers.append((status, body))
    error = await failure(channel)
    assert (error.retry, error.unknown, error.code) == (retry, unknown, 0)


async def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    channel = WhatsAppChannel(settings("http://127.0.0.1:1"), timeout=SHORT)
    error = await failure(channel)
    await channel.close()
    assert error.retry and not error.unknown


async def test_a_connection_that_closes_without_an_answer_leaves_it_unknown(
    graph: TinyGraph, channel: WhatsAppChannel
) -> None:
    graph.answers.append(None)
    error = await failure(channel)
    assert error.retry and error.unknown and len(graph.calls) == 1


async def test_a_time_out_after_sending_leaves_it_unknown(graph: TinyGraph, channel: WhatsAppChannel) -> None:
    over = asyncio.Event()

    async def never() -> None:
        await over.wait()

    graph.answers.append(never)
    error = await failure(channel)
    over.set()
    assert error.retry and error.unknown and len(graph.calls) == 1


async def test_a_message_is_marked_read_and_typing_is_shown(graph: TinyGraph, channel: WhatsAppChannel) -> None:
    graph.answers.append((200, '{"success": true}'))
    await channel.acknowledge(NUMBER, "wamid.T1")
    assert graph.calls[0].body == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.T1",
        "typing_indicator": {"type": "text"},
    }


async def test_a_failed_acknowledgement_is_nobodys_problem(graph: TinyGraph, channel: WhatsAppChannel) -> None:
    graph.answers += [(400, refusal(131009)), (500, "<html>"), None]
    for _ in range(3):
        await channel.acknowledge(NUMBER, "wamid.T1")
    assert len(graph.calls) == 3


async def test_many_messages_at_once_all_arrive(graph: TinyGraph) -> None:
    patient = WhatsAppChannel(settings(graph.url))  # the fifty share one server that has other things to do
    await asyncio.gather(*(patient.deliver(ANA, HELLO, outbox_id=f"outbox-{n}") for n in range(50)))
    await patient.close()
    assert {call.body["biz_opaque_callback_data"] for call in graph.calls} == {f"outbox-{n}" for n in range(50)}
