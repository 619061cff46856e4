"""Whatever is sent to the simulator, it answers as Meta does or says what is wrong: it never breaks."""

from __future__ import annotations

import copy
import random
from typing import Any, AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.support.meta import examples
from tests.unit.simulator_rig import ACCOUNT, NUMBER, TOKEN, Rig, receiving, running, text_to
from tests.unit.test_simulator_templates import CASE, HEADER, REOPEN

KEY = "447700900123"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
ODD: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x",
    0,
    -1,
    1.5,
    True,
    [],
    {},
    [[]],
    [{}],
    {"type": []},
    "\u0000",
    "{{1}}",
    10**30,
)
ROUNDS = 400

SAID = (
    {"type": "text", "text": "hi", "context": "wamid.X"},
    {"type": "button_reply", "id": "/yes", "title": "Yes"},
    {"type": "list_reply", "id": "/yes", "title": "Yes", "description": "Of course"},
    {"type": "button", "text": "Yes", "payload": "/yes"},
    {"type": "flow_reply", "response": {"flow_token": "t"}, "name": "flow"},
    {"type": "reaction", "message_id": "wamid.X", "emoji": "x"},
    {"type": "image", "image": {"id": "900001", "caption": "c"}},
    {"type": "location", "location": {"latitude": 1, "longitude": 2, "name": "n"}},
    {"type": "contacts", "contacts": [{"name": {"formatted_name": "Sam"}, "phones": [{"phone": "+44"}]}]},
    {"type": "order", "order": {"catalog_id": "7", "product_items": [{"product_retailer_id": "1"}]}},
    {"type": "edit", "message_id": "wamid.X", "text": "y"},
    {"type": "revoke", "message_id": "wamid.X"},
    {"type": "unsupported", "kind": "edit", "code": 131051},
    {"type": "call", "event": "terminate", "call_id": "wacid.X", "status": "FAILED"},
    {"type": "user_preferences", "value": "stop"},
    {"type": "raw", "message": {"type": "text", "text": {"body": "x"}}},
    {"text": "hi", "wamid": "wamid.Y", "at": 1793440800, "referral": {"source_type": "ad"}, "group_id": "g"},
)


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver, checked=False) as rig:
        await rig.customer()
        await rig.control("PUT", "settings", {"pair_burst": 0, "throughput": 0})
        yield rig


def spoiled(bodies: list[Any], seed: int, rounds: int = ROUNDS) -> Iterator[Any]:
    """The bodies, each with one or two parts replaced by something odd, or taken away."""
    dice = random.Random(seed)
    for _ in range(rounds):
        body = copy.deepcopy(dice.choice(bodies))
        for _ in range(dice.choice((1, 1, 2))):
            part, keys = body, []
            while isinstance(part, (dict, list)) and part:
                keys.append(dice.choice(list(part) if isinstance(part, dict) else range(len(part))))
                part = part[keys[-1]]
                if dice.random() < 0.3:
                    break
            holder = body
            for key in keys[:-1]:
                holder = holder[key]
            if keys and dice.random() < 0.15 and isinstance(holder, dict):
                del holder[keys[-1]]
            elif keys:
                holder[keys[-1]] = copy.deepcopy(dice.choice(ODD))
        yield body


def graph_bodies() -> list[Any]:
    template = {"name": "case_update", "language": {"code": "en_US"}, "components": [HEADER, CASE, REOPEN]}
    message = {**text_to(f"+{KEY}", "x"), "type": "template", "template": template}
    return [{**body, "to": f"+{KEY}"} if "to" in body else body for body in examples().values()] + [message] * 10


@pytest.mark.parametrize("seed", range(3))
async def test_messages(rig: Rig, seed: int) -> None:
    for body in spoiled(graph_bodies(), seed):
        answer = await rig.graph(body)
        assert answer.status_code in (200, 400, 404), (body, answer.text)
        assert answer.status_code == 200 or answer.json()["error"]["code"] in range(1, 200_000)


async def test_templates(rig: Rig) -> None:
    body = {"type": "BODY", "text": "Hello {{1}}, see you.", "example": {"body_text": [["Ana"]]}}
    buttons = {
        "type": "BUTTONS",
        "buttons": [{"type": "URL", "text": "Go", "url": "https://e.com/{{1}}", "example": ["x"]}],
    }
    header = {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["1"]}}
    parts = [body, buttons, header, {"type": "FOOTER", "text": "Bye"}]
    template = {"name": "visit", "language": "en", "category": "UTILITY", "components": parts}
    for wrong in spoiled([template], 1, 200):
        answer = await rig.http.post(f"/v23.0/{ACCOUNT}/message_templates", json=wrong, headers=AUTH)
        assert answer.status_code in (200, 400), (wrong, answer.text)
        filled = await rig.graph(
            {**text_to(f"+{KEY}", "x"), "type": "template", "template": {"name": "visit", "language": {"code": "en"}}}
        )
        assert filled.status_code in (200, 400, 404), (wrong, filled.text)
        await rig.http.delete(f"/v23.0/{ACCOUNT}/message_templates?name=visit", headers=AUTH)


async def test_what_customers_do(rig: Rig) -> None:
    for message in spoiled(list(SAID), 2):
        answer = await rig.http.post(f"/control/customers/{KEY}/messages", json=message)
        assert answer.status_code in (200, 400), (message, answer.text)
        assert (await rig.http.get(f"/control/customers/{KEY}/messages?limit=3")).status_code == 200


@pytest.mark.parametrize(
    "path", ["customers", "settings", "faults", "clock", "echo", "errors", "templates/answer_ready"]
)
async def test_the_rest_of_the_control_api(rig: Rig, path: str) -> None:
    bodies = {
        "customers": {"name": "Ana", "wa_id": "447700900124", "username": "a", "blocks": False, "number": NUMBER},
        "settings": {"edits": "edit", "pair_seconds": 6.0, "throughput": 80, "numbers": ["1"], "auto_read": True},
        "faults": {"graph": {"rate": 0.5}, "webhook": {"batch": 2}, "status": {"repeat": 2}, "download": {"times": 1}},
        "clock": {"advance": 1},
        "echo": {"to": KEY, "text": "Tom"},
        "errors": {"code": 130429, "details": "x"},
        "templates/answer_ready": {"status": "PAUSED", "language": "en", "reason": "NONE"},
    }
    method = "PUT" if path in ("settings", "faults") else "POST"
    for body in spoiled([bodies[path]], 3, 100):
        answer = await rig.http.request(method, f"/control/{path}", json=body)
        assert answer.status_code in (200, 400), (body, answer.text)
        await rig.http.delete("/control/faults")
