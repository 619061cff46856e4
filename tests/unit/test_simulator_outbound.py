"""Every type of message that the business sends: Meta's own examples pass, and each limit is refused with its code."""

from __future__ import annotations

from typing import Any, AsyncIterator

import pytest
import pytest_asyncio

from tests.support.meta import examples
from tests.unit.simulator_rig import NUMBER, TOKEN, Rig, receiving, running, text_to, until

TO = "+447700900123"
KEY = "447700900123"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
DAY = 24 * 3600


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        await rig.customer()
        yield rig


def message(kind: str, part: Any, **other: Any) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": TO,
        "type": kind,
        kind: part,
        **other,
    }


def interactive(kind: str, action: dict[str, Any], **other: Any) -> dict[str, Any]:
    return message("interactive", {"type": kind, "body": {"text": "See"}, "action": action, **other})


def flow(**parameters: Any) -> dict[str, Any]:
    usual = {"flow_message_version": "3", "flow_id": "800001", "flow_cta": "Rate", "flow_token": "t-1"}
    given = {name: value for name, value in {**usual, **parameters}.items() if value is not None}
    return interactive("flow", {"name": "flow", "parameters": given})


def products(*sizes: int, **other: Any) -> dict[str, Any]:
    sections = [
        {"title": f"Part {n}", "product_items": [{"product_retailer_id": f"{n}-{i}"} for i in range(size)]}
        for n, size in enumerate(sizes)
    ]
    header = {"type": "text", "text": "Ours"}
    return interactive("product_list", {"catalog_id": "7", "sections": sections}, header=header, **other)


def card(**parts: Any) -> dict[str, Any]:
    return {"name": {"formatted_name": "Sam Lee", "first_name": "Sam"}, **parts}


ASK_NUMBER = {"name": "request_contact_info"}
SEND_PLACE = {"name": "send_location"}
PICTURE = {"type": "image", "image": {"link": "https://example.com/a.jpg"}}
BUTTONS = {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]}

ACCEPTED = {
    "a card": message("contacts", [card(phones=[{"phone": "+15550100123", "type": "WORK"}])]),
    "five cards": message("contacts", [card()] * 5),
    "a request for a place": interactive("location_request_message", SEND_PLACE),
    "a request for the number": interactive("request_contact_info", ASK_NUMBER),
    "a form": flow(flow_action="navigate", flow_action_payload={"screen": "RATE"}),
    "a form by its name": flow(flow_id=None, flow_name="rating"),
    "a product": interactive("product", {"catalog_id": "7", "product_retailer_id": "SKU-7"}),
    "thirty products": products(15, 15),
    "a catalogue": interactive("catalog_message", {"name": "catalog_message"}),
    "buttons under a picture": interactive("button", BUTTONS, header=PICTURE),
    "a voice note": message("audio", {"link": "https://example.com/a.ogg", "voice": True}),
}

REFUSED = {
    "no cards": (131009, message("contacts", [])),
    "six cards": (131009, message("contacts", [card()] * 6)),
    "cards that are none": (131009, message("contacts", ["Sam"])),
    "no contacts at all": (131008, {**message("text", {"body": "x"}), "type": "contacts"}),
    "a card with a formatted name only": (131009, message("contacts", [{"name": {"formatted_name": "Sam"}}])),
    "a card without a formatted name": (131008, message("contacts", [{"name": {"first_name": "Sam"}}])),
    "a phone without a number": (131008, message("contacts", [card(phones=[{"type": "WORK"}])])),
    "another action for a place": (131009, interactive("location_request_message", {"name": "locate"})),
    "a header over a request for the number": (131009, interactive("request_contact_info", ASK_NUMBER, header=PICTURE)),
    "another action for the number": (131009, interactive("request_contact_info", SEND_PLACE)),
    "a form without id and name": (131009, flow(flow_id=None)),
    "a form with id and name": (131009, flow(flow_name="rating")),
    "a label of 31": (131009, flow(flow_cta="x" * 31)),
    "a form of another version": (131009, flow(flow_message_version="2")),
    "a form that does what it cannot": (131009, flow(flow_action="jump")),
    "a form that opens nowhere": (131008, flow(flow_action_payload={})),
    "a product without its id": (131008, interactive("product", {"catalog_id": "7"})),
    "thirty-one products": (131009, products(30, 1)),
    "no products": (131009, products(0)),
    "a list under a picture": (131009, interactive("list", {"button": "x", "sections": []}, header=PICTURE)),
    "a header by an unknown id": (
        131009, interactive("button", BUTTONS, header={"type": "image", "image": {"id": "1"}}),
    ),
    "a voice that is no sound": (100, message("image", {"link": "https://example.com/a.jpg", "voice": True})),
    "id and link": (100, message("image", {"link": "https://example.com/a.jpg", "id": "1"})),
    "a filename on a picture": (100, message("image", {"link": "https://example.com/a.jpg", "filename": "a"})),
    "a place beyond the pole": (131009, message("location", {"latitude": 91, "longitude": 0})),
    "a place without longitude": (131008, message("location", {"latitude": 9})),
    "a reaction that quotes": (
        131009, message("reaction", {"message_id": "w", "emoji": "x"}, context={"message_id": "w"}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
async def test_it_accepts(rig: Rig, name: str) -> None:
    answer = await rig.graph(ACCEPTED[name])
    assert answer.status_code == 200, answer.text


async def test_it_refuses_with_metas_codes(rig: Rig) -> None:
    wrong = {}
    for name, (code, body) in REFUSED.items():
        answer = await rig.graph(body)
        if answer.status_code == 200 or answer.json()["error"]["code"] != code:
            wrong[name] = answer.text
    assert not wrong
    assert await rig.thread() == []


# Of Meta's examples: payments, which are not simulated, templates that this account does not have, and what cannot be
# sent as it stands there (a placeholder for a header, no type).
NOT_HERE = {
    "Send Multi-Product Message": 131009,
    "Send Reply to List Message": 131008,
    "Send Order Details Message": 131051,
    "Send Order Status Message": 131051,
    "Send Catalog Template Message": 132001,
    "Send Flow Template Message": 132001,
    "Send Message Template Interactive": 132001,
    "Send Message Template Media": 132001,
    "Send Message Template Text": 132001,
    "Send Sample Issue Resolution Template": 132001,
    "Send Sample Shipping Confirmation Template": 132001,
    "Send Sample Text Message": 132001,
    "Send Test Message": 132001,
}


@pytest.mark.parametrize("name", examples())
async def test_metas_own_examples_pass(rig: Rig, name: str) -> None:
    said = await rig.say("hi")
    files = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg", "sticker": "image/webp"}
    body = examples()[name]
    if "to" in body:
        body["to"] = TO
    if "message_id" in body:
        body["message_id"] = said
    if "link" in body.get(body.get("type", ""), {}):
        body[body["type"]]["link"] = "https://example.com/a"
    elif body.get("type") in (*files, "document"):
        kind = files.get(body["type"], "application/pdf")
        form = {"messaging_product": "whatsapp", "type": kind}
        file = {"file": ("a", b"%PDF-1.7", kind)}
        uploaded = await rig.http.post(f"/v23.0/{NUMBER}/media", data=form, files=file, headers=AUTH)
        body[body["type"]]["id"] = uploaded.json()["id"]
    answer = await rig.graph(body)
    assert answer.json().get("error", {}).get("code") == NOT_HERE.get(name), answer.text


async def test_a_reaction_to_what_cannot_have_one_fails_later(rig: Rig) -> None:
    said = await rig.say("thanks")
    reacted = {"type": "reaction", "message_id": said, "emoji": "x"}
    reaction = (await rig.control("POST", f"customers/{KEY}/messages", reacted))["id"]
    await rig.control("POST", f"customers/{KEY}/messages", {"type": "revoke", "message_id": said})
    for target in (reaction, said):
        assert (await rig.graph(message("reaction", {"message_id": target, "emoji": "x"}))).status_code == 200
    old = await rig.say("old")
    await rig.control("POST", "clock", {"advance": 30 * DAY + 60})
    await rig.say("now")
    assert (await rig.graph(message("reaction", {"message_id": old, "emoji": "x"}))).status_code == 200
    await until(lambda: len(rig.receiver.statuses) == 3)
    assert {(one["status"], one["errors"][0]["code"]) for one in rig.receiver.statuses} == {("failed", 131009)}
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": old}
    assert (await rig.graph(mark)).json()["error"]["code"] == 131009


async def test_who_blocks_the_business_gets_nothing_and_says_nothing(rig: Rig) -> None:
    await rig.customer(blocks=True)
    assert (await rig.graph(text_to(TO, "hi"))).json()["error"]["code"] == 131026
    await rig.control("PUT", "settings", {"window_refusal": "status"})
    await rig.send()
    await until(lambda: rig.receiver.statuses)
    assert rig.receiver.statuses[0]["errors"][0]["code"] == 131026
    await rig.control("POST", f"customers/{KEY}/messages", {"text": "hi"}, status=400)
    await rig.customer(blocks=False)
    await rig.say("hi")


@pytest.mark.parametrize(("version", "known"), [("v23.0", True), ("v26.0", True), ("v99.0", False), ("v23.1", False)])
async def test_only_versions_that_there_are_answer(rig: Rig, version: str, known: bool) -> None:
    answer = await rig.http.post(f"/{version}/{NUMBER}/messages", json=text_to(TO, "hi"), headers=AUTH)
    assert answer.status_code == (200 if known else 400)
    assert known or answer.json()["error"]["code"] == 2500


async def test_a_number_without_plus_may_get_the_business_own_country(rig: Rig) -> None:
    assert (await rig.graph(text_to(KEY, "hi"))).json()["contacts"][0]["wa_id"] == KEY
    await rig.control("PUT", "settings", {"without_plus": "own_country"})
    assert (await rig.graph(text_to(KEY, "hi"))).json()["contacts"][0]["wa_id"] == f"1{KEY}"
    assert (await rig.graph(text_to(TO, "hi"))).json()["contacts"][0]["wa_id"] == KEY
    assert (await rig.graph(text_to("15550107777", "hi"))).json()["contacts"][0]["wa_id"] == "15550107777"


async def test_a_customer_is_of_one_number(rig: Rig) -> None:
    await rig.customer("447700900555", number="300000000000009")
    assert (await rig.graph(text_to("+447700900555", "hi"))).json()["error"]["code"] == 131026
    assert (await rig.graph(text_to("+447700900555", "hi"), number="300000000000009")).status_code == 200


async def test_who_never_wrote_can_be_out_of_reach_as_meta_has_it(rig: Rig) -> None:
    await rig.control("PUT", "settings", {"strangers": "closed"})
    assert (await rig.graph(text_to(TO, "hi"))).json()["error"]["code"] == 131047
    shown = (await rig.control("GET", "customers"))["customers"][0]
    assert shown["window_ends_at"] <= (await rig.control("GET", "clock"))["now"]
    await rig.say("hello")
    await rig.send()
