"""What the bot can use of messages that are not text."""

from __future__ import annotations

from typing import Any

import pytest

from handoff.usable import slots_in, unreadable_kind, words_for

PLACE = {"latitude": 51.5, "longitude": -0.1, "name": "Depot", "address": "1 Example Quay", "url": "https://x.example"}


def message(kind: str = "location", text: str | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "text": text, "content": {}, "media": None, **more}


def test_a_place_and_a_card_fill_their_slots_if_the_model_has_them() -> None:
    known = {"shared_location": None, "shared_contact": None}
    found = slots_in(message(content={"location": PLACE}), known, False)
    assert found == {"shared_location": {name: PLACE[name] for name in ("latitude", "longitude", "name", "address")}}
    card = {"name": "Sam", "phones": ["1"]}
    assert slots_in(message("contacts", content={"contacts": [card, {}]}), known, False) == {"shared_contact": card}
    assert slots_in(message(content={"location": PLACE}), {}, False) == {}


def test_a_forms_fields_fill_slots_of_their_names_and_none_that_steer_the_bridge() -> None:
    fields = {"rating": "4", "unknown": "x", "handoff_reason": "x", "requested_slot": "x", "opted_out": "x", "day": ""}
    known = dict.fromkeys(("rating", "handoff_reason", "requested_slot", "opted_out", "day"))
    assert slots_in(message("form", content={"form": {"fields": fields}}), known, False) == {"rating": "4"}


def test_files_are_noted_one_after_the_other_and_only_where_they_are_welcome() -> None:
    file = {"id": "2", "kind": "image", "filename": None, "sha256": "x", "provider_id": "secret"}
    sent = message("image", media=file)
    kept = {"id": "2", "kind": "image", "filename": None}
    assert slots_in(sent, {"shared_files": None}, True) == {"shared_files": [kept]}
    assert slots_in(sent, {"shared_files": [{"id": "1"}]}, True) == {"shared_files": [{"id": "1"}, kept]}
    assert slots_in(sent, {"shared_files": None}, False) == {}


@pytest.mark.parametrize(
    ("asked_for", "heard"),
    [("new_street", "1 Example Quay"), ("delivery_address", "1 Example Quay"), ("order_number", None), (None, None)],
)
def test_a_place_is_heard_as_its_address_where_an_address_is_asked_for(
    asked_for: str | None, heard: str | None
) -> None:
    assert words_for(message(content={"location": PLACE}), asked_for) == heard


def test_a_pin_without_an_address_says_nothing_and_a_caption_says_what_it_says() -> None:
    assert words_for(message(content={"location": {**PLACE, "address": None}}), "new_street") is None
    assert words_for(message("image", "look"), "new_street") == "look"


@pytest.mark.parametrize(
    ("given", "noted", "kind"),
    [
        (message("image"), False, "image"),
        (message("image"), True, "noted_file"),
        (message("unsupported", content={"unsupported": {"kind": None, "reason": "lost"}}), False, "lost"),
        (message("unsupported", content={"unsupported": {"kind": "edit", "reason": "not_supported"}}), False, "edit"),
        (message("unsupported", content={"unsupported": {"kind": "gif"}}), False, "unsupported"),
    ],
)  # fmt: skip
def test_what_is_special_about_a_message_is_said_rather_than_its_kind(
    given: dict[str, Any], noted: bool, kind: str
) -> None:
    assert unreadable_kind(given, noted=noted) == kind
