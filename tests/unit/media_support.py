"""What the tests of customers' files share: small files of each kind, and a downloader over the real simulator."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
from pathlib import Path
from typing import Any, AsyncIterator

import httpx
from PIL import Image

from connectors.whatsapp_client import WhatsAppChannel
from handoff import media
from handoff.channel import Media
from handoff.media_downloader import MediaDownloader
from handoff.media_store import MediaStore
from tests.support.bridge_rig import Rig as BridgeRig
from tests.unit.simulator_rig import NUMBER, TOKEN, Rig, receiving, running
from tests.unit.whatsapp_support import settings

MOST_BYTES = 1_000_000
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead" + bytes(300)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(300)
MP3 = b"ID3\x03\x00" + bytes(300)
PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return file.getvalue()


class Files:
    """A bridge without Rasa, the real simulator, and a downloader between the two."""

    def __init__(self, bridge: BridgeRig, simulator: Rig, folder: Path) -> None:
        self.bridge = bridge
        self.simulator = simulator
        self.folder = folder
        of = dataclasses.replace(settings(simulator.address), access_token=TOKEN)
        self.channel = WhatsAppChannel(of)
        self.store = MediaStore(str(folder))
        self.downloader = self.server("server-1")

    def server(self, name: str) -> MediaDownloader:
        return MediaDownloader(
            self.bridge.database, self.channel, self.store, name, self.bridge.clock, MOST_BYTES  # type: ignore[arg-type]
        )  # fmt: skip

    async def upload(self, content: bytes, kind: str = "image/jpeg") -> str:
        """A file that the simulator has; returns its id."""
        answer = await self.simulator.http.post(
            f"/v23.0/{NUMBER}/media",
            data={"messaging_product": "whatsapp", "type": kind},
            files={"file": ("a", content, kind)},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def sent(self, content: bytes, kind: str = "image/jpeg", *, declared: str | None = None, **more: Any) -> str:
        """A customer sends this file; returns the id of its row."""
        provider_id = await self.upload(content, kind)
        digest = more.pop("sha256", hashlib.sha256(content).hexdigest())
        file = Media(provider_id, more.pop("as_kind", kind.partition("/")[0]), declared or kind, digest, **more)
        return self.receive(file)

    def receive(self, file: Media) -> str:
        message = self.bridge.inbound(None, kind=file.kind, media=file)
        assert self.bridge.accept(message) is not None
        return media.id_of(message)

    async def work(self, server: MediaDownloader | None = None) -> None:
        """Let the downloader do what is due now."""
        server = server or self.downloader
        for claimed in await server.database.write(media.claim, server.server, self.bridge.clock(), 10):
            await server.handle(claimed)

    def row(self, media_id: str) -> Any:
        return self.bridge.database.read_now(lambda connection: media.find(connection, media_id))

    def bytes_of(self, media_id: str) -> bytes:
        row = self.row(media_id)
        return (self.folder / media.key_of(row["conversation_id"], media_id)).read_bytes()

    def kept(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@contextlib.asynccontextmanager
async def files_around(bridge: BridgeRig, folder: Path) -> AsyncIterator[Files]:
    async with receiving() as receiver, running(folder / "simulator", receiver) as simulator:
        files = Files(bridge, simulator, folder / "media")
        try:
            yield files
        finally:
            await files.channel.close()


def transport(channel: WhatsAppChannel, handler: Any) -> None:
    """Let ``handler`` answer in the place of the network."""
    channel._lines.find("").media._session = httpx.AsyncClient(transport=httpx.MockTransport(handler))
