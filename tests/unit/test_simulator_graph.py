"""The simulator's Graph API: what it accepts, what it refuses and with which code, and the statuses that follow."""

from __future__ import annotations

from typing import Any, AsyncIterator

import pytest
import pytest_asyncio

from tests.unit.simulator_rig import NUMBER, TOKEN, Rig, receiving, running, text_to, until

TO = "+447700900123"


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        yield rig


def buttons(*replies: dict[str, str], **other: Any) -> dict[str, Any]:
    action = {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}
    return interactive({"type": "button", "body": {"text": "Choose"}, "action": action, **other})


def rows(*sections: list[dict[str, str]], button: str = "Choose", title: str = "Topics") -> dict[str, Any]:
    action = {"button": button, "sections": [{"title": title, "rows": section} for section in sections]}
    return interactive({"type": "list", "body": {"text": "What about?"}, "action": action})


def interactive(part: dict[str, Any]) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": TO, "type": "interactive", "interactive": part}


def row(number: int, **other: str) -> dict[str, str]:
    return {"id": f"row-{number}", "title": f"Row {number}", **other}


def link(display: str = "Open", url: str = "https://example.com") -> dict[str, Any]:
    action = {"name": "cta_url", "parameters": {"display_text": display, "url": url}}
    return interactive({"type": "cta_url", "body": {"text": "See"}, "action": action})


def media(kind: str, **part: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": TO, "type": kind, kind: part}


YES = {"id": "yes", "title": "Yes"}
NO = {"id": "no", "title": "No"}
PICTURE = "https://example.com/a.jpg"

ACCEPTED = {
    "text of 4096 characters": text_to(TO, "x" * 4096),
    "no type means text": {"messaging_product": "whatsapp", "to": TO, "text": {"body": "hi"}},
    "three buttons": buttons(YES, NO, {"id": "x" * 256, "title": "t" * 20}),
    "header and footer": buttons(YES, header={"type": "text", "text": "h" * 60}, footer={"text": "f" * 60}),
    "ten rows in two sections": rows([row(n) for n in range(5)], [row(n) for n in range(5, 10)]),
    "a row at its limits": rows([{"id": "i" * 200, "title": "t" * 24, "description": "d" * 72}]),
    "a link button": link("d" * 20),
    "a picture": media("image", link=PICTURE, caption="c" * 1024),
    "a quoted reply": text_to(TO, "this", context={"message_id": "wamid.X"}),
    "512 characters of callback data": text_to(TO, "hi", biz_opaque_callback_data="c" * 512),
}

REFUSED = {
    "no product": (100, {"to": TO, "type": "text", "text": {"body": "hi"}}),
    "no recipient": (100, {"messaging_product": "whatsapp", "type": "text", "text": {"body": "hi"}}),
    "a recipient that is no phone": (131009, text_to("Ana", "hi")),
    "a user id in to": (131009, text_to("GB.123", "hi")),
    "not an object": (100, ["hi"]),
    "text of 4097 characters": (100, text_to(TO, "x" * 4097)),
    "empty text": (131008, text_to(TO, "")),
    "blank text": (131009, text_to(TO, "  ")),
    "no text object": (131008, {"messaging_product": "whatsapp", "to": TO, "type": "text"}),
    "an unknown type": (131051, {"messaging_product": "whatsapp", "to": TO, "type": "poll", "poll": {}}),
    "an unknown interactive type": (131051, interactive({"type": "carousel", "body": {"text": "x"}, "action": {}})),
    "513 characters of callback data": (100, text_to(TO, "hi", biz_opaque_callback_data="c" * 513)),
    "a group": (100, text_to(TO, "hi", recipient_type="group")),
    "a context without id": (131009, text_to(TO, "hi", context={})),
    "no buttons": (131009, buttons()),
    "four buttons": (131009, buttons(*({"id": str(n), "title": str(n)} for n in range(4)))),
    "a button title of 21": (131009, buttons({"id": "yes", "title": "t" * 21})),
    "a button id of 257": (131009, buttons({"id": "i" * 257, "title": "Yes"})),
    "a button id with a blank end": (131009, buttons({"id": "yes ", "title": "Yes"})),
    "the same button id twice": (131009, buttons(YES, {"id": "yes", "title": "No"})),
    "the same button title twice": (131009, buttons(YES, {"id": "no", "title": "Yes"})),
    "a button without title": (131008, buttons({"id": "yes"})),
    "a body of 1025": (131009, buttons(YES, body={"text": "x" * 1025})),
    "no body": (131008, buttons(YES, body={})),
    "a header of 61": (131009, buttons(YES, header={"type": "text", "text": "h" * 61})),
    "a footer of 61": (131009, buttons(YES, footer={"text": "f" * 61})),
    "eleven rows": (131009, rows([row(n) for n in range(11)])),
    "eleven rows over two sections": (131009, rows([row(n) for n in range(6)], [row(n) for n in range(6, 11)])),
    "eleven sections": (131009, rows(*[[row(n)] for n in range(11)])),
    "a section without rows": (131009, rows([])),
    "the same row id twice": (131009, rows([row(1), row(1)])),
    "a row title of 25": (131009, rows([row(1, title="t" * 25)])),
    "a row description of 73": (131009, rows([row(1, description="d" * 73)])),
    "a row id of 201": (131009, rows([row(1, id="i" * 201)])),
    "a list button of 21": (131009, rows([row(1)], button="b" * 21)),
    "a section title of 25": (131009, rows([row(1)], title="t" * 25)),
    "two sections without title": (131008, rows([row(1)], [row(2)], title="")),
    "a link of 21": (131009, link("d" * 21)),
    "a link that is none": (131009, link(url="javascript:alert(1)")),
    "a picture without link": (131008, media("image", caption="Map")),
    "a picture by an unknown id": (131009, media("image", id="900001")),
    "a caption of 1025": (100, media("image", link=PICTURE, caption="c" * 1025)),
    "a caption on audio": (100, media("audio", link="https://example.com/a.ogg", caption="c")),
    "a reaction to nothing": (131008, media("reaction", emoji="x")),
    "the number itself": (131021, text_to("+15550100123", "hi")),
    "a read mark of an unknown id": (131009, {"messaging_product": "whatsapp", "status": "read", "message_id": "w"}),
    "a read mark without id": (131008, {"messaging_product": "whatsapp", "status": "read"}),
}


@pytest.mark.parametrize("name", ACCEPTED)
async def test_it_accepts(rig: Rig, name: str) -> None:
    answer = await rig.graph(ACCEPTED[name])

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["contacts"] == [{"input": TO, "wa_id": "447700900123"}]
    assert body["messages"][0]["id"].startswith("wamid.")


async def test_it_refuses_what_meta_refuses_with_metas_codes(rig: Rig) -> None:
    await rig.customer()
    wrong = {}
    for name, (code, body) in REFUSED.items():
        answer = await rig.graph(body)
        error = answer.json().get("error", {})
        shape_holds = error.get("type") == "OAuthException" and error.get("fbtrace_id") and error.get("message")
        if answer.status_code != 400 or error.get("code") != code or not shape_holds:
            wrong[name] = (answer.status_code, error)
    assert not wrong
    assert (await rig.control("GET", "sent"))["messages"] == []
    calls = (await rig.control("GET", "requests"))["requests"]
    assert [call["code"] for call in calls] == [code for code, _ in REFUSED.values()]


async def test_a_body_that_is_not_json_is_refused(rig: Rig) -> None:
    answer = await rig.http.post(
        f"/v23.0/{NUMBER}/messages", content=b"{oops", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


async def test_a_missing_or_wrong_token_is_refused_with_401(rig: Rig) -> None:
    for token, code in ((None, 104), ("wrong", 190)):
        answer = await rig.graph(text_to(TO, "hi"), token=token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


async def test_an_unknown_number_id_is_refused(rig: Rig) -> None:
    answer = await rig.graph(text_to(TO, "hi"), number="999")
    assert answer.json()["error"]["error_subcode"] == 33


async def test_a_message_is_sent_delivered_and_read_with_our_callback_data(rig: Rig) -> None:
    await rig.customer()
    sent = await rig.send("Hello", biz_opaque_callback_data="outbox-1")
    await until(lambda: len(rig.receiver.statuses) == 2)
    await rig.control("POST", "customers/447700900123/read", {})
    await until(lambda: len(rig.receiver.statuses) == 3)

    statuses = rig.receiver.statuses
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    assert {status["id"] for status in statuses} == {sent}
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"outbox-1"}
    assert {status["recipient_id"] for status in statuses} == {"447700900123"}
    assert (await rig.thread())[0]["status"] == "read"


async def test_messages_are_read_by_themselves_when_that_is_set(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"auto_read": True, "delivered_after_ms": 0})
    await rig.send()
    await until(lambda: [one["status"] for one in rig.receiver.statuses] == ["sent", "delivered", "read"])


async def test_a_customer_with_a_username_is_reached_by_user_id_and_shows_no_phone(rig: Rig) -> None:
    await rig.customer(None, user_id="GB.123", username="ana.example")
    await rig.say("hi", "GB.123")
    body = {"messaging_product": "whatsapp", "recipient": "GB.123", "type": "text", "text": {"body": "hello"}}
    answer = (await rig.graph(body)).json()
    await until(lambda: len(rig.receiver.statuses) == 2)

    assert answer["contacts"] == [{"input": "GB.123", "user_id": "GB.123"}]
    message = rig.receiver.messages[0]
    assert message["from_user_id"] == "GB.123" and "from" not in message
    contact = rig.receiver.values()[0]["contacts"][0]
    assert contact == {"profile": {"name": "Ana", "username": "ana.example"}, "user_id": "GB.123"}
    assert all("recipient_id" not in one and one["recipient_user_id"] == "GB.123" for one in rig.receiver.statuses)


async def test_who_adopts_a_username_hides_the_phone_and_is_still_reached_by_it(rig: Rig) -> None:
    user_id = (await rig.customer())["user_id"]
    changed = await rig.customer(None, user_id=user_id, username="ana.example")
    assert (changed["key"], changed["wa_id"]) == (user_id, None)
    await rig.say("hi", user_id)
    await rig.send("hello")
    await until(lambda: len(rig.receiver.statuses) == 2)

    assert "from" not in rig.receiver.messages[0]
    assert all("wa_id" not in contact for value in rig.receiver.values() for contact in value["contacts"])
    assert all("recipient_id" not in status for status in rig.receiver.statuses)
    assert [one["text"] for one in await rig.thread(user_id)] == ["hi", "hello"]


async def test_to_wins_over_recipient(rig: Rig) -> None:
    await rig.customer(None, user_id="GB.123", name="Other")
    await rig.send("for the phone", recipient="GB.123")
    assert [one["text"] for one in await rig.thread()] == ["for the phone"]
    assert await rig.thread("GB.123") == []


async def test_an_unknown_customer_is_made_or_refused_by_setting(rig: Rig) -> None:
    await rig.send("hi", "447700900999")
    await rig.control("PUT", "settings", {"unknown_customer": "refuse"})
    assert (await rig.graph(text_to("+447700900888", "hi"))).json()["error"]["code"] == 131026
    await rig.control("PUT", "settings", {"allowed_recipients": ["447700900999"]})
    assert (await rig.graph(text_to("+447700900888", "hi"))).json()["error"]["code"] == 131030


async def test_the_window_closes_after_24_hours_and_opens_with_the_customers_next_message(rig: Rig) -> None:
    await rig.customer()
    await rig.say("hi")
    await rig.control("POST", "clock", {"advance": 24 * 3600 - 60})
    await rig.send()
    await rig.control("POST", "clock", {"advance": 61})
    assert (await rig.graph(text_to(TO, "late"))).json()["error"]["code"] == 131047
    words = {"type": "body", "parameters": [{"type": "text", "text": "Yes, today."}]}
    template = {"name": "answer_ready", "language": {"code": "en"}, "components": [words]}
    assert (await rig.graph(media("template", **template))).status_code == 200
    await rig.say("still there?")
    await rig.send()


async def test_a_closed_window_can_come_as_a_failed_status_or_not_at_all(rig: Rig) -> None:
    await rig.customer()
    await rig.control("POST", "clock", {"advance": 25 * 3600})
    await rig.control("PUT", "settings", {"window_refusal": "status"})
    sent = await rig.send(biz_opaque_callback_data="outbox-2")
    await until(lambda: rig.receiver.statuses)
    failed = rig.receiver.statuses[0]
    assert (failed["id"], failed["status"], failed["errors"][0]["code"]) == (sent, "failed", 131047)
    assert "contacts" not in rig.receiver.values()[0] and "recipient_user_id" not in failed
    await rig.control("PUT", "settings", {"enforce_window": False})
    await rig.send()


async def test_a_read_mark_reads_earlier_messages_too_and_typing_ends_with_the_answer(rig: Rig) -> None:
    await rig.customer()
    first, second, third = [await rig.say(text) for text in "abc"]
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": second}
    answer = await rig.graph({**mark, "typing_indicator": {"type": "text"}})

    assert answer.json() == {"success": True}
    read = {one["id"] for one in await rig.thread() if one["status"] == "read"}
    assert read == {first, second} and third not in read
    thread = "customers/447700900123/messages"
    assert (await rig.control("GET", thread))["typing"] is True
    await rig.send()
    assert (await rig.control("GET", thread))["typing"] is False
    await rig.graph({**mark, "typing_indicator": {"type": "text"}})
    await rig.control("POST", "clock", {"advance": 26})
    assert (await rig.control("GET", thread))["typing"] is False


async def test_a_reaction_only_gets_a_sent_status_and_one_to_nothing_fails(rig: Rig) -> None:
    await rig.customer()
    said = await rig.say("thanks")
    await rig.graph(media("reaction", message_id=said, emoji="\N{THUMBS UP SIGN}"))
    await rig.graph(media("reaction", message_id="wamid.NONE", emoji="\N{THUMBS UP SIGN}"))
    await rig.send()
    await until(lambda: [one["status"] for one in rig.receiver.statuses] == ["sent", "failed", "sent", "delivered"])
