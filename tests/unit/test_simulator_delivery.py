"""How the simulator's webhooks come: again for seven pretended days, and statuses in every order that Meta warns of."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any, AsyncIterator

import pytest
import pytest_asyncio

from tests.unit.simulator_rig import NUMBER, TOKEN, Rig, receiving, running, text_to, until

TO = "+447700900123"
KEY = "447700900123"
DAY = 24 * 3600


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        await rig.customer()
        yield rig


async def advance(rig: Rig, seconds: float) -> None:
    await rig.control("POST", "clock", {"advance": seconds})


async def counts(rig: Rig) -> dict[str, int]:
    return dict(await rig.control("GET", "webhooks"))


async def failed(rig: Rig, tries: int) -> None:
    """Wait until so many tries were refused and the next one is being waited for."""

    async def enough() -> bool:
        return (await counts(rig))["failed_attempts"] >= tries

    await until(enough)


def told(rig: Rig) -> list[str]:
    return [one["status"] for one in rig.receiver.statuses]


async def test_pauses_grow_and_moving_the_clock_sends_what_is_due_at_once(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"longest_retry_pause": 6 * 3600})
    rig.receiver.answers = [500] * 14
    await rig.say("hi")
    pause = 0.5
    for tries in range(1, 15):  # 0.5 s, 1 s, 2 s ... more than an hour by now: nobody waits for that here
        await failed(rig, tries)
        await advance(rig, pause)
        pause *= 2
    await until(lambda: rig.receiver.messages)
    assert (await counts(rig))["failed_attempts"] == 14


async def test_a_pause_is_not_over_before_its_time(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"longest_retry_pause": 3600})
    rig.receiver.answers = [500] * 12
    await rig.say("hi")
    for tries in range(1, 13):
        await failed(rig, tries)
        if tries < 12:
            await advance(rig, 0.5 * 2 ** (tries - 1))
    await advance(rig, 1000)  # of the 1024 seconds after the twelfth
    await rig.say("another customer's chat goes on", (await rig.customer("447700900124"))["key"])
    await until(lambda: rig.receiver.messages)
    assert [one["from"] for one in rig.receiver.messages] == ["447700900124"]
    await advance(rig, 30)
    await until(lambda: len(rig.receiver.messages) == 2)


async def test_what_nobody_takes_for_seven_days_is_dropped_and_counted(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"longest_retry_pause": DAY})
    rig.receiver.answers = [500] * 100
    await rig.say("hi")
    for day in range(1, 7):
        await failed(rig, day)
        await advance(rig, DAY)
    await failed(rig, 7)
    assert (await counts(rig))["pending"] == 1 and (await counts(rig))["dropped"] == 0
    await advance(rig, DAY + 60)
    await until(lambda: _dropped(rig))
    assert await counts(rig) == {"pending": 0, "delivered": 0, "failed_attempts": 7, "dropped": 1}
    rig.receiver.answers = []
    await rig.say("later")
    await until(lambda: rig.receiver.messages)
    assert [one["text"]["body"] for one in rig.receiver.messages] == ["later"]


async def _dropped(rig: Rig) -> int:
    return (await counts(rig))["dropped"]


async def test_the_first_try_is_made_however_old_the_update_is(rig: Rig) -> None:
    await rig.control("PUT", "faults", {"webhook": {"delay_ms": 300}})
    await rig.say("hi")
    await advance(rig, 8 * DAY)
    await until(lambda: rig.receiver.messages)


async def test_statuses_repeat_come_late_skip_one_and_arrive_before_the_answer(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"auto_read": True, "delivered_after_ms": 0})
    await rig.control("PUT", "faults", {"status": {"repeat": 2}})
    await rig.send()
    await until(lambda: told(rig) == ["sent", "sent", "delivered", "delivered", "read", "read"])
    rig.receiver.bodies.clear()
    await rig.control("PUT", "faults", {"status": {"late_sent_ms": 300}})
    await rig.send()
    await until(lambda: told(rig) == ["delivered", "read", "sent"])
    rig.receiver.bodies.clear()
    await rig.control("PUT", "faults", {"status": {"skip_delivered": True}})
    await rig.send()
    await until(lambda: told(rig) == ["sent", "read"])
    rig.receiver.bodies.clear()
    await rig.control("PUT", "faults", {"status": {"early": True}})
    await rig.send()
    assert "sent" in told(rig)


@pytest.mark.parametrize("code", [131047, 131053, 131056])
async def test_accepted_messages_can_fail_later(rig: Rig, code: int) -> None:
    await rig.control("PUT", "faults", {"status": {"fail_code": code}})
    await rig.send(biz_opaque_callback_data="outbox-1")
    await until(lambda: told(rig) == ["sent", "failed"])
    failed = rig.receiver.statuses[1]
    assert (failed["errors"][0]["code"], failed["biz_opaque_callback_data"]) == (code, "outbox-1")
    assert "recipient_user_id" not in failed and "pricing" not in failed
    message = (await rig.thread())[0]
    assert (message["status"], message["error"]["code"]) == ("failed", code)


async def test_a_share_of_messages_fails_as_the_seed_says(rig: Rig) -> None:
    async def fates() -> list[str]:
        await rig.control("PUT", "faults", {"status": {"fail_code": 131026, "fail_rate": 0.5}, "seed": 3})
        rig.receiver.bodies.clear()
        sent = [await rig.send(str(n)) for n in range(10)]
        await until(lambda: len([one for one in told(rig) if one != "sent"]) == 10)
        fate = {one["id"]: one["status"] for one in rig.receiver.statuses if one["status"] != "sent"}
        return [fate[one] for one in sent]

    first = await fates()
    assert set(first) == {"delivered", "failed"} and first == await fates()


async def test_statuses_carry_a_price_once_and_say_who_once_it_is_known(rig: Rig) -> None:
    user_id = (await rig.customer(username="ana.example"))["user_id"]
    await rig.control("PUT", "settings", {"auto_read": True})
    await rig.send()
    await until(lambda: told(rig) == ["sent", "delivered", "read"])
    prices = [one.get("pricing") for one in rig.receiver.statuses]
    assert prices[0]["category"] == "service" and prices[1:] == [None, None]
    contacts = [value["contacts"][0] for value in rig.receiver.values()]
    assert contacts[0] == {"wa_id": KEY, "user_id": user_id}
    assert [one["profile"]["username"] for one in contacts[1:]] == ["ana.example"] * 2


async def test_a_voice_note_is_played_after_it_was_read(rig: Rig) -> None:
    voice = {"link": "https://example.com/a.ogg", "voice": True}
    body = {**text_to(TO, "x"), "type": "audio", "audio": voice}
    del body["text"]
    sent = (await rig.graph(body)).json()["messages"][0]["id"]
    text = await rig.send()
    await rig.control("POST", f"customers/{KEY}/played", {"message_id": sent})
    await until(
        lambda: [one["status"] for one in rig.receiver.statuses if one["id"] == sent][-2:] == ["read", "played"]
    )
    await rig.control("POST", f"customers/{KEY}/played", {"message_id": text}, status=400)


async def test_a_problem_of_the_account_comes_alone(rig: Rig) -> None:
    await rig.control("POST", "errors", {"code": 130429, "details": "Too much."})
    await until(lambda: rig.receiver.bodies)
    change = json.loads(rig.receiver.bodies[0])["entry"][0]["changes"][0]
    assert change["field"] == "messages" and change["value"]["errors"][0]["code"] == 130429
    assert "messages" not in change["value"] and change["value"]["metadata"]["phone_number_id"] == NUMBER
    await rig.control("POST", "errors", {"code": 7}, status=400)


async def test_a_thousand_updates_come_in_one_post(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"throughput": 0})
    await rig.control("PUT", "faults", {"webhook": {"batch": 1000, "delay_ms": 500, "duplicate": 250}})
    for n in range(4):
        await rig.say(str(n))
    await until(lambda: len(rig.receiver.messages) == 1000)
    assert len(rig.receiver.bodies) <= 2


async def test_what_waited_for_hours_is_sent_again_after_a_restart(tmp_path: Any) -> None:
    async with receiving() as receiver:
        receiver.answers = [500] * 3
        async with running(tmp_path, receiver) as rig:
            await rig.customer()
            await rig.say("hi")
            await until(lambda: receiver.refused)
            await advance(rig, 3 * DAY)
        receiver.answers = []
        async with running(tmp_path, receiver) as rig:
            await until(lambda: receiver.messages)
            assert (await counts(rig))["pending"] == 0


async def test_an_answer_waits_for_an_early_status_no_longer_than_it_must(rig: Rig) -> None:
    await rig.control("PUT", "faults", {"status": {"early": True}})
    rig.receiver.hold = asyncio.Event()
    call = asyncio.create_task(
        rig.http.post(f"/v23.0/{NUMBER}/messages", json=text_to(TO, "hi"), headers={"Authorization": f"Bearer {TOKEN}"})
    )
    await until(lambda: _sent(rig))
    assert not call.done()
    rig.receiver.hold.set()
    assert (await call).status_code == 200


async def _sent(rig: Rig) -> list[Any]:
    return list((await rig.control("GET", "sent"))["messages"])


async def test_what_an_older_version_wrote_down_does_not_keep_it_from_starting(tmp_path: Any) -> None:
    async with receiving() as receiver:
        async with running(tmp_path, receiver) as rig:
            await rig.customer()
            await rig.say("hi")
            await until(lambda: receiver.messages)
        with sqlite3.connect(tmp_path / "simulator.db") as database:
            old = {"id": 7, "kind": "messages", "user_id": "GB.1", "number": NUMBER, "item": {}}
            database.execute("INSERT INTO documents VALUES ('webhook', '7', ?)", (json.dumps(old),))
            database.execute("UPDATE documents SET body = json_set(body, '$.gone', 1) WHERE kind = 'customer'")
        async with running(tmp_path, receiver) as rig:
            assert (await counts(rig))["pending"] == 0
            assert [one["text"] for one in await rig.thread()] == ["hi"]
