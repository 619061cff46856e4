"""What customers send besides text, on real processes: from the phone through WhatsApp, bridge and bot to the desk."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.integration.test_road import PATIENCE, ask, hand_over
from tests.support.records import Records
from tests.support.stack import Stack
from tests.support.waiting import wait_until


def picture(colour: str = "teal") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def records(stack: Stack) -> Records:
    return Records(stack)


def test_a_picture_goes_from_the_phone_to_the_desk_and_is_gone_when_its_sender_deletes_it(stack: Stack) -> None:
    ana, sam = stack.phone("Ana"), stack.agent("sam")
    conversation_id = hand_over(ana, sam)
    content = picture()
    message_id = ana.attach(content, "a.jpg", "image/jpeg", caption="the crack")
    line = sam.wait_for_line(conversation_id, message_id, lambda line: line["media"]["status"] == "ready")
    assert (line["text"], line["kind"]) == ("the crack", "image")
    assert (line["media"]["type"], line["media"]["width"], line["media"]["inline"]) == ("image/jpeg", 64, True)
    file = sam.file(line["media"]["id"])
    assert (file.status_code, file.content, file.headers["Content-Type"]) == (200, content, "image/jpeg")
    part = sam.file(line["media"]["id"], Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, content[10:20])
    ana.send_message({"type": "revoke", "message_id": message_id})
    sam.wait_for_line(conversation_id, message_id, lambda line: line["deleted_at"] and not line["text"])
    assert sam.file(line["media"]["id"]).status_code == 404
    folder = stack.folder / "var" / "media"
    wait_until("the file is removed", lambda: not list(folder.rglob(line["media"]["id"])), PATIENCE)


def test_a_picture_of_before_the_handoff_is_in_its_transcript(stack: Stack) -> None:
    ana, sam = stack.phone("Ana"), stack.agent("sam")
    message_id = ana.attach(picture(), "a.jpg", "image/jpeg")
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    line = sam.wait_for_line(conversation_id, message_id, lambda line: line["media"]["status"] == "ready")
    assert sam.file(line["media"]["id"]).content == picture()


def test_the_bot_hears_a_corrected_message_and_the_agent_sees_both(stack: Stack) -> None:
    ana, sam = stack.phone("Ana"), stack.agent("sam")
    first = ana.send("i want to thakl to nobody, hi")
    ana.wait_for_reply(PATIENCE)
    ana.send_message({"type": "edit", "message_id": first, "text": "i want to talk to a person please"})
    conversation_id = sam.wait_for_conversation(ana, "queued", PATIENCE)
    line = sam.wait_for_line(conversation_id, first, lambda line: line["text_before"])
    assert (line["text"], line["text_before"]) == (
        "i want to talk to a person please", "i want to thakl to nobody, hi",
    )  # fmt: skip


def test_a_reaction_reaches_the_agents_bubble_and_is_no_message(stack: Stack, records: Records) -> None:
    ana, sam = stack.phone("Ana"), stack.agent("sam")
    conversation_id = hand_over(ana, sam)
    sam.say(conversation_id, "I am looking at it")
    bubble = ana.wait_for("I am looking at it", PATIENCE)
    before = sam.conversation(conversation_id)["unread"]
    ana.send_message({"type": "reaction", "message_id": bubble["id"], "emoji": "👍"})
    wait_until(
        "the reaction is on the agent's bubble",
        lambda: sam.wait_for_text(conversation_id, "I am looking at it")["reaction"] == "👍",
        PATIENCE,
    )
    assert sam.conversation(conversation_id)["unread"] == before


def test_a_place_and_a_file_fill_the_bots_slots(stack: Stack, records: Records) -> None:
    ana, sam = stack.phone("Ana"), stack.agent("sam")
    place = {"latitude": 51.5, "longitude": -0.12, "name": "Riverside Depot", "address": "1 Example Quay"}
    ana.send_message({"type": "raw", "message": {"type": "location", "location": place}})
    ana.wait_for_reply(PATIENCE)
    ask(ana, "i want to return something")
    ana.attach(picture(), "a.jpg", "image/jpeg", type="image")
    assert "added it to your request" in ana.wait_for("added it", PATIENCE)["text"]
    conversation_id = hand_over(ana, sam)
    slots = {event["name"]: event["value"] for event in records.events(conversation_id, "slot")}
    assert slots["shared_location"]["address"] == "1 Example Quay"
    (file,) = slots["shared_files"]
    assert sam.file(file["id"]).content == picture()
