"""The simulator's message templates: kept and reviewed as Meta does, and filled or refused when they are sent."""

from __future__ import annotations

import json
from typing import Any, AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.unit.simulator_rig import ACCOUNT, NUMBER, TOKEN, Rig, receiving, running, until

KEY = "447700900123"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
HEADER = {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.com/a.jpg"}}]}
CASE = {"type": "body", "parameters": [{"type": "text", "parameter_name": "case_id", "text": "C-42"}]}
REOPEN = {
    "type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "/reopen"}]
}  # fmt: skip


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        await rig.customer()
        yield rig


async def templates(rig: Rig, method: str = "GET", body: Any = None, **query: Any) -> httpx.Response:
    path = f"/v23.0/{ACCOUNT}/message_templates"
    return await rig.http.request(method, path, params=query, json=body, headers=AUTH)


async def send(
    rig: Rig, name: str, language: str, *components: Any, to: dict[str, str] | None = None
) -> httpx.Response:
    part = {"name": name, "language": {"code": language}, "components": list(components)}
    return await rig.graph(
        {"messaging_product": "whatsapp", **(to or {"to": f"+{KEY}"}), "type": "template", "template": part}
    )


def words(*texts: str, kind: str = "body") -> dict[str, Any]:
    return {"type": kind, "parameters": [{"type": "text", "text": text} for text in texts]}


def code_of(answer: httpx.Response) -> int:
    return int(answer.json()["error"]["code"])


def new(name: str = "visit", text: str = "Hello {{1}}, see you.", **other: Any) -> dict[str, Any]:
    body = {"type": "BODY", "text": text, "example": {"body_text": [["Ana"]]}}
    return {"name": name, "language": "en", "category": "UTILITY", "components": [body], **other}


def with_button(kind: str, text: str) -> list[dict[str, Any]]:
    return [*new()["components"], {"type": "BUTTONS", "buttons": [{"type": kind, "text": text}]}]


def updates(rig: Rig) -> list[dict[str, Any]]:
    entries = [entry for body in rig.receiver.bodies for entry in json.loads(body)["entry"] if "time" in entry]
    return [change["value"] for entry in entries for change in entry["changes"]]


async def test_a_filled_template_shows_what_the_customer_sees(rig: Rig) -> None:
    answer = await send(rig, "case_update", "en_US", HEADER, CASE, REOPEN)
    assert answer.status_code == 200, answer.text
    shown = (await rig.thread())[0]
    assert shown["shown"] == {
        "header": {"type": "image", "media": None, "link": "https://example.com/a.jpg"},
        "body": "There is news about your case C-42. Shall we open it again?",
        "footer": "Marigold customer care",
        "buttons": [{"type": "quick_reply", "text": "Open it again", "payload": "/reopen"}],
    }
    assert shown["text"].endswith("Marigold customer care\n[Open it again]")
    await until(lambda: rig.receiver.statuses)
    assert rig.receiver.statuses[0]["pricing"]["category"] == "utility"


async def test_a_quick_reply_comes_back_with_its_payload_and_its_message(rig: Rig) -> None:
    sent = (await send(rig, "case_update", "en_US", HEADER, CASE, REOPEN)).json()["messages"][0]["id"]
    await rig.control("POST", f"customers/{KEY}/messages", {"type": "button", "text": "Open it again"})
    await until(lambda: rig.receiver.messages)
    pressed = rig.receiver.messages[0]
    assert (pressed["type"], pressed["context"]["id"]) == ("button", sent)
    assert pressed["button"] == {"payload": "/reopen", "text": "Open it again"}


async def test_a_template_goes_out_after_24_hours_and_an_uploaded_header_is_shown(rig: Rig) -> None:
    await rig.control("POST", "clock", {"advance": 30 * 3600})
    files = {"file": ("a.jpg", b"\xff\xd8 picture", "image/jpeg")}
    form = {"messaging_product": "whatsapp", "type": "image/jpeg"}
    uploaded = (await rig.http.post(f"/v23.0/{NUMBER}/media", data=form, files=files, headers=AUTH)).json()["id"]
    header = {"type": "header", "parameters": [{"type": "image", "image": {"id": uploaded}}]}
    assert (await send(rig, "case_update", "en_US", header, CASE)).status_code == 200
    message = (await rig.thread())[0]
    assert message["media"]["id"] == message["shown"]["header"]["media"]["id"] == uploaded
    unknown = {"type": "header", "parameters": [{"type": "image", "image": {"id": "1"}}]}
    assert code_of(await send(rig, "case_update", "en_US", unknown, CASE)) == 131009


async def test_headers_addresses_and_dates_are_filled(rig: Rig) -> None:
    day = {"type": "date_time", "date_time": {"fallback_value": "Monday"}}
    body = {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, day]}
    button = {"type": "button", "sub_type": "url", "index": 0, "parameters": [{"type": "text", "text": "x7"}]}
    assert (await send(rig, "parcel_on_its_way", "en", words("1042", kind="header"), body, button)).status_code == 200
    shown = (await rig.thread())[0]["shown"]
    assert shown["header"] == {"type": "text", "text": "Order 1042"}
    assert shown["body"] == "Hello Ana, your parcel comes on Monday. Follow it with the button."
    assert shown["buttons"] == [{"type": "url", "text": "Follow it", "url": "https://example.com/t/x7"}]


URL = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "x7"}]}
ORDER = words("1042", kind="header")
REFUSED = {
    "an unknown name": (132001, "answer_redy", "en", [words("x")]),
    "another language": (132001, "answer_ready", "en_US", [words("x")]),
    "no parameter": (132000, "answer_ready", "en", []),
    "two parameters": (132000, "answer_ready", "en", [words("x", "y")]),
    "a header that there is none of": (132000, "answer_ready", "en", [ORDER, words("x")]),
    "a name where there are numbers": (132012, "answer_ready", "en", [CASE]),
    "a number where there are names": (132012, "case_update", "en_US", [HEADER, words("C-42")]),
    "a text for a picture": (132012, "case_update", "en_US", [ORDER, CASE]),
    "no picture": (132012, "case_update", "en_US", [CASE]),
    "a picture for a text": (132012, "parcel_on_its_way", "en", [HEADER, words("a", "b"), URL]),
    "a url button without its end": (131008, "parcel_on_its_way", "en", [ORDER, words("a", "b")]),
    "the wrong kind of button": (132012, "parcel_on_its_way", "en", [ORDER, words("a", "b"), REOPEN]),
    "a button too many": (131009, "case_update", "en_US", [HEADER, CASE, {**REOPEN, "index": "1"}]),
    "the same button twice": (131009, "case_update", "en_US", [HEADER, CASE, REOPEN, REOPEN]),
    "the body twice": (131009, "answer_ready", "en", [words("x"), words("y")]),
    "a new line in a parameter": (132018, "answer_ready", "en", [words("a\nb")]),
    "five spaces in a parameter": (132018, "answer_ready", "en", [words("a     b")]),
    "an empty parameter": (131008, "answer_ready", "en", [words(" ")]),
    "too long when filled": (132005, "answer_ready", "en", [words("x" * 1000)]),
    "a header too long when filled": (
        132005, "parcel_on_its_way", "en", [words("x" * 60, kind="header"), words("a", "b"), URL],
    ),
    "an unknown component": (131009, "answer_ready", "en", [{"type": "tail"}]),
}  # fmt: skip


async def test_what_does_not_fit_a_template_is_refused_with_metas_codes(rig: Rig) -> None:
    wrong = {}
    for name, (code, template, language, components) in REFUSED.items():
        answer = await send(rig, template, language, *components)
        if answer.status_code == 200 or code_of(answer) != code:
            wrong[name] = answer.text
    assert not wrong
    assert await rig.thread() == []


@pytest.mark.parametrize(
    ("status", "code"), [("PAUSED", 132015), ("DISABLED", 132016), ("PENDING", 132001), ("REJECTED", 132001)]
)
async def test_only_approved_ones_are_sent_and_each_change_is_told(rig: Rig, status: str, code: int) -> None:
    await rig.control("POST", "templates/answer_ready", {"status": status, "reason": "INVALID_FORMAT"})
    assert code_of(await send(rig, "answer_ready", "en", words("x"))) == code
    await rig.control("POST", "templates/answer_ready", {"status": "APPROVED", "language": "en"})
    assert (await send(rig, "answer_ready", "en", words("x"))).status_code == 200
    await until(lambda: len(updates(rig)) == 2)
    first, second = updates(rig)
    assert (first["event"], first["message_template_name"], first["reason"]) == (
        status, "answer_ready", "INVALID_FORMAT",
    )  # fmt: skip
    assert second["event"] == "APPROVED" and isinstance(second["message_template_id"], int)
    assert "metadata" not in second


async def test_who_stopped_marketing_still_gets_news_about_their_order(rig: Rig) -> None:
    await rig.control("POST", f"customers/{KEY}/messages", {"type": "user_preferences", "value": "stop"})
    assert code_of(await send(rig, "spring_offer", "en", words("Ana"))) == 131050
    assert (await send(rig, "answer_ready", "en", words("x"))).status_code == 200
    await rig.control("POST", f"customers/{KEY}/messages", {"type": "user_preferences", "value": "resume"})
    assert (await send(rig, "spring_offer", "en", words("Ana"))).status_code == 200


async def test_a_code_to_sign_in_with_goes_to_phones_only(rig: Rig) -> None:
    otp = {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}
    code = {**new("sign_in", category="AUTHENTICATION"), "components": [{"type": "BODY"}, otp]}
    assert (await templates(rig, "POST", code)).status_code == 200
    user_id = (await rig.customer())["user_id"]
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "123456"}]}
    filled = (words("123456"), button)
    assert code_of(await send(rig, "sign_in", "en", *filled, to={"recipient": user_id})) == 131062
    assert (await send(rig, "sign_in", "en", *filled)).status_code == 200
    assert (await rig.thread())[0]["shown"]["body"] == "*123456* is your verification code."


async def test_templates_are_listed_in_pages_with_fields_and_filters(rig: Rig) -> None:
    everything = (await templates(rig)).json()
    names = [one["name"] for one in everything["data"]]
    assert {"answer_ready", "case_update", "spring_offer"} <= set(names) and "next" not in everything["paging"]
    assert set(everything["data"][0]) >= {"id", "name", "status", "category", "language", "components"}

    first = (await templates(rig, limit=3, fields="name,status", summary="total_count")).json()
    assert first["data"][0].keys() == {"name", "status", "id"} and len(first["data"]) == 3
    assert first["summary"]["total_count"] == len(names)
    second = (await rig.http.get(first["paging"]["next"], headers=AUTH)).json()
    assert [one["name"] for one in first["data"] + second["data"]] == names
    back = (await rig.http.get(second["paging"]["previous"], headers=AUTH)).json()
    assert back["data"] == first["data"] and "next" not in second["paging"]

    async def found(**query: str) -> list[str]:
        return [one["name"] for one in (await templates(rig, **query)).json()["data"]]

    await rig.control("POST", "templates/spring_offer", {"status": "PAUSED"})
    assert await found(status="PAUSED") == ["spring_offer"]
    assert await found(language="en_US") == ["case_update"]
    assert await found(name="answer") == ["answer_ready"]
    assert await found(category="MARKETING,AUTHENTICATION") == ["spring_offer"]
    for wrong in ({"fields": "colour"}, {"limit": "0"}, {"after": "x"}):
        assert code_of(await templates(rig, **wrong)) == 100
    assert code_of(await rig.http.get("/v23.0/999/message_templates", headers=AUTH)) == 100
    assert (await rig.http.get(f"/v23.0/{ACCOUNT}/message_templates")).status_code == 401


async def test_a_template_is_made_reviewed_sent_edited_and_deleted(rig: Rig) -> None:
    made = (await templates(rig, "POST", new())).json()
    assert made == {"id": made["id"], "status": "PENDING", "category": "UTILITY"}
    await until(lambda: [one["event"] for one in updates(rig)] == ["APPROVED"])
    assert (await send(rig, "visit", "en", words("Ana"))).status_code == 200
    assert (await templates(rig, "POST", new())).json()["error"]["error_subcode"] == 2388024

    body = {"components": new(text="Dear {{1}}, see you.")["components"]}
    edited = await rig.http.post(f"/v23.0/{made['id']}", json=body, headers=AUTH)
    assert edited.json()["success"] is True
    one = (await rig.http.get(f"/v23.0/{made['id']}", params={"fields": "status,components"}, headers=AUTH)).json()
    assert one["status"] == "APPROVED" and one["components"][0]["text"].startswith("Dear")

    assert (await templates(rig, "POST", {**new(), "language": "de"})).status_code == 200
    assert (await templates(rig, "DELETE", name="visit", hsm_id=made["id"])).json() == {"success": True}
    assert code_of(await send(rig, "visit", "en", words("Ana"))) == 132001
    assert (await send(rig, "visit", "de", words("Ana"))).status_code == 200
    assert (await templates(rig, "DELETE", name="visit")).json() == {"success": True}
    assert (await templates(rig, "DELETE", name="visit")).status_code == 404


async def test_a_review_can_wait_or_say_no(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"template_review": "wait"})
    await templates(rig, "POST", new("patience"))
    assert code_of(await send(rig, "patience", "en", words("Ana"))) == 132001
    await rig.control("PUT", "settings", {"template_review": "reject"})
    await templates(rig, "POST", new("promises"))
    await until(lambda: updates(rig))
    assert (updates(rig)[0]["event"], updates(rig)[0]["reason"]) == ("REJECTED", "INVALID_FORMAT")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Visit us"},
        {"language": "English"},
        {"category": "SERVICE"},
        {"components": []},
        {"components": [{"type": "BODY", "text": "Hello {{1}}, see you."}]},
        {"components": new(text="{{1}} see you")["components"]},
        {"components": new(text="Hello {{1}}")["components"]},
        {"components": new(text="Hello {{2}}, see you.")["components"]},
        {"components": new(text="Hello {{name}}, see you.")["components"]},
        {"components": new(text="x" * 1025)["components"]},
        {"components": [*new()["components"], {"type": "FOOTER", "text": "x" * 61}]},
        {"components": [*new()["components"], {"type": "HEADER", "format": "IMAGE"}]},
        {"components": [*new()["components"], {"type": "BUTTONS", "buttons": []}]},
        {"components": with_button("QUICK_REPLY", "x" * 26)},
        {"components": with_button("POLL", "x")},
    ],
)
async def test_meta_refuses_a_template_that_is_none(rig: Rig, change: dict[str, Any]) -> None:
    assert code_of(await templates(rig, "POST", {**new(), **change})) == 100


async def test_templates_outlive_a_restart_and_a_reset_brings_back_the_first_ones(tmp_path: Any) -> None:
    async with receiving() as receiver:
        async with running(tmp_path, receiver) as rig:
            await templates(rig, "POST", new())
            await templates(rig, "DELETE", name="spring_offer")
        async with running(tmp_path, receiver) as rig:
            names = {one["name"] for one in (await rig.control("GET", "templates"))["templates"]}
            assert "visit" in names and "spring_offer" not in names
            await rig.control("POST", "reset")
        async with running(tmp_path, receiver) as rig:
            names = {one["name"] for one in (await rig.control("GET", "templates"))["templates"]}
            assert "visit" not in names and "spring_offer" in names
