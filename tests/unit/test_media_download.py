"""Customers' files: fetched while WhatsApp has them, whatever happens on the way; their secrets stay with Meta."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any, AsyncIterator
from urllib.parse import unquote

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from connectors.whatsapp_media import FILE_SERVER, hex_digest
from handoff import media, protocol, tables
from handoff.channel import Media
from handoff.media_store import MediaStore
from handoff.settings import SettingsError
from tests.support.bridge_rig import Rig
from tests.unit.media_support import MOST_BYTES, MP3, MP4, OGG, PAGE, PDF, Files, files_around, picture, transport
from tests.unit.simulator_rig import TOKEN

pytest_plugins = ["tests.support.bridge_fixtures"]


@pytest_asyncio.fixture
async def files(rig: Rig, tmp_path: Path) -> AsyncIterator[Files]:
    async with files_around(rig, tmp_path) as ready:
        yield ready


async def test_a_picture_is_fetched_and_known_by_its_content(files: Files) -> None:
    content = picture(size=(40, 30))
    media_id = await files.sent(content)
    assert files.row(media_id)["status"] == "pending"
    await files.work()
    row = files.row(media_id)
    assert (row["status"], row["type"], row["genuine"], row["size"]) == ("ready", "image/jpeg", True, len(content))
    assert (row["width"], row["height"]) == (40, 30) and files.bytes_of(media_id) == content
    assert media.shown(row)["inline"]


@pytest.mark.parametrize(
    ("content", "kind", "inline"),
    [
        (picture("PNG"), "image/png", True),
        (OGG, "audio/ogg", True),
        (MP3, "audio/mpeg", True),
        (MP4, "video/mp4", True),
        (PDF, "application/pdf", True),
        (b"a list,of things\n1,2\n", "text/plain", False),
    ],
)
async def test_every_kind_that_whatsapp_carries_is_known(files: Files, content: bytes, kind: str, inline: bool) -> None:
    media_id = await files.sent(content, kind)
    await files.work()
    shown = media.shown(files.row(media_id))
    assert (shown["status"], shown["type"], shown["inline"]) == ("ready", kind, inline)


async def test_a_page_that_is_said_to_be_a_picture_is_kept_as_what_it_is_and_never_shown(files: Files) -> None:
    media_id = await files.sent(PAGE, "image/png")
    await files.work()
    row = files.row(media_id)
    assert (row["status"], row["type"], row["genuine"]) == ("ready", "text/html", False)
    assert not media.shown(row)["inline"]


async def test_a_picture_that_is_said_to_be_something_else_is_not_shown_either(files: Files) -> None:
    media_id = await files.sent(picture("PNG"), "image/jpeg", declared="image/jpeg")
    await files.work()
    assert (files.row(media_id)["type"], media.shown(files.row(media_id))["inline"]) == ("image/png", False)


async def test_a_file_that_whatsapp_no_longer_has_fails_at_once_in_plain_words(files: Files) -> None:
    media_id = files.receive(Media("404404", "image", "image/jpeg"))
    await files.work()
    row = files.row(media_id)
    assert row["status"] == "failed" and "send it again" in row["error"]
    await files.work()
    assert files.row(media_id)["attempts"] == 1


async def test_a_file_that_is_too_large_fails_at_once_and_leaves_nothing_behind(files: Files) -> None:
    media_id = await files.sent(picture("JPEG") + bytes(MOST_BYTES))
    await files.work()
    assert files.row(media_id)["status"] == "failed" and "larger than" in files.row(media_id)["error"]
    assert not files.kept()


async def test_a_file_that_grows_past_the_limit_on_its_way_is_dropped(files: Files) -> None:
    """Neither its announced size nor its header said so."""
    media_id = files.receive(Media("1", "image", "image/jpeg"))

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(100_000)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == FILE_SERVER:
            return httpx.Response(200, content=endless())
        return httpx.Response(200, json={"url": f"https://{FILE_SERVER}/x"})

    transport(files.channel, answer)
    await files.work()
    assert files.row(media_id)["status"] == "failed" and not files.kept()


async def test_an_address_that_has_run_out_is_asked_for_again(files: Files) -> None:
    content, asked = picture(), []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == FILE_SERVER:
            return httpx.Response(200, content=content) if request.url.path == "/2" else httpx.Response(404)
        return httpx.Response(200, json={"url": f"https://{FILE_SERVER}/{sum(h != FILE_SERVER for h in asked)}"})

    transport(files.channel, answer)
    media_id = files.receive(Media("1", "image", "image/jpeg"))
    await files.work()
    assert files.row(media_id)["status"] == "ready" and asked == ["127.0.0.1", FILE_SERVER] * 2


async def test_the_token_never_follows_a_redirect_to_another_host(files: Files) -> None:
    seen: dict[str, str | None] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("Authorization")
        if request.url.host == FILE_SERVER:
            return httpx.Response(302, headers={"Location": "https://cdn.example.com/file"})
        if request.url.host == "cdn.example.com":
            return httpx.Response(200, content=picture())
        return httpx.Response(200, json={"url": f"https://{FILE_SERVER}/x"})

    transport(files.channel, answer)
    media_id = files.receive(Media("1", "image", "image/jpeg"))
    await files.work()
    assert files.row(media_id)["status"] == "ready"
    assert seen == {"127.0.0.1": f"Bearer {TOKEN}", FILE_SERVER: f"Bearer {TOKEN}", "cdn.example.com": None}


@pytest.mark.parametrize("address", ["http://lookaside.fbsbx.com/x", "http://127.0.0.1:1/x", "ftp://a/b", "file:///x"])
async def test_an_address_in_clear_text_is_not_followed(files: Files, address: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"url": address})

    transport(files.channel, answer)
    media_id = files.receive(Media("1", "image", "image/jpeg"))
    await files.work()
    assert files.row(media_id)["status"] == "pending" and len(asked) == 1


@pytest.mark.parametrize("provider_id", ["a\x08b", "../me", "x?y=1#z", "\u20ac" * 300, "a b"])
async def test_an_id_of_any_characters_is_asked_for_as_it_is(files: Files, provider_id: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(unquote(request.url.raw_path.decode().partition("?")[0]).removeprefix("/v23.0/"))
        return httpx.Response(200, json={"url": "https://example.com/\x01"})

    transport(files.channel, answer)
    media_id = files.receive(Media(provider_id, "image", "image/jpeg"))
    await files.work()
    assert asked == [provider_id]
    row = files.row(media_id)
    assert row["status"] == "pending" and "address" in row["error"]


async def test_a_file_that_was_damaged_on_the_way_is_fetched_again(files: Files) -> None:
    content, answers = picture(), [picture(size=(1, 1)), picture()]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == FILE_SERVER:
            return httpx.Response(200, content=answers.pop(0))
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return httpx.Response(200, json={"url": f"https://{FILE_SERVER}/x", "sha256": digest})

    transport(files.channel, answer)
    media_id = files.receive(Media("1", "image", "image/jpeg"))
    await files.work()
    assert (files.row(media_id)["status"], files.kept()) == ("pending", [])
    files.bridge.clock.now += 60
    await files.work()
    assert files.row(media_id)["status"] == "ready" and files.bytes_of(media_id) == content


async def test_pauses_grow_until_whatsapp_has_forgotten_the_file(files: Files) -> None:
    transport(files.channel, lambda request: httpx.Response(500, text="<html>no</html>"))
    media_id = files.receive(Media("1", "image", "image/jpeg"))
    pauses = []
    for _ in range(1000):
        await files.work()
        row = files.row(media_id)
        if row["status"] == "failed":
            break
        pauses.append(row["next_try_at"] - files.bridge.clock.now)
        files.bridge.clock.now = row["next_try_at"]
    assert pauses[0] < 5 and max(pauses) > 1000 and pauses[-1] <= media.LONGEST_PAUSE
    lived = files.bridge.clock.now - row["created_at"]
    assert media.KEPT_SECONDS - media.LONGEST_PAUSE <= lived <= media.KEPT_SECONDS
    assert row["error"] == media.TOO_LATE


async def test_an_expired_token_is_the_operators_to_mend_and_the_file_waits(files: Files) -> None:
    refused = {"error": {"code": 190, "message": "expired"}}
    transport(files.channel, lambda request: httpx.Response(401, json=refused))
    media_id = files.receive(Media("1", "image", "image/jpeg"))
    with capture_logs() as logs:
        await files.work()
    assert files.row(media_id)["status"] == "pending"
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["baton.operator_needed"]


async def test_a_full_disk_is_tried_again(files: Files, tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file where the folder should be")
    media_id = await files.sent(picture())
    with capture_logs() as logs:
        await files.work()
    assert next(line["event"] for line in logs if line["log_level"] == "error") == "baton.media_store_failed"
    assert files.row(media_id)["status"] == "pending"
    (tmp_path / "media").unlink()
    files.bridge.clock.now += media.CLAIM_SECONDS + 1
    await files.work(files.server("server-2"))
    assert files.row(media_id)["status"] == "ready"


async def test_what_a_server_had_taken_when_it_died_is_taken_by_another(files: Files) -> None:
    media_id = await files.sent(picture())
    database = files.bridge.database
    (taken,) = await database.write(media.claim, "server-1", files.bridge.clock(), 10)
    await files.work(files.server("server-2"))
    assert files.row(media_id)["status"] == "loading"
    await database.write(media.release_claims_of, lambda names: [name for name in names if name == "server-1"])
    await files.work(files.server("server-2"))
    assert files.row(media_id)["status"] == "ready"
    await files.downloader.handle(taken)  # it was not dead after all: its result changes nothing
    assert files.row(media_id)["claimed_by"] is None


async def test_a_claim_that_is_never_given_back_runs_out(files: Files) -> None:
    media_id = await files.sent(picture())
    await files.bridge.database.write(media.claim, "gone", files.bridge.clock(), 10)
    files.bridge.clock.now += media.CLAIM_SECONDS
    await files.work()
    assert files.row(media_id)["status"] == "ready"


async def test_a_message_that_comes_twice_has_one_file(files: Files) -> None:
    message = files.bridge.inbound(None, kind="image", media=Media("1", "image"))
    assert files.bridge.accept(message) and files.bridge.accept(message) is None
    assert len(files.bridge.rows(tables.media)) == 1


async def test_agents_are_told_when_a_handoff_is_there_and_only_then(files: Files) -> None:
    await files.sent(picture())
    await files.work()
    conversation_id = files.bridge.receive("a person please")
    assert not files.bridge.told(conversation_id, protocol.MEDIA_CHANGED)
    server = files.bridge.server()
    files.bridge.settle(server)
    assert files.bridge.row(conversation_id)["owner"] == "human"
    media_id = await files.sent(picture("PNG"), "image/png")
    files.bridge.settle(server)
    (shown,) = files.bridge.told(conversation_id, protocol.CUSTOMER_MESSAGE)
    assert shown["media"]["id"] == media_id and shown["media"]["status"] == "pending"
    await files.work()
    (told,) = files.bridge.told(conversation_id, protocol.MEDIA_CHANGED)
    assert (told["message_id"], told["media"]["status"]) == (shown["message_id"], "ready")


async def test_a_file_of_a_deleted_message_is_removed_even_while_it_is_fetched(files: Files) -> None:
    first = await files.sent(picture())
    await files.work()
    assert files.kept()
    second = await files.sent(picture())
    (taken,) = await files.bridge.database.write(media.claim, "server-1", files.bridge.clock(), 10)
    for media_id in (first, second):
        row = files.row(media_id)
        await files.bridge.database.write(media.forget, row["number"], row["message_id"])
    await files.downloader.handle(taken)  # its download ends now
    await files.work()
    assert not files.kept()
    assert {files.row(media_id)["status"] for media_id in (first, second)} == {"deleted"}


async def test_files_may_be_kept_at_any_address_that_fsspec_knows() -> None:
    store = MediaStore("memory://files")
    async with store.writing("a/b") as write:
        await write(b"hello ")
        await write(b"world")
    assert b"".join([chunk async for chunk in store.read("a/b", 3, 8)]) == b"lo wo"
    await store.delete("a/b")
    await store.delete("a/b")
    with pytest.raises(FileNotFoundError):
        _ = [chunk async for chunk in store.read("a/b", 0, 1)]


def test_an_address_that_cannot_be_opened_is_named_at_start() -> None:
    with pytest.raises(SettingsError, match="MEDIA_STORE is 'nowhere://x'"):
        MediaStore("nowhere://x")


@pytest.mark.parametrize("value", [None, 7, "", "xyz", "ab" * 31, base64.b64encode(b"short").decode()])
def test_a_digest_that_cannot_be_read_is_none(value: Any) -> None:
    assert hex_digest(value) is None
