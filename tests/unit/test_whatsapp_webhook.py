"""The routes on a real Sanic server: nothing is acknowledged before it is kept, and nothing foreign is read."""

from __future__ import annotations

import asyncio
import json
from typing import Any, AsyncIterator, Iterator

import httpx
import pytest
from rasa.shared.exceptions import RasaException
from structlog.testing import capture_logs

from connectors.whatsapp import WhatsAppInput
from connectors.whatsapp_client import WhatsAppChannel
from connectors.whatsapp_webhook import MAX_BODY_BYTES, signature
from handoff.settings import SettingsError
from tests.unit.whatsapp_support import FIXTURES, NAMES, SECRET, WEBHOOK, Service, payload


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.running() as client:
        yield client


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


async def post(client: httpx.AsyncClient, body: bytes, secret: str = SECRET) -> httpx.Response:
    return await client.post(WEBHOOK, content=body, headers={"X-Hub-Signature-256": signature(secret, body)})


def encoded(name: str) -> bytes:
    return (FIXTURES / "whatsapp" / f"{name}.json").read_bytes()


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (
            b'{"object":"whatsapp_business_account","entry":[]}',
            "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756",
        ),
        (b'{"text":"caf\\u00e9"}', "bb4499e58580005a6a1c9d137b099e427574d6dc9190b6d4f88590b2af74e549"),
        ('{"text":"café"}'.encode(), "121bc8b4786bbcb9b061d9949cf866ed3057463a3eb0d8bd1bcf10637b964398"),
    ],
)
async def test_the_signature_is_of_the_raw_bytes(client: httpx.AsyncClient, body: bytes, digest: str) -> None:
    assert signature(SECRET, body) == f"sha256={digest}"
    headers = {"X-Hub-Signature-256": f"sha256={digest}"}
    assert (await client.post(WEBHOOK, content=body, headers=headers)).status_code == 200
    assert (await client.post(WEBHOOK, content=body + b" ", headers=headers)).status_code == 403


@pytest.mark.parametrize("given", ["", "sha256=", "sha256=" + "0" * 64, "dec6a6", "sha256=é", "sha1=abc"])
async def test_a_webhook_without_our_signature_is_refused_unread(
    service: Service, client: httpx.AsyncClient, given: str
) -> None:
    headers = {"X-Hub-Signature-256": given.encode()} if given else {}
    response = await client.post(WEBHOOK, content=encoded("text"), headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 403 and service.bridge.batches == []


async def test_a_webhook_signed_with_another_secret_is_refused(service: Service, client: httpx.AsyncClient) -> None:
    assert (await post(client, encoded("text"), "another secret")).status_code == 403
    assert service.bridge.batches == []


async def test_escaped_and_plain_utf8_bodies_are_both_taken(service: Service, client: httpx.AsyncClient) -> None:
    for ascii_only in (True, False):
        body = json.dumps(payload("text"), ensure_ascii=ascii_only).encode()
        assert (await post(client, body)).status_code == 200
    first, second = service.bridge.batches
    assert first == second and first.messages[0].text == "Where is my order? ¿Dónde está? 📦"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe\xfa", b"[" * 100_000, b"[]", b'"text"', b"null"],
    ids=["empty", "cut off", "no text", "nested without end", "a list", "a string", "null"],
)
async def test_a_signed_body_that_is_no_json_object_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await post(client, body)).status_code == 400


async def test_a_body_over_three_megabytes_is_too_large(service: Service, client: httpx.AsyncClient) -> None:
    text = encoded("text")
    assert (await post(client, text + b" " * (MAX_BODY_BYTES - len(text)))).status_code == 200
    assert (await post(client, text + b" " * (MAX_BODY_BYTES - len(text) + 1))).status_code == 413
    assert len(service.bridge.batches) == 1


async def test_a_large_body_without_an_announced_length_is_too_large(
    service: Service, client: httpx.AsyncClient
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b" " * (MAX_BODY_BYTES // 3)

    headers = {"X-Hub-Signature-256": "sha256=0"}
    response = await client.post(WEBHOOK, content=pieces(), headers=headers)
    assert response.status_code == 413 and service.bridge.batches == []


async def test_a_body_announced_as_too_large_is_not_waited_for(client: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode())
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_nothing_is_acknowledged_that_was_not_kept(service: Service, client: httpx.AsyncClient) -> None:
    service.bridge.broken = OSError("the database is locked: Where is my order?")
    with capture_logs() as entries:
        assert (await post(client, encoded("text"))).status_code == 503
    assert "order" not in json.dumps(entries)
    service.bridge.broken = None
    assert (await post(client, encoded("text"))).status_code == 200
    assert len(service.bridge.batches) == 1


async def test_before_the_bridge_is_there_whatsapp_is_told_to_come_back(service: Service) -> None:
    async with service.running(bridge_started=False) as client:
        assert (await post(client, encoded("text"))).status_code == 503
        assert (await client.get("/webhooks/whatsapp/")).json() == {"status": "ok"}


async def test_the_bridge_gets_the_channel_at_start_and_is_stopped_at_the_end(service: Service) -> None:
    async with service.running() as client:
        assert (await client.get("/webhooks/whatsapp/")).status_code == 200
        assert isinstance(service.channel, WhatsAppChannel) and not service.bridge.stopped
    assert service.bridge.stopped


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_whatsapp_sends_is_answered_200(client: httpx.AsyncClient, name: str) -> None:
    assert (await post(client, encoded(name))).status_code == 200


async def test_messages_for_a_number_that_is_not_ours_are_left(service: Service, client: httpx.AsyncClient) -> None:
    assert (await post(client, encoded("other_number"))).status_code == 200
    (batch,) = service.bridge.batches
    assert [message.text for message in batch.messages] == ["for us"]


async def test_a_webhook_with_nothing_to_keep_does_not_trouble_the_bridge(
    service: Service, client: httpx.AsyncClient
) -> None:
    assert (await post(client, encoded("account_errors_only"))).status_code == 200
    assert service.bridge.batches == []


async def test_one_line_is_logged_with_counts_and_nothing_personal(client: httpx.AsyncClient, logs: list[Any]) -> None:
    await post(client, encoded("unknown_field"))
    (entry,) = logs
    assert (entry["event"], entry["log_level"], entry["status"]) == ("whatsapp.webhook", "info", 200)
    assert (entry["messages"], entry["receipts"], entry["ignored"]) == (1, 0, {"field something_new": 1})
    assert entry["trace_id"] and entry["ms"] >= 0
    written = json.dumps(entry)
    assert not any(secret in written for secret in ("beside", "Ana", "447700900123", "GB.", SECRET, "test-token"))


async def test_the_address_is_verified_with_the_challenge_as_it_came(client: httpx.AsyncClient) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "test-verify-token", "hub.challenge": "0090<b>+817"}
    response = await client.get(WEBHOOK, params=query)
    assert (response.status_code, response.text) == (200, "0090<b>+817")
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "wrong",
    [{"hub.mode": "unsubscribe"}, {"hub.verify_token": "tést"}, {"hub.verify_token": ""}, {"hub.challenge": ""}],
)
async def test_any_other_verification_is_refused(client: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "test-verify-token", "hub.challenge": "1"}
    response = await client.get(WEBHOOK, params={**query, **wrong})
    assert response.status_code == 403 and response.text == ""
    assert (await client.get(WEBHOOK)).status_code == 403


def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_TOKEN", "PHONE_NUMBER_ID", "BUSINESS_ACCOUNT_ID", "APP_SECRET", "VERIFY_TOKEN"):
        monkeypatch.setenv(f"WHATSAPP_{name}", "1")


def test_the_channel_is_made_from_credentials_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)
    made = WhatsAppInput.from_credentials(None)
    assert made.numbers[made.settings.phone_number_id].options.merge_texts
    made = WhatsAppInput.from_credentials({"merge_texts": False, "list_button": "Pick"})
    options = made.numbers[made.settings.phone_number_id].options
    assert (made.name(), options.merge_texts, options.list_button) == ("whatsapp", False, "Pick")


@pytest.mark.parametrize("wrong", [{"merge_text": True}, {"merge_texts": "yes"}, {"list_button": "x" * 21}])
def test_a_wrong_option_in_credentials_is_named(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]) -> None:
    environment(monkeypatch)
    with pytest.raises(RasaException, match=next(iter(wrong))):
        WhatsAppInput.from_credentials(wrong)


def test_without_its_variables_the_channel_names_all_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)
    monkeypatch.delenv("WHATSAPP_APP_SECRET")
    monkeypatch.delenv("WHATSAPP_VERIFY_TOKEN")
    with pytest.raises(SettingsError, match=r"(?s)WHATSAPP_APP_SECRET.*WHATSAPP_VERIFY_TOKEN"):
        WhatsAppInput.from_credentials(None)
