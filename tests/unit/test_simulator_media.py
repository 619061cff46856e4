"""The simulator's media: upload, information, download, removal, and messages that name what was uploaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, AsyncIterator

import httpx
import pytest
import pytest_asyncio
from pywa_async.client import WhatsApp
from pywa_async.errors import WhatsAppError

from connectors.simulator.media import MB, TYPES
from tests.unit.simulator_rig import NUMBER, TOKEN, Receiver, Rig, receiving, running

PDF = b"%PDF-1.7\nan invoice"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
MINUTE = 60


@pytest_asyncio.fixture
async def rig(tmp_path: Any) -> AsyncIterator[Rig]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig:
        await rig.customer()
        yield rig


async def upload(
    rig: Rig, content: bytes = PDF, kind: str = "application/pdf", *, number: str = NUMBER, **other: Any
) -> httpx.Response:
    fields = {"messaging_product": "whatsapp", "type": kind, **other.pop("fields", {})}
    files = other.pop("files", {"file": ("invoice.pdf", content, kind)})
    headers = other.pop("headers", AUTH)
    data = {name: value for name, value in fields.items() if value is not None}
    return await rig.http.post(f"/v23.0/{number}/media", data=data, files=files, headers=headers)


async def uploaded(rig: Rig, *args: Any) -> str:
    answer = await upload(rig, *args)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def document(**part: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": "+447700900123", "type": "document", "document": part}


def code_of(answer: httpx.Response) -> int:
    return int(answer.json()["error"]["code"])


async def test_a_file_is_uploaded_described_downloaded_and_removed(rig: Rig) -> None:
    media_id = await uploaded(rig)
    assert media_id.isdigit()
    about = (await rig.http.get(f"/v23.0/{media_id}", headers=AUTH)).json()
    assert (about["messaging_product"], about["mime_type"], about["file_size"]) == (
        "whatsapp", "application/pdf", len(PDF),
    )  # fmt: skip
    assert about["id"] == media_id and len(about["sha256"]) == 64
    file = await rig.http.get(about["url"], headers=AUTH)
    assert (file.content, file.headers["content-type"]) == (PDF, "application/pdf")
    assert (await rig.http.delete(f"/v23.0/{media_id}", headers=AUTH)).json() == {"success": True}
    assert code_of(await rig.http.get(f"/v23.0/{media_id}", headers=AUTH)) == 100
    assert (await rig.http.get(about["url"], headers=AUTH)).status_code == 404


async def test_an_address_needs_the_token_and_lives_five_minutes(rig: Rig) -> None:
    media_id = await uploaded(rig)
    url = (await rig.http.get(f"/v23.0/{media_id}", headers=AUTH)).json()["url"]
    assert (await rig.http.get(url)).status_code == 401
    assert (await rig.http.get(url, headers={"Authorization": "Bearer wrong"})).status_code == 401
    assert (await rig.http.get(f"{url}0", headers=AUTH)).status_code == 404
    assert (await rig.http.get(url.replace("ext=1", "ext=9"), headers=AUTH)).status_code == 404
    await rig.control("POST", "clock", {"advance": 5 * MINUTE + 1})
    assert (await rig.http.get(url, headers=AUTH)).status_code == 404
    again = (await rig.http.get(f"/v23.0/{media_id}", headers=AUTH)).json()["url"]
    assert (await rig.http.get(again, headers=AUTH)).content == PDF


async def test_a_file_is_forgotten_after_thirty_days(rig: Rig) -> None:
    media_id = await uploaded(rig)
    await rig.control("POST", "clock", {"advance": 30 * 24 * 3600 + 1})
    assert code_of(await rig.http.get(f"/v23.0/{media_id}", headers=AUTH)) == 100
    await rig.say("hi")
    assert code_of(await rig.graph(document(id=media_id))) == 131009


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (100, {"fields": {"messaging_product": None}}),
        (100, {"fields": {"messaging_product": "telegram"}}),
        (100, {"files": {"other": ("a.pdf", PDF, "application/pdf")}}),
        (100, {"kind": "text/html"}),
        (100, {"kind": "application/octet-stream"}),
        (100, {"content": b""}),
        (131053, {"content": b"plain words"}),
        (100, {"number": "100000000000999"}),
        (100, {"content": b"x" * (5 * MB + 1), "kind": "image/png"}),
        (104, {"headers": {}}),
        (190, {"headers": {"Authorization": "Bearer wrong"}}),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_an_upload_is_refused_with_metas_code(rig: Rig, code: int, change: dict[str, Any]) -> None:
    answer = await upload(rig, **change)
    assert code_of(answer) == code
    assert answer.status_code == (401 if code in (104, 190) else 400)
    assert list((await rig.control("GET", "sent"))["messages"]) == []


async def test_a_body_that_is_no_form_is_refused(rig: Rig) -> None:
    assert code_of(await rig.http.post(f"/v23.0/{NUMBER}/media", json={"file": "x"}, headers=AUTH)) == 100


async def test_limits_are_those_of_the_kind(rig: Rig) -> None:
    assert TYPES["application/pdf"] == ("document", 100 * MB)
    await uploaded(rig, b"%PDF-" + bytes(6 * MB))
    await uploaded(rig, bytes(5 * MB), "image/png")


async def test_a_message_with_an_uploaded_document_shows_its_size_and_type(rig: Rig) -> None:
    media_id = await uploaded(rig)
    answer = await rig.graph(document(id=media_id, filename="invoice-1042.pdf", caption="Here"))
    assert answer.status_code == 200
    (message,) = await rig.thread()
    assert message["media"] == {"id": media_id, "mime_type": "application/pdf", "size": len(PDF)}
    assert message["text"] == "[invoice-1042.pdf]\nHere"
    opened = await rig.http.get(f"/files/{media_id}")
    assert opened.content == PDF and opened.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (131009, {"id": "900010"}),
        (131009, {"id": 900010}),
        (131008, {"id": ""}),
        (131008, {"filename": "a.pdf"}),
        (100, {"id": "900010", "link": "https://example.com/a.pdf"}),
        (100, {"link": "https://example.com/a.pdf", "filename": "x" * 241}),
        (100, {"link": "https://example.com/a.pdf", "filename": 5}),
        (100, {"link": "https://example.com/a.pdf", "caption": "c" * 1025}),
        (131009, {"link": "ftp://example.com/a.pdf"}),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_a_document_that_is_wrong_is_refused(rig: Rig, code: int, part: dict[str, Any]) -> None:
    assert code_of(await rig.graph(document(**part))) == code
    assert await rig.thread() == []


async def test_media_belong_to_the_number_they_were_uploaded_for_and_to_their_kind(rig: Rig) -> None:
    await rig.customer("447700900555", number="100000000000777")
    media_id = str((await upload(rig, number="100000000000777")).json()["id"])
    assert code_of(await rig.graph(document(id=media_id))) == 131009
    wrong = {"messaging_product": "whatsapp", "to": "+447700900123", "type": "image"}
    assert code_of(await rig.graph({**wrong, "image": {"id": await uploaded(rig)}})) == 131053


async def test_files_outlive_a_restart_and_a_reset_forgets_them(tmp_path: Path) -> None:
    receiver = Receiver("http://127.0.0.1:1/webhook")
    async with running(tmp_path, receiver) as rig:
        media_id = await uploaded(rig)
    async with running(tmp_path, receiver) as rig:
        assert (await rig.http.get(f"/files/{media_id}")).content == PDF
        await rig.control("POST", "reset")
        assert (await rig.http.get(f"/files/{media_id}")).status_code == 404
    assert list((tmp_path / "simulator-media").iterdir()) == []


async def test_faults_can_be_for_one_kind_of_call_only(rig: Rig) -> None:
    await rig.control("PUT", "faults", {"graph": {"status": 500, "only": "media"}})
    assert (await upload(rig)).status_code == 500
    await rig.send()
    await rig.control("PUT", "faults", {"graph": {"status": 500, "only": "messages"}})
    await uploaded(rig)
    assert (await rig.graph({})).status_code == 500
    await rig.control("PUT", "faults", {"graph": {"status": 500, "only": "calls"}}, status=400)


async def test_the_log_of_calls_has_the_upload_without_its_bytes(rig: Rig) -> None:
    await uploaded(rig)
    (call,) = (await rig.control("GET", "requests"))["requests"]
    assert call["body"] == {
        "messaging_product": "whatsapp", "type": "application/pdf", "filename": "invoice.pdf",
        "content_type": "application/pdf", "size": len(PDF),
    }  # fmt: skip


async def test_pywas_own_client_uploads_downloads_sends_and_deletes(rig: Rig, tmp_path: Path) -> None:
    async with httpx.AsyncClient() as session:
        client = WhatsApp(phone_id=NUMBER, token=TOKEN, session=session, api_version="23.0")
        session.base_url = httpx.URL(f"{rig.address}/v23.0")
        media = await client.upload_media(PDF, mime_type="application/pdf", filename="invoice-1042.pdf")
        address = await client.get_media_url(media.id)
        assert address.mime_type == "application/pdf" and int(address.file_size) == len(PDF)
        assert await client.get_media_bytes(address.url) == PDF
        saved = await client.download_media(url=address.url, path=tmp_path)
        assert (saved.name, saved.read_bytes()) == ("invoice-1042.pdf", PDF)
        await client.send_document(to="447700900123", document=media.id, filename="invoice-1042.pdf", caption="Here")
        assert (await rig.thread())[0]["media"]["id"] == media.id
        await client.delete_media(media.id)
        with pytest.raises(WhatsAppError) as caught:
            await client.get_media_url(media.id)
        assert caught.value.code == 100


async def test_a_still_sticker_is_smaller_than_one_that_moves(rig: Rig) -> None:
    still = b"RIFF\x20\x00\x00\x00WEBPVP8 " + b"x" * 150 * 1024
    moving = b"RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02" + b"x" * 150 * 1024
    assert code_of(await upload(rig, still, "image/webp")) == 100
    assert (await upload(rig, moving, "image/webp")).status_code == 200


async def test_a_voice_note_is_ogg(rig: Rig) -> None:
    for kind, code in (("audio/mpeg", 131053), ("audio/ogg", None)):
        media_id = await uploaded(rig, b"sound", kind)
        audio = {"messaging_product": "whatsapp", "to": "+447700900123", "type": "audio"}
        answer = await rig.graph({**audio, "audio": {"id": media_id, "voice": True}})
        assert answer.json().get("error", {}).get("code") == code
