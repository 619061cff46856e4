"""Customers' files on the desk: for agents alone, shown only where that is safe, and in words until they are here."""

from __future__ import annotations

import re
import uuid
from typing import Any, Iterator

import httpx
import pytest

from handoff import protocol
from handoff.desk.routes_media import name_of
from handoff.desk.view_media import media_item, size_label
from tests.unit.desk_support import PASSWORD, DeskUnderTest
from tests.unit.test_desk_access import sign_in


@pytest.fixture
def agent(desk: DeskUnderTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.process.url, timeout=20) as client:
        assert sign_in(client, "sam@example.com", PASSWORD).status_code == 303
        yield client


def file(**more: Any) -> dict[str, Any]:
    known = {"id": uuid.uuid4().hex, "kind": "image", "type": "image/jpeg", "filename": None, "size": 48_213}
    later = {"voice": False, "width": 800, "height": 600, "inline": True, "status": "ready", "error": None}
    return {**known, **later, **more}


def page_with(desk: DeskUnderTest, agent: httpx.Client, media: dict[str, Any], text: str = "") -> str:
    conversation_id = desk.waiting()
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", text, kind=media["kind"], media=media)
    return agent.get(f"/conversations/{conversation_id}").text


def test_the_file_passes_through_with_headers_that_let_nothing_in_it_run(
    desk: DeskUnderTest, agent: httpx.Client
) -> None:
    media = file()
    page_with(desk, agent, media)
    desk.bridge.files[media["id"]] = b"picture" * 100
    answer = agent.get(f"/media/{media['id']}")
    assert (answer.status_code, answer.content) == (200, b"picture" * 100)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''image-")
    part = agent.get(f"/media/{media['id']}", headers={"Range": "bytes=0-6"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"picture", "bytes 0-6/700")
    assert agent.get(f"/media/{media['id']}?download=1").headers["Content-Disposition"].startswith("attachment")


def test_what_is_not_known_to_be_safe_is_a_download_of_no_type(desk: DeskUnderTest, agent: httpx.Client) -> None:
    media = file(kind="document", type="text/html", filename="a\r\nb/../x \"'.html", inline=False)
    page_with(desk, agent, media)
    desk.bridge.files[media["id"]] = b"<script>alert(1)</script>"
    answer = agent.get(f"/media/{media['id']}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''x%20%22%27.html"


def test_it_opens_for_agents_with_a_session_or_a_token_and_for_nobody_else(
    desk: DeskUnderTest, agent: httpx.Client
) -> None:
    media = file()
    page_with(desk, agent, media)
    desk.bridge.files[media["id"]] = b"x"
    address = f"{desk.process.url}/media/{media['id']}"
    token = desk.sam.client.headers["Authorization"]
    assert httpx.get(address, headers={"Authorization": token}).status_code == 200
    for headers in ({}, {"Authorization": "Bearer guessed"}, {"Cookie": "desk_session=guessed"}):
        assert httpx.get(address, headers=headers).status_code == 401
    assert agent.get(f"/media/{uuid.uuid4().hex}").status_code == 404
    desk.bridge.files["not-on-this-desk"] = b"secret"
    assert agent.get("/media/not-on-this-desk").status_code == 404


def test_a_file_that_the_bridge_does_not_have_is_not_found(desk: DeskUnderTest, agent: httpx.Client) -> None:
    media = file()
    page_with(desk, agent, media)
    assert agent.get(f"/media/{media['id']}").status_code == 404


@pytest.mark.parametrize(
    ("media", "shown"),
    [
        (file(), "media-picture"),
        (file(kind="sticker", type="image/webp", width=512, height=512), "media-picture"),
        (file(kind="video", type="video/mp4"), "media-film"),
        (file(kind="audio", type="audio/ogg", voice=True), "media-sound"),
        (file(kind="document", type="application/pdf", filename="a.pdf"), "media-file"),
        (file(kind="document", type="application/zip", filename="a.zip", inline=False), "media-file"),
        (file(kind="image", type="text/html", inline=False), "media-file"),
        (file(status="pending", inline=False, size=None), "media-waiting"),
        (file(status="failed", inline=False, error="The file is too large."), "media-missing"),
    ],
)
def test_each_kind_of_file_has_its_place_in_the_transcript(
    desk: DeskUnderTest, agent: httpx.Client, media: dict[str, Any], shown: str
) -> None:
    page = page_with(desk, agent, media)
    assert set(re.findall(r'data-testid="(media-[a-z]+)"', page)) == {shown}
    if media["error"]:
        assert media["error"] in page


def test_a_picture_has_its_place_before_it_is_loaded_and_words_for_who_cannot_see_it(
    desk: DeskUnderTest, agent: httpx.Client
) -> None:
    page = page_with(desk, agent, file(), "my broken teapot")
    assert 'width="320" height="240"' in page and 'alt="Photo: my broken teapot"' in page


def test_the_transcript_changes_when_the_file_comes_and_never_back(desk: DeskUnderTest, agent: httpx.Client) -> None:
    conversation_id = desk.waiting()
    media = file(status="pending", inline=False, size=None)
    handoff_id, message_id = f"handoff-{conversation_id}", uuid.uuid4().hex
    desk.calls.say(conversation_id, handoff_id, "", kind="image", media=media, message_id=message_id)
    changed = {"message_id": message_id, "media": {**media, "status": "ready", "inline": True, "size": 10}}
    assert desk.calls.send(protocol.MEDIA_CHANGED, conversation_id, handoff_id, changed).status_code == 200
    page = agent.get(f"/conversations/{conversation_id}").text
    assert "media-picture" in page and "media-waiting" not in page
    other = {"message_id": "unknown", "media": file()}
    assert desk.calls.send(protocol.MEDIA_CHANGED, conversation_id, handoff_id, other).status_code == 200
    assert agent.get(f"/media/{other['media']['id']}").status_code == 404


def test_the_list_says_what_was_sent_where_nothing_was_written(desk: DeskUnderTest, agent: httpx.Client) -> None:
    conversation_id = desk.waiting()
    desk.calls.say(conversation_id, f"handoff-{conversation_id}", "", kind="image", media=file())
    assert desk.sam.get(conversation_id)["last_text"] == "Photo"


def test_files_of_before_the_handoff_are_in_its_transcript(desk: DeskUnderTest, agent: httpx.Client) -> None:
    line = {"author": "customer", "text": "", "kind": "image", "at": 1.0, "message_id": "m", "media": file()}
    page = agent.get(f"/conversations/{desk.waiting(transcript=[line])}").text
    assert "media-picture" in page


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"filename": "invoice.pdf"}, "invoice.pdf"),
        ({"filename": "../../etc/passwd"}, "passwd"),
        ({"filename": "C:\\temp\\x.exe"}, "x.exe"),
        ({"filename": "..."}, "image-abcdefgh.png"),
        ({}, "image-abcdefgh.png"),
    ],
)
def test_a_file_is_named_for_the_agents_machine_by_its_name_alone(given: dict[str, str], name: str) -> None:
    assert name_of({"id": "abcdefghij", "kind": "image", "type": "image/png", **given}) == name


def test_sizes_are_in_words_of_people() -> None:
    assert [size_label(size) for size in (None, 5, 48_213, 999_600, 12_345_678)] == [
        "", "5 bytes", "48 kB", "1.0 MB", "12.3 MB",
    ]  # fmt: skip


@pytest.mark.parametrize("broken", [None, {}, {"id": ""}, {"id": 5}, {"id": "x", "width": "a", "size": "b"}, [], "x"])
def test_whatever_a_bridge_says_of_a_file_can_be_drawn(broken: Any) -> None:
    item = media_item(broken)
    assert item is None or item["show"] in {"waiting", "missing", "file"}
