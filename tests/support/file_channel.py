"""A customer's channel for a dispatcher in a process of its own: it writes what it was given to a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, Mapping, Sequence

from handoff.channel import Address, Rendered

FOLDER = "FILE_CHANNEL_FOLDER"


class FileChannel:
    """``began`` has the ids of the messages whose sending began, ``sent`` of those that it finished, ``read`` what was
    acknowledged. While the file ``hold`` is there, sending does not finish."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def render(self, responses: Sequence[Mapping[str, Any]], number: str = "") -> list[Rendered]:
        return [Rendered(response, str(response.get("text"))) for response in responses]

    async def deliver(self, to: Address, payload: Mapping[str, Any], *, outbox_id: str) -> str:
        self._note("began", outbox_id)
        while (self.folder / "hold").exists():  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(0.01)
        self._note("sent", outbox_id)
        return f"wamid.{outbox_id}"

    def per_second(self, number: str) -> float:
        return 80.0

    async def acknowledge(self, number: str, message_id: str) -> None:
        self._note("read", f"{number} {message_id}")

    async def close(self) -> None:
        """Nothing is open."""

    def _note(self, name: str, line: str) -> None:
        with (self.folder / name).open("a") as file:
            file.write(f"{line} {os.getpid()}\n")


def make() -> FileChannel:
    return FileChannel(Path(os.environ[FOLDER]))
