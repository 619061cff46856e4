"""The simulator's webhooks: signed, in order, again until they are answered, and as broken as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, AsyncIterator

import aiohttp
import httpx
import pytest
import pytest_asyncio

from connectors.simulator.webhooks import sign
from tests.unit.simulator_rig import (
    NUMBER,
    SECRET,
    TOKEN,
    Receiver,
    Rig,
    environment,
    free_port,
    receiving,
    running,
    text_to,
    until,
)

PROJECT = Path(__file__).parents[2]


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        yield rig


@pytest.mark.parametrize(
    ("body", "digest"),
    [
        (b'{"object":"whatsapp_business_account","entry":[]}', "dec6a680679a968e7e0319355b23599c"),
        (b'{"text":"caf\\u00e9"}', "bb4499e58580005a6a1c9d137b099e42"),
        ('{"text":"caf\u00e9"}'.encode(), "121bc8b4786bbcb9b061d9949cf866ed"),
    ],
)
def test_the_signature_is_over_the_raw_bytes(body: bytes, digest: str) -> None:
    signature = sign("test_app_secret", body)
    assert signature.startswith(f"sha256={digest}") and len(signature) == 71


async def test_a_customers_message_arrives_signed_in_metas_envelope(rig: Rig) -> None:
    customer = await rig.customer()
    said = await rig.say("h\u00e9llo")
    await until(lambda: rig.receiver.bodies)

    body, signature = rig.receiver.bodies[0], rig.receiver.signatures[0]
    assert signature == sign(SECRET, body)
    payload = json.loads(body)
    assert payload["object"] == "whatsapp_business_account" and payload["entry"][0]["id"] == "200000000000001"
    value = payload["entry"][0]["changes"][0]["value"]
    assert value["metadata"] == {"display_phone_number": "15550100123", "phone_number_id": NUMBER}
    contact = {"profile": {"name": "Ana"}, "wa_id": "447700900123", "user_id": customer["user_id"]}
    assert value["contacts"] == [contact]
    message = value["messages"][0]
    assert (message["id"], message["type"], message["text"]) == (said, "text", {"body": "h\u00e9llo"})
    assert message["from"] == "447700900123" and message["from_user_id"] == customer["user_id"]
    assert isinstance(message["timestamp"], str)


async def test_a_pressed_button_names_the_message_that_offered_it(rig: Rig) -> None:
    await rig.customer()
    reply = {"type": "reply", "reply": {"id": "/yes", "title": "Yes"}}
    part = {"type": "button", "body": {"text": "Sure?"}, "action": {"buttons": [reply]}}
    answer = await rig.graph(
        {"messaging_product": "whatsapp", "to": "+447700900123", "type": "interactive", "interactive": part}
    )
    offered = answer.json()["messages"][0]["id"]
    press = {"type": "button_reply", "id": "/yes", "title": "Yes"}
    await rig.control("POST", "customers/447700900123/messages", press)
    await rig.control("POST", "customers/447700900123/messages", {**press, "context": None})
    await until(lambda: len(rig.receiver.messages) == 2)

    first, second = rig.receiver.messages
    assert first["context"] == {"from": "15550100123", "id": offered}
    assert first["interactive"] == {"type": "button_reply", "button_reply": {"id": "/yes", "title": "Yes"}}
    assert "context" not in second


async def test_a_raw_message_passes_as_it_is_and_null_leaves_a_key_out(rig: Rig) -> None:
    await rig.customer()
    place = {"latitude": 51.5, "longitude": -0.12}
    raw = {"type": "location", "location": place, "from": None, "id": "wamid.MINE"}
    await rig.control("POST", "customers/447700900123/messages", {"type": "raw", "message": raw, "at": 1793440820})
    await until(lambda: rig.receiver.messages)
    message = rig.receiver.messages[0]
    assert (message["id"], message["location"], message["timestamp"]) == ("wamid.MINE", place, "1793440820")
    assert "from" not in message


async def test_an_echo_arrives_in_its_own_field(rig: Rig) -> None:
    await rig.customer()
    await rig.control("POST", "echo", {"to": "447700900123", "text": "Tom here"})
    await until(lambda: rig.receiver.bodies)
    change = json.loads(rig.receiver.bodies[0])["entry"][0]["changes"][0]
    assert change["field"] == "smb_message_echoes"
    echo = change["value"]["message_echoes"][0]
    assert (echo["from"], echo["to"], echo["text"]["body"]) == ("15550100123", "447700900123", "Tom here")
    assert (await rig.thread())[0]["direction"] == "out"
    assert (await rig.control("GET", "sent"))["messages"] == []


async def test_an_unanswered_webhook_comes_again_and_holds_up_only_its_customer(rig: Rig) -> None:
    await rig.customer("447700900001")
    await rig.customer("447700900002")
    rig.receiver.answers = [500]
    await rig.say("one", "447700900001")
    await until(lambda: rig.receiver.refused == 1)
    await rig.say("two", "447700900001")
    await rig.say("other", "447700900002")
    await until(lambda: len(rig.receiver.messages) == 3)

    assert [message["text"]["body"] for message in rig.receiver.messages] == ["other", "one", "two"]
    counts = await rig.control("GET", "webhooks")
    assert counts == {"pending": 0, "delivered": 3, "failed_attempts": 1, "dropped": 0}


async def test_each_customers_order_is_kept(rig: Rig) -> None:
    keys = [f"4477009001{n:02d}" for n in range(10)]
    for key in keys:
        await rig.customer(key)
    for n in range(10):
        for key in keys:
            await rig.say(str(n), key)
    await until(lambda: len(rig.receiver.messages) == 100)
    for key in keys:
        assert [one["text"]["body"] for one in rig.receiver.messages if one["from"] == key] == [
            str(n) for n in range(10)
        ]


async def test_duplicates_and_shuffling_deliver_everything_that_often_in_another_order(rig: Rig) -> None:
    await rig.customer()
    await rig.control(
        "PUT", "faults", {"webhook": {"duplicate": 3, "shuffle": True, "shuffle_seconds": 0.3}, "seed": 7}
    )
    said = [await rig.say(str(n)) for n in range(20)]
    await until(lambda: len(rig.receiver.messages) == 60)
    got = [message["id"] for message in rig.receiver.messages]
    assert sorted(got) == sorted(said * 3)
    assert got != [one for one in said for _ in range(3)]


async def test_a_batch_merges_updates_of_several_customers_in_one_post(rig: Rig) -> None:
    await rig.customer("447700900001")
    await rig.customer("447700900002")
    await rig.control("PUT", "faults", {"webhook": {"batch": 10, "delay_ms": 200}})
    for n in range(5):
        await rig.say(str(n), "447700900001")
        await rig.say(str(n), "447700900002")
    await until(lambda: len(rig.receiver.messages) == 10)
    assert len(rig.receiver.bodies) < 5
    largest = max(rig.receiver.values(), key=lambda value: len(value["messages"]))
    assert {contact["wa_id"] for contact in largest["contacts"]} == {"447700900001", "447700900002"}
    for key in ("447700900001", "447700900002"):
        assert [one["text"]["body"] for one in rig.receiver.messages if one["from"] == key] == list("01234")


async def test_statuses_can_be_dropped_and_webhooks_delayed(rig: Rig) -> None:
    await rig.customer()
    await rig.control("PUT", "faults", {"webhook": {"drop_statuses": True, "delay_ms": 300}})
    await rig.send()
    loop = asyncio.get_running_loop()
    started = loop.time()
    await rig.say("hi")
    await until(lambda: rig.receiver.messages)
    assert loop.time() - started >= 0.3
    assert rig.receiver.statuses == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 500}, 500, 131000),
        ({"status": 429}, 429, 130429),
        ({"status": 503}, 503, 2),
        ({"code": 130429}, 429, 130429),
        ({"code": 131056}, 400, 131056),
        ({"status": 500, "code": 2}, 500, 2),
    ],
)
async def test_a_graph_fault_answers_with_its_status_and_code(rig: Rig, fault: Any, status: int, code: int) -> None:
    await rig.control("PUT", "faults", {"graph": fault})
    answer = await rig.graph(text_to("+447700900123", "hi"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (await rig.control("GET", "sent"))["messages"] == []
    await rig.control("DELETE", "faults")
    await rig.send()


async def test_a_gateway_page_is_html(rig: Rig) -> None:
    await rig.control("PUT", "faults", {"graph": {"html": True}})
    answer = await rig.graph(text_to("+447700900123", "hi"))
    assert answer.status_code == 500 and answer.headers["content-type"].startswith("text/html")


async def test_a_share_of_calls_is_hit_and_the_seed_decides_which(rig: Rig) -> None:
    async def outcomes() -> list[int]:
        await rig.control("PUT", "faults", {"graph": {"status": 500, "rate": 0.5}, "seed": 3})
        return [(await rig.graph(text_to("+447700900123", "hi"))).status_code for _ in range(20)]

    first = await outcomes()
    assert set(first) == {200, 500} and first == await outcomes()


async def test_a_dropped_answer_was_accepted_nevertheless(rig: Rig) -> None:
    await rig.control("PUT", "faults", {"graph": {"drop_answer_rate": 1}})
    with pytest.raises(httpx.RemoteProtocolError):
        await rig.graph(text_to("+447700900123", "hi", biz_opaque_callback_data="outbox-1"))
    sent = (await rig.control("GET", "sent"))["messages"]
    assert [one["callback"] for one in sent] == ["outbox-1"]
    assert (await rig.control("GET", "requests"))["requests"][0]["answer"] == "dropped"


@pytest.mark.parametrize("accepts", [False, True])
async def test_a_call_that_hangs_is_accepted_only_when_that_is_wanted(rig: Rig, accepts: bool) -> None:
    await rig.control("PUT", "faults", {"graph": {"hang_seconds": 0.5, "hang_accepts": accepts}})
    with pytest.raises(httpx.ReadTimeout):
        await rig.http.post(
            f"/v23.0/{NUMBER}/messages",
            json=text_to("+447700900123", "hi"),
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=0.1,
        )
    await rig.control("DELETE", "faults")
    await until(lambda: _calls(rig))
    assert len((await rig.control("GET", "sent"))["messages"]) == int(accepts)


async def _calls(rig: Rig) -> list[Any]:
    return list((await rig.control("GET", "requests"))["requests"])


async def test_latency_holds_every_call(rig: Rig) -> None:
    await rig.control("PUT", "faults", {"graph": {"latency_ms": 200}})
    started = asyncio.get_running_loop().time()
    await rig.send()
    assert asyncio.get_running_loop().time() - started >= 0.2


@pytest.mark.parametrize(
    "faults",
    [{"grahp": {}}, {"graph": {"rat": 1}}, {"graph": {"rate": "x"}}, {"webhook": {"batch": 0}}, {"graph": {"code": 7}}],
)
async def test_a_wrong_description_of_faults_is_refused(rig: Rig, faults: Any) -> None:
    assert "error" in await rig.control("PUT", "faults", faults, status=400)


async def test_a_page_of_another_site_may_not_use_it(rig: Rig) -> None:
    answer = await rig.http.post("/control/reset", headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403


async def test_reset_forgets_everything(rig: Rig) -> None:
    await rig.customer()
    rig.receiver.hold = asyncio.Event()
    await rig.say("hi")
    await rig.control("POST", "clock", {"advance": 3600})
    await rig.control("PUT", "faults", {"webhook": {"duplicate": 2}})
    await rig.control("POST", "reset")
    assert (await rig.control("GET", "customers"))["customers"] == []
    assert (await rig.control("GET", "webhooks"))["pending"] == 0
    assert (await rig.control("GET", "clock"))["offset"] == 0
    assert (await rig.control("GET", "faults"))["webhook"]["duplicate"] == 1
    rig.receiver.hold.set()


async def test_three_hundred_webhooks_a_second_are_no_trouble(rig: Rig) -> None:
    keys = [f"4477009{n:05d}" for n in range(30)]
    for key in keys:
        await rig.customer(key)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with aiohttp.ClientSession(rig.address) as http:

        async def talk(key: str) -> None:
            for n in range(20):
                async with http.post(
                    f"/control/customers/{key}/messages", json={"type": "text", "text": str(n)}
                ) as answer:
                    assert answer.status == 200

        await asyncio.gather(*(talk(key) for key in keys))
    await until(lambda: len(rig.receiver.bodies) == 600, 30)
    rate = 600 / (loop.time() - started)
    print(f"{rate:.0f} webhooks/s, client, simulator and receiver in one process")
    assert rate > 60  # a machine that is busy with other things must not fail this


async def test_a_stopped_simulator_keeps_messages_and_delivers_the_webhooks_that_were_pending(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.answers = [500] * 1000
        async with _process(tmp_path, receiver) as rig:
            await rig.customer()
            said = [await rig.say(text) for text in ("one", "two")]
            await rig.send("an answer", biz_opaque_callback_data="outbox-1")
            await rig.control("POST", "clock", {"advance": 3600})
            await until(lambda: receiver.refused)
        receiver.answers = []
        async with _process(tmp_path, receiver) as rig:
            await until(lambda: len(receiver.messages) == 2 and len(receiver.statuses) == 2)
            assert [message["id"] for message in receiver.messages] == said
            assert [one["text"] for one in await rig.thread()] == ["one", "two", "an answer"]
            assert [one["callback"] for one in (await rig.control("GET", "sent"))["messages"]] == ["outbox-1"]
            assert (await rig.control("GET", "clock"))["offset"] == 3600


@contextlib.asynccontextmanager
async def _process(var: Path, receiver: Receiver) -> AsyncIterator[Rig]:
    """The simulator as a process of its own, ended with Ctrl-C's signal."""
    port = free_port()
    variables = {**os.environ, **environment(var, receiver.url, port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connectors.simulator", cwd=PROJECT, env=variables
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def healthy() -> bool:
                try:
                    return (await http.get("/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(healthy, 30)
            yield Rig(http, receiver)
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_missing_settings_and_a_taken_port_end_with_one_message(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connectors.simulator"]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("WHATSAPP_")}
    missing = subprocess.run(command, cwd=PROJECT, env=bare, capture_output=True, text=True, timeout=30)
    assert missing.returncode == 1
    assert "WHATSAPP_ACCESS_TOKEN" in missing.stderr and "WHATSAPP_APP_SECRET" in missing.stderr
    assert "Traceback" not in missing.stderr

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        variables = {**os.environ, **environment(tmp_path, "http://127.0.0.1:1/x", port)}
        refused = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port} (SIMULATOR_PORT)" in refused.stderr and "Traceback" not in refused.stderr
