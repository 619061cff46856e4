"""What customers send with the simulator's control API, and the webhooks that follow, in the shapes of Meta's."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.unit.simulator_rig import NUMBER, TOKEN, Rig, receiving, running, text_to, until

KEY = "447700900123"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
JPEG = b"\xff\xd8\xff\xe0 a picture"
WEBP = b"RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00 it moves"
DAY = 24 * 3600


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        await rig.customer()
        yield rig


async def attach(rig: Rig, content: bytes = JPEG, kind: str = "image/jpeg", *, status: int = 200, **form: str) -> Any:
    answer = await rig.http.post(
        f"/control/customers/{KEY}/media", data=form, files={"file": ("a file", content, kind)}
    )
    assert answer.status_code == status, answer.text
    return answer.json()


async def does(rig: Rig, *, key: str = KEY, answers: int = 200, **message: Any) -> Any:
    return await rig.control("POST", f"customers/{key}/messages", message, status=answers)


async def heard(rig: Rig, count: int = 1) -> dict[str, Any]:
    """The last of the messages, once there are ``count``."""
    await until(lambda: len(rig.receiver.messages) >= count)
    return rig.receiver.messages[count - 1]


def change(rig: Rig, field: str) -> dict[str, Any]:
    changes = [one for body in rig.receiver.bodies for entry in json.loads(body)["entry"] for one in entry["changes"]]
    return dict(next(one["value"] for one in changes if one["field"] == field))


async def fetch(rig: Rig, media_id: str) -> httpx.Response:
    about = (await rig.http.get(f"/v23.0/{media_id}", headers=AUTH)).json()
    return await rig.http.get(about["url"], headers=AUTH)


async def test_a_picture_arrives_with_its_hash_and_can_be_fetched_by_id_and_by_address(rig: Rig) -> None:
    uploaded = await attach(rig)
    assert (uploaded["kind"], uploaded["mime_type"], uploaded["size"]) == ("image", "image/jpeg", len(JPEG))
    await does(rig, type="image", image={"id": uploaded["id"], "caption": "broken"})

    image = (await heard(rig))["image"]
    digest = base64.b64encode(hashlib.sha256(JPEG).digest()).decode()
    assert (image["id"], image["mime_type"], image["caption"]) == (uploaded["id"], "image/jpeg", "broken")
    assert image["sha256"] == digest
    assert (await rig.http.get(image["url"])).status_code == 401
    assert (await rig.http.get(image["url"], headers=AUTH)).content == JPEG
    assert (await fetch(rig, image["id"])).content == JPEG
    assert (await rig.http.get(f"/control/media/{image['id']}")).content == JPEG
    shown = (await rig.thread())[-1]
    assert shown["media"] == {"id": uploaded["id"], "mime_type": "image/jpeg", "size": len(JPEG)}
    assert shown["text"] == "broken"


@pytest.mark.parametrize(
    ("kind", "mime_type", "content", "form", "expected"),
    [
        ("audio", "audio/ogg; codecs=opus", b"OggS", {"voice": "true"}, {"voice": True}),
        ("audio", "audio/mpeg", b"ID3", {}, {"voice": False}),
        ("video", "video/mp4", b"ftyp", {}, {}),
        ("sticker", "image/webp", WEBP, {}, {"animated": True}),
        ("document", "application/x-anything", b"any", {}, {"filename": "a file"}),
    ],
)
async def test_other_files_arrive_as_what_they_are(
    rig: Rig, kind: str, mime_type: str, content: bytes, form: dict[str, str], expected: dict[str, Any]
) -> None:
    uploaded = await attach(rig, content, mime_type, **form)
    assert uploaded["kind"] == kind
    await does(rig, type=kind, **{kind: {"id": uploaded["id"]}})
    part = (await heard(rig))[kind]
    facts = {name: value for name, value in part.items() if name not in ("id", "sha256", "url")}
    assert facts == {"mime_type": mime_type, **expected}


async def test_a_file_comes_only_as_what_it_can_be_from_whom_it_was_uploaded_for(rig: Rig) -> None:
    pdf = (await attach(rig, b"%PDF", "application/pdf"))["id"]
    await does(rig, type="image", image={"id": pdf}, answers=400)
    await does(rig, type="image", image={"id": "1"}, answers=400)
    await attach(rig, b"", status=400)
    await attach(rig, JPEG, status=400, voice="true")
    await rig.customer("447700900777", number="300000000000009")
    await does(rig, key="447700900777", type="document", document={"id": pdf}, answers=400)
    await does(rig, type="document", document={"id": pdf, "caption": "the letter"})
    assert (await heard(rig))["document"]["filename"] == "a file"


async def test_a_customers_file_lives_seven_days_and_its_address_five_minutes(rig: Rig) -> None:
    media_id = (await attach(rig))["id"]
    await does(rig, type="image", image={"id": media_id})
    url = (await heard(rig))["image"]["url"]
    await rig.control("POST", "clock", {"advance": 301})
    assert (await rig.http.get(url, headers=AUTH)).status_code == 404
    await rig.control("POST", "clock", {"advance": 7 * DAY - 400})
    assert (await fetch(rig, media_id)).content == JPEG
    await rig.control("POST", "clock", {"advance": 200})
    assert (await rig.http.get(f"/v23.0/{media_id}", headers=AUTH)).json()["error"]["code"] == 100


async def test_a_file_belongs_to_the_number_that_it_was_sent_to(rig: Rig) -> None:
    media_id = (await attach(rig))["id"]
    path = f"/v23.0/{media_id}?phone_number_id="
    assert (await rig.http.get(f"{path}{NUMBER}", headers=AUTH)).status_code == 200
    assert (await rig.http.get(f"{path}999", headers=AUTH)).json()["error"]["code"] == 100


async def test_what_a_browser_could_run_is_only_saved(rig: Rig) -> None:
    media_id = (await attach(rig, b"<script>alert(1)</script>", "text/html"))["id"]
    file = await rig.http.get(f"/control/media/{media_id}")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["x-content-type-options"] == "nosniff"


async def test_downloads_fail_in_the_ways_that_are_set_and_as_often(rig: Rig) -> None:
    media_id = (await attach(rig))["id"]
    await rig.control("PUT", "faults", {"download": {"kind": "not_found", "times": 1}})
    assert (await fetch(rig, media_id)).status_code == 404
    assert (await fetch(rig, media_id)).content == JPEG
    await rig.control("PUT", "faults", {"download": {"kind": "wrong_bytes"}})
    wrong = await fetch(rig, media_id)
    assert wrong.status_code == 200 and len(wrong.content) == len(JPEG) and wrong.content != JPEG
    await rig.control("PUT", "faults", {"download": {"kind": "drop"}})
    with pytest.raises(httpx.RemoteProtocolError):
        await fetch(rig, media_id)
    await rig.control("PUT", "faults", {"download": {"redirect_to": "http://localhost:1/elsewhere"}})
    assert (await fetch(rig, media_id)).headers["location"] == "http://localhost:1/elsewhere"
    await rig.control("PUT", "faults", {"download": {"kind": "burns"}}, status=400)


async def test_a_location_contacts_and_an_order_arrive(rig: Rig) -> None:
    pin = {"latitude": 51.5033, "longitude": -0.1196}
    card = {"name": {"formatted_name": "Sam Lee", "first_name": "Sam"}, "phones": [{"phone": "+447700900456"}]}
    items = [{"product_retailer_id": "SKU-7", "quantity": 2, "item_price": 9.5, "currency": "EUR"}]
    await does(rig, type="location", location=pin)
    await does(rig, type="contacts", contacts=[card])
    await does(rig, type="order", order={"catalog_id": "700001", "product_items": items})
    await heard(rig, 3)
    location, contacts, order = rig.receiver.messages
    assert location["location"] == pin and contacts["contacts"] == [card]
    assert order["order"] == {"catalog_id": "700001", "product_items": items}
    texts = [one["text"] for one in await rig.thread()]
    assert texts == ["[location]", "[contact] Sam Lee +447700900456", "[order]"]
    for wrong in (
        {"type": "location", "location": {"latitude": 91, "longitude": 0}},
        {"type": "location", "location": {"latitude": True, "longitude": 0}},
        {"type": "contacts", "contacts": []},
        {"type": "order", "order": {"catalog_id": "1"}},
        {"type": "carrier_pigeon"},
        {"type": []},
    ):
        await does(rig, **wrong, answers=400)


async def test_a_text_is_edited_within_15_minutes_and_deleted_within_two_days(rig: Rig) -> None:
    said = await rig.say("wrogn")
    await does(rig, type="edit", message_id=said, text="wrong")
    edit = (await heard(rig, 2))["edit"]
    assert edit == {"original_message_id": said, "message": {"type": "text", "text": {"body": "wrong"}}}
    assert (await rig.thread())[0]["edited"] == "wrong"
    await rig.control("POST", "clock", {"advance": 16 * 60})
    await does(rig, type="edit", message_id=said, text="too late", answers=400)
    await does(rig, type="revoke", message_id=said)
    assert (await heard(rig, 3))["revoke"] == {"original_message_id": said}
    assert (await rig.thread())[0]["revoked"] is True
    await does(rig, type="revoke", message_id=said, answers=400)


async def test_an_edited_caption_comes_with_a_new_id_for_the_file(rig: Rig) -> None:
    media_id = (await attach(rig))["id"]
    said = await does(rig, type="image", image={"id": media_id, "caption": "bronken"})
    await does(rig, type="edit", message_id=said["id"], text="broken")
    image = (await heard(rig, 2))["edit"]["message"]["image"]
    assert image["caption"] == "broken" and image["id"] != media_id
    assert (await fetch(rig, image["id"])).content == JPEG


async def test_edits_can_be_switched_off_and_an_ordinary_number_hears_of_none(rig: Rig) -> None:
    said = await rig.say("wrogn")
    await rig.control("PUT", "settings", {"edits": "unsupported"})
    await does(rig, type="edit", message_id=said, text="wrong")
    message = await heard(rig, 2)
    assert (message["type"], message["unsupported"], message["errors"][0]["code"]) == (
        "unsupported", {"type": "edit"}, 131051,
    )  # fmt: skip
    await rig.control("PUT", "settings", {"coexistence": False})
    await does(rig, type="revoke", message_id=said)
    await rig.say("next")
    assert (await heard(rig, 3))["text"] == {"body": "next"}


async def test_what_the_api_does_not_pass_on_says_so_with_a_code(rig: Rig) -> None:
    await does(rig, type="unsupported")
    await does(rig, type="unsupported", kind="video", code=131052)
    await heard(rig, 2)
    first, second = rig.receiver.messages
    assert (first["unsupported"], first["errors"][0]["code"]) == ({"type": "poll_creation"}, 131051)
    assert (second["unsupported"], second["errors"][0]["code"]) == ({"type": "video"}, 131052)


async def test_a_form_comes_back_and_so_does_a_templates_quick_reply(rig: Rig) -> None:
    await does(rig, type="flow_reply", response={"flow_token": "t-1", "rating": "4"}, context="wamid.FLOW")
    await does(rig, type="button", text="Yes please", payload="/reopen", context="wamid.TEMPLATE")
    await does(rig, type="button", text="No")
    await heard(rig, 3)
    form, yes, no = rig.receiver.messages
    reply = form["interactive"]["nfm_reply"]
    assert reply["name"] == "flow" and json.loads(reply["response_json"])["rating"] == "4"
    assert form["context"]["id"] == "wamid.FLOW"
    assert (yes["type"], yes["button"]) == ("button", {"payload": "/reopen", "text": "Yes please"})
    assert no["button"] == {"payload": "No", "text": "No"} and "context" not in no


async def test_forwarded_from_an_ad_and_in_a_group(rig: Rig) -> None:
    ad = {"source_url": "https://fb.me/example", "source_type": "ad", "headline": "Spring offer"}
    await does(rig, text="see this", forwarded=True)
    await does(rig, text="and this", forwarded="frequently")
    await does(rig, text="Is it there?", referral=ad)
    await does(rig, text="hello all", group_id="group-abc")
    await heard(rig, 4)
    one, often, referred, group = rig.receiver.messages
    assert (one["context"], often["context"]) == ({"forwarded": True}, {"frequently_forwarded": True})
    assert referred["referral"] == ad and group["group_id"] == "group-abc"


async def test_a_new_number_regenerates_the_user_id_and_the_chat_goes_with_it(rig: Rig) -> None:
    old = (await rig.customer())["user_id"]
    await rig.say("before")
    await does(rig, type="number_change", wa_id="+447700900789")
    await rig.say("after", "447700900789")
    system, later = await heard(rig, 2), await heard(rig, 3)
    assert (system["type"], system["from"]) == ("system", KEY)
    assert system["system"]["type"] == "user_changed_number" and system["system"]["wa_id"] == "447700900789"
    assert "contacts" not in rig.receiver.values()[1] and "from_user_id" not in system
    assert later["from"] == "447700900789" and later["from_user_id"] == system["system"]["user_id"] != old
    assert (await rig.thread("447700900789"))[0]["text"] == "before"
    await rig.control("GET", f"customers/{KEY}/messages", status=404)
    await does(rig, key="447700900789", type="number_change", wa_id="no digits", answers=400)


async def test_who_hides_the_phone_changes_it_without_showing_it(rig: Rig) -> None:
    await rig.customer(None, user_id="GB.1", username="ana.example")
    await does(rig, key="GB.1", type="number_change", wa_id="447700900789")
    system = await heard(rig)
    assert "from" not in system and "wa_id" not in system["system"]
    assert system["system"]["previous_user_id"] == "GB.1" and "447700900789" not in json.dumps(rig.receiver.values())
    after = next(one for one in (await rig.control("GET", "customers"))["customers"] if one["username"])
    assert (after["wa_id"], after["user_id"]) == (None, system["system"]["user_id"])


async def test_a_new_user_id_and_a_new_security_code(rig: Rig) -> None:
    old = (await rig.customer())["user_id"]
    await does(rig, type="user_id_change", user_id="GB.7719020034418825")
    await does(rig, type="identity_change")
    changed, identity = await heard(rig, 1), await heard(rig, 2)
    assert changed["system"]["previous_user_id"] == old
    assert changed["system"]["user_id"] == "GB.7719020034418825"
    assert identity["system"]["type"] == "customer_identity_changed" and identity["identity"]["hash"]
    assert (await rig.customer())["user_id"] == "GB.7719020034418825"


async def test_a_call_opens_the_window_and_system_and_group_messages_do_not(rig: Rig) -> None:
    await rig.control("POST", "clock", {"advance": 25 * 3600})
    await does(rig, type="identity_change")
    await does(rig, text="all", group_id="group-abc")
    assert (await rig.graph(text_to(f"+{KEY}", "late"))).json()["error"]["code"] == 131047
    await does(rig, type="call")
    await until(lambda: rig.receiver.items("calls"))
    call = rig.receiver.items("calls")[0]
    assert (call["event"], call["from"], call["to"]) == ("connect", KEY, "15550100123")
    assert change(rig, "calls")["contacts"][0]["wa_id"] == KEY
    await rig.send()
    await does(rig, type="call", event="terminate", call_id=call["id"], status="COMPLETED")
    await until(lambda: len(rig.receiver.items("calls")) == 2)
    assert rig.receiver.items("calls")[1]["status"] == "COMPLETED"
    await does(rig, type="call", event="knocks", answers=400)


async def test_marketing_is_stopped_and_allowed_again(rig: Rig) -> None:
    await does(rig, type="user_preferences", value="stop")
    await does(rig, type="user_preferences", value="resume")
    await until(lambda: len(rig.receiver.items("user_preferences")) == 2)
    stop, resume = rig.receiver.items("user_preferences")
    assert (stop["value"], stop["category"], stop["wa_id"]) == ("stop", "marketing_messages", KEY)
    assert resume["value"] == "resume" and isinstance(stop["timestamp"], int)
    assert change(rig, "user_preferences")["contacts"]
    await does(rig, type="user_preferences", value="perhaps", answers=400)


async def test_an_image_survives_a_restart(tmp_path: Any) -> None:
    async with receiving() as receiver:
        async with running(tmp_path, receiver) as rig:
            await rig.customer()
            media_id = (await attach(rig))["id"]
            await does(rig, type="number_change", wa_id="447700900789")
        async with running(tmp_path, receiver) as rig:
            assert (await fetch(rig, media_id)).content == JPEG
            assert [one["type"] for one in await rig.thread("447700900789")] == ["system"]
