"""Webhooks that Meta would not send, or not yet: made from its OpenAPI description and from captured ones, spoiled,
with one good message in each."""

from __future__ import annotations

import copy
import itertools
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.support.openapi_strategies import Description

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
NUMBER = "100000000000001"
PHONES = [f"4477008{n:05}" for n in range(20)]  # few, so that floors, handoffs and repeated ids meet
CAPTURED = [json.loads(file.read_text()) for file in sorted((FIXTURES / "whatsapp").glob("*.json"))]

_numbers = itertools.count(1)
_meta = Description(FIXTURES / "meta" / "webhooks.yaml")

_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["", "messages", "text", "system", "\x00", "\ud800", "9" * 5000, "wamid.X", NUMBER, "1e400"])
)  # fmt: skip
junk = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@dataclass(frozen=True)
class Webhook:
    """``good`` is the id of the message that must not be lost."""

    body: bytes
    good: str


@st.composite
def webhooks(draw: st.DrawFn) -> Webhook:
    """A body that is spoiled in places, with a good message as a neighbour of what is spoiled."""
    changes = draw(st.lists(_meta.values("Change") | st.sampled_from(CAPTURED).flatmap(_changes), max_size=3))
    changes = copy.deepcopy(changes)
    for change in changes:
        _make_ours(change, draw(st.randoms(use_true_random=False)))
    entries: list[Any] = [{"id": "200000000000001", "changes": changes}]
    for each in draw(st.lists(junk, max_size=3)):
        spoil(entries, draw(st.randoms(use_true_random=False)), each)
    good = _good(draw(st.sampled_from(PHONES)))
    _put(entries, good, draw(st.randoms(use_true_random=False)), draw(st.lists(junk, max_size=2)))
    body = {"object": "whatsapp_business_account", "entry": entries}
    return Webhook(json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"), good["id"])


def _changes(captured: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([change for entry in captured["entry"] for change in entry["changes"]] or [{}])


def _make_ours(change: Any, chance: random.Random) -> None:
    """Mostly of our number and of a customer that is known: else everything would be ignored at the first look."""
    value = change.get("value") if isinstance(change, dict) else None
    if not isinstance(value, dict):
        return
    if isinstance(value.get("metadata"), dict) and chance.random() < 0.9:
        value["metadata"]["phone_number_id"] = NUMBER
    for kind in ("messages", "statuses", "message_echoes"):
        for item in value.get(kind) or []:
            if isinstance(item, dict) and chance.random() < 0.8:
                item["id"] = f"wamid.FUZZ{next(_numbers)}"
                item["to" if kind == "message_echoes" else "from"] = chance.choice(PHONES)
                item.setdefault("timestamp", str(int(time.time())))


def _good(phone: str) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "from": phone, "id": f"wamid.GOOD{number}", "timestamp": str(int(time.time())), "type": "text",
        "text": {"body": f"hello n{number}"},
    }  # fmt: skip


def _put(entries: list[Any], good: dict[str, Any], chance: random.Random, beside: list[Any]) -> None:
    """The good message among junk, in a place where it can be told whose it is."""
    messages = [good, *beside]
    chance.shuffle(messages)
    value = {
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, "contacts": beside,
        "messages": messages,
    }  # fmt: skip
    change = {"field": "messages", "value": value}
    neighbours = [entry["changes"] for entry in entries if isinstance(entry, dict) and _is_list(entry.get("changes"))]
    if neighbours and chance.random() < 0.7:
        changes = chance.choice(neighbours)
        changes.insert(chance.randint(0, len(changes)), change)
    else:
        entries.insert(chance.randint(0, len(entries)), {"id": "200000000000001", "changes": [change]})


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, item in items for each in _places(item, (*path, key)))]


def spoil(whole: Any, chance: random.Random, with_what: Any) -> None:
    """Remove or replace one part of a JSON value, if it has any."""
    places = [path for path in _places(whole) if path]
    if not places:
        return
    *parents, last = chance.choice(places)
    parent: Any = whole
    for key in parents:
        parent = parent[key]
    if chance.random() < 0.3:
        del parent[last]
    else:
        parent[last] = with_what
