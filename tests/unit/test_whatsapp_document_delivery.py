"""Delivering a document over real HTTP: the file first, then the message; and what each failure says about retrying."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, AsyncIterator

import httpx
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from connectors import whatsapp_client
from connectors.whatsapp_client import WhatsAppChannel
from handoff.channel import Address, DeliveryError
from tests.unit.simulator_rig import NUMBER, TOKEN, Rig, receiving, running, serving
from tests.unit.whatsapp_support import settings

ANA = Address(NUMBER, wa_id="447700900123")
PDF = b"%PDF-1.7\nTotal: 58.00"
DATA = "data:application/pdf;base64," + base64.b64encode(PDF).decode()
INVOICE = {"type": "document", "document": {"data": DATA, "filename": "invoice-1042.pdf", "caption": "Here it is"}}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        await rig.customer()
        yield rig


@pytest.fixture
async def channel(rig: Rig) -> AsyncIterator[WhatsAppChannel]:
    channel = WhatsAppChannel(replace(settings(rig.address), access_token=TOKEN), timeout=httpx.Timeout(1.0))
    yield channel
    await channel.close()


async def calls(rig: Rig) -> list[str]:
    requests = (await rig.control("GET", "requests"))["requests"]
    return [call["path"].rpartition("/")[2] for call in requests]


async def failure(channel: WhatsAppChannel, payload: dict[str, Any] = INVOICE, to: Address = ANA) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(to, payload, outbox_id="outbox-1")
    return caught.value


async def test_the_file_is_uploaded_and_the_message_names_it(rig: Rig, channel: WhatsAppChannel) -> None:
    with capture_logs() as logs:
        provider_id = await channel.deliver(ANA, INVOICE, outbox_id="outbox-1")
    (message,) = await rig.thread()
    assert (message["id"], message["callback"]) == (provider_id, "outbox-1")
    part = message["payload"]["document"]
    assert part == {"id": message["media"]["id"], "filename": "invoice-1042.pdf", "caption": "Here it is"}
    assert (await rig.http.get(f"/files/{part['id']}")).content == PDF
    assert await calls(rig) == ["media", "messages"] and logs == []


async def test_a_link_is_left_to_whatsapp(rig: Rig, channel: WhatsAppChannel) -> None:
    payload = {"type": "document", "document": {"link": "https://example.com/a.pdf", "filename": "a.pdf"}}
    await channel.deliver(ANA, payload, outbox_id="outbox-1")
    assert (await rig.thread())[0]["payload"]["document"] == payload["document"]
    assert await calls(rig) == ["messages"]


@pytest.mark.parametrize(
    ("fault", "retry", "code"),
    [
        ({"status": 500}, True, 131000),
        ({"status": 500, "html": True}, True, 0),
        ({"status": 502, "html": True}, True, 0),
        ({"status": 504, "html": True}, True, 0),
        ({"status": 401}, True, 190),
        ({"code": 131053}, False, 131053),
        ({"code": 100}, False, 100),
        ({"status": 429}, True, 130429),
        ({"drop_answer_rate": 1}, True, 0),
        ({"hang_seconds": 1.5}, True, 0),
    ],
    ids=str,
)
async def test_a_failed_upload_sent_nothing_so_it_is_never_unknown(
    rig: Rig, channel: WhatsAppChannel, fault: dict[str, Any], retry: bool, code: int
) -> None:
    await rig.control("PUT", "faults", {"graph": {**fault, "only": "media"}})
    error = await failure(channel)
    assert (error.retry, error.unknown, error.code) == (retry, False, code)
    assert "may have been sent" not in str(error) and "invoice" not in str(error)
    assert await rig.thread() == []


async def test_an_upload_that_takes_too_long_in_all_is_given_up(
    rig: Rig, channel: WhatsAppChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whatsapp_client, "UPLOAD_SECONDS", 0.2)
    await rig.control("PUT", "faults", {"graph": {"hang_seconds": 0.6, "only": "media"}})
    error = await failure(channel)
    assert error.retry and not error.unknown


@pytest.mark.parametrize("answer", ["{}", "[]", '{"id": 5}', "<html>"])
async def test_an_upload_whose_answer_has_no_id_is_tried_again(answer: str) -> None:
    async def odd(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{path:.*}", odd)
    async with serving(app) as address:
        channel = WhatsAppChannel(settings(address))
        error = await failure(channel)
        await channel.close()
    assert error.retry and not error.unknown


async def test_a_server_that_is_away_is_tried_again() -> None:
    channel = WhatsAppChannel(settings("http://127.0.0.1:1"))
    error = await failure(channel)
    await channel.close()
    assert error.retry and not error.unknown


@pytest.mark.parametrize(
    ("fault", "retry", "unknown"),
    [
        ({"status": 500}, True, False),
        ({"code": 131047}, False, False),
        ({"drop_answer_rate": 1}, True, True),
        ({"hang_seconds": 1.5, "hang_accepts": True}, True, True),
    ],
    ids=str,
)
async def test_a_send_that_fails_after_the_upload_is_judged_as_any_send_and_may_upload_again(
    rig: Rig, channel: WhatsAppChannel, fault: dict[str, Any], retry: bool, unknown: bool
) -> None:
    await rig.control("PUT", "faults", {"graph": {**fault, "only": "messages"}})
    error = await failure(channel)
    assert (error.retry, error.unknown) == (retry, unknown)
    await rig.control("DELETE", "faults")
    await channel.deliver(ANA, INVOICE, outbox_id="outbox-1")
    assert (await calls(rig)).count("media") == 2
    assert (await rig.thread())[-1]["media"]["size"] == len(PDF)


async def test_a_customer_without_an_address_costs_no_upload(rig: Rig, channel: WhatsAppChannel) -> None:
    error = await failure(channel, to=Address(NUMBER))
    assert not error.retry and await calls(rig) == []


@pytest.mark.parametrize("data", ["data:text/html;base64,PGI+", "nonsense", DATA.partition(",")[0] + ","])
async def test_data_that_a_designer_passed_through_and_that_is_none_is_refused_at_once(
    rig: Rig, channel: WhatsAppChannel, data: str
) -> None:
    error = await failure(channel, {"type": "document", "document": {"data": data}})
    assert not error.retry and await calls(rig) == []


async def test_many_documents_at_once_all_arrive(rig: Rig, channel: WhatsAppChannel) -> None:
    await asyncio.gather(*(channel.deliver(ANA, INVOICE, outbox_id=f"outbox-{n}") for n in range(20)))
    thread = await rig.thread()
    assert len({message["media"]["id"] for message in thread}) == 20
    assert DATA not in json.dumps(thread)
