"""Every kind of thing that WhatsApp sends us has a captured shape, a reading of it, and a place where people see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

import pytest

from connectors.whatsapp_account import ACCOUNT_FIELDS
from connectors.whatsapp_content import MEDIA_KINDS
from connectors.whatsapp_inbound import KNOWN_TYPES, parse
from handoff.conditions_reading import KINDS as CRITERIA_KINDS
from handoff.desk import view_content, view_lines
from tests.unit.whatsapp_support import NAMES, payload


@dataclass(frozen=True)
class Expected:
    """What a fixture's message is read as. ``shown``: the parts of a bubble in which people see it, besides its text;
    nothing for what is an aside, which the bridge says in words of its own."""

    kind: str
    text: str | None = None
    media: str | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    aside: bool = False
    about: str | None = None


ITEMS = [
    {"product": "SKU-7", "quantity": 2, "price": 9.5, "currency": "EUR"},
    {"product": "SKU-8", "quantity": 1, "price": 4.0, "currency": "EUR"},
]
PIN = {"latitude": 51.5033, "longitude": -0.1196, "name": None, "address": None, "url": None}
PLACE = {**PIN, "name": "Riverside Depot", "address": "1 Example Quay", "url": "https://example.com"}
CARD = {"name": "Sam Lee", "phones": ["+44 7700 900456"], "emails": [], "organisation": None}
ADVERTISEMENT = {"headline": "Spring offer", "text": "Ask us", "url": "https://example.com/ad", "kind": "ad"}

EXPECTED = {
    "text": Expected("text", "Where is my order? ¿Dónde está? 📦"),
    "quoted_reply": Expected("text", "this one", about="wamid.OUT1"),
    "image": Expected("image", "the label", media="900001"),
    "video": Expected("video", "it wobbles", media="900004"),
    "voice_note": Expected("audio", media="900002"),
    "document": Expected("document", "see page 2", media="900003"),
    "sticker": Expected("sticker", media="900005", content={"animated": True}),
    "quoted_media": Expected("image", media="900006", about="wamid.OUT1"),
    "location": Expected("location", content={"location": PIN}, shown=("place",)),
    "location_of_a_place": Expected("location", content={"location": PLACE}, shown=("place",)),
    "contacts": Expected("contacts", content={"contacts": [CARD]}, shown=("cards",)),
    "order": Expected("order", content={"order": {"items": ITEMS[:1], "note": None}}, shown=("order",)),
    "order_with_note": Expected(
        "order", content={"order": {"items": ITEMS, "note": "leave at door"}}, shown=("order",)
    ),
    "form_reply": Expected(
        "form", content={"form": {"name": "flow", "fields": {"rating": "4"}}}, shown=("fields",), about="wamid.OUT4"
    ),
    "from_an_ad": Expected("text", "Is this available?", content={"referral": ADVERTISEMENT}, shown=("came_from",)),
    "product_enquiry": Expected(
        "text", "Is this in stock?", content={"product": {"product": "SKU-7", "catalogue": "700001"}},
        shown=("product",), about="wamid.OUT7",
    ),
    "forwarded": Expected("text", "look at this", content={"forwarded": "once"}, shown=("forwarded",)),
    "forwarded_often": Expected("text", "Win a prize", content={"forwarded": "often"}, shown=("forwarded",)),
    "unsupported": Expected(
        "unsupported", content={"unsupported": {"kind": "poll_creation", "reason": "not_supported"}}, shown=("trouble",)
    ),
    "unsupported_edit": Expected(
        "unsupported", content={"unsupported": {"kind": "edit", "reason": "not_supported"}}, shown=("trouble",)
    ),
    "message_lost": Expected(
        "unsupported", content={"unsupported": {"kind": None, "reason": "lost"}}, shown=("trouble",)
    ),
    "file_lost": Expected(
        "unsupported", content={"unsupported": {"kind": "media_placeholder", "reason": "file_lost"}}, shown=("trouble",)
    ),
    "interactive_without_object": Expected(
        "unsupported", content={"unsupported": {"kind": None, "reason": "not_supported"}}, shown=("trouble",)
    ),
    "reaction": Expected("reaction", content={"emoji": "\U0001f44d"}, aside=True, about="wamid.OUT1"),
    "reaction_removed": Expected("reaction", content={"emoji": None}, aside=True, about="wamid.OUT1"),
    "edit": Expected("edit", "corrected text", aside=True, about="wamid.T1"),
    "edit_of_caption": Expected("edit", "the other label", aside=True, about="wamid.M1"),
    "revoke": Expected("revoke", aside=True, about="wamid.T1"),
    "call": Expected("call", aside=True),
    "call_ended": Expected("call", aside=True),
    "marketing_opt_out": Expected("preference", content={"opted_out": True}, aside=True),
    "marketing_opt_in": Expected("preference", content={"opted_out": False}, aside=True),
    "system_identity_changed": Expected("identity", aside=True),
    "echo_image": Expected("image", "like this one?", media="900008"),
    "echo_reaction": Expected("reaction", content={"emoji": "\U0001f44d"}, aside=True, about="wamid.T1"),
    "echo_deleted": Expected("revoke", aside=True, about="wamid.H1"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_each_is_read_as_what_it_is(name: str) -> None:
    (message,), expected = parse(payload(name)).messages, EXPECTED[name]
    assert (message.kind, message.text, message.reply_to) == (expected.kind, expected.text, expected.about)
    assert (message.media.provider_id if message.media else None) == expected.media
    assert (dict(message.content), message.aside) == (dict(expected.content), expected.aside)
    assert message.echo == name.startswith("echo")
    assert tuple(part for part, value in view_content.of(message.content).items() if value) == expected.shown


def test_a_message_is_always_shown_as_something() -> None:
    """Words, a file, a part of a bubble or at least what kind it is; an aside changes another line, or is a note."""
    for name in NAMES:
        for message in parse(payload(name)).messages:
            parts = any(view_content.of(message.content).values())
            named = message.kind in view_lines.KINDS
            assert message.aside or message.text or message.media or parts or named or message.kind == "hologram", name


def types_in(value: Any) -> set[str]:
    """Each ``type`` of a message in a webhook."""
    found: set[str] = set()
    if isinstance(value, dict):
        if isinstance(value.get("type"), str) and "timestamp" in value:
            found.add(value["type"])
        for item in value.values():
            found |= types_in(item)
    elif isinstance(value, list):
        for item in value:
            found |= types_in(item)
    return found


def test_every_type_that_is_known_was_captured() -> None:
    captured = set().union(*(types_in(payload(name)) for name in NAMES))
    assert set(KNOWN_TYPES) - captured <= {"unknown"}  # the old name of "unsupported"


def test_every_kind_that_reaches_the_bot_can_be_a_criterion() -> None:
    kinds = {m.kind for name in NAMES for m in parse(payload(name)).messages if not m.aside} - {"hologram"}
    assert kinds - set(CRITERIA_KINDS) == set()
    assert set(MEDIA_KINDS) <= set(CRITERIA_KINDS)


def test_news_about_our_account_is_told_to_the_operator() -> None:
    batch = parse(payload("template_paused"))
    assert batch.notices == (
        {
            "field": "message_template_status_update", "happened": "PAUSED", "message_template_name": "case_update",
            "message_template_id": 600002, "message_template_language": "en", "reason": "LOW_QUALITY",
        },
    )  # fmt: skip
    assert not batch.ignored and len(ACCOUNT_FIELDS) > 10
