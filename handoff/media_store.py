"""Where customers' files are kept: any address that fsspec knows, a folder by default. Never blocks an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any, AsyncIterator, Awaitable, Callable

import fsspec  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from handoff.settings import SettingsError

READ_BYTES = 256 * 1024

Write = Callable[[bytes], Awaitable[None]]


class MediaStore:
    """Files by key. A key is made of ids of our own; nothing that a customer chose is in it.

    What is in the store counts only once its row in the database says so: a file that was half written when its server
    died is written again, in the same place.
    """

    def __init__(self, address: str) -> None:
        """Raises SettingsError when nothing here can open this address."""
        try:
            self._files, root = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise SettingsError([f"MEDIA_STORE is '{address}', which cannot be opened: {error}"]) from error
        self._root = root.rstrip("/")
        if isinstance(self._files, LocalFileSystem):
            self._files.auto_mkdir = True

    @contextlib.asynccontextmanager
    async def writing(self, key: str) -> AsyncIterator[Write]:
        """A new file under ``key``, in the place of one that is there. It is removed again if the block fails.

        Raises:
            OSError: it cannot be written.
        """
        file = await asyncio.to_thread(self._files.open, self._path(key), "wb")

        async def write(chunk: bytes) -> None:
            await asyncio.to_thread(file.write, chunk)

        try:
            yield write
            await asyncio.to_thread(_close, file)
        except BaseException:
            with contextlib.suppress(Exception):
                await asyncio.to_thread(file.close)
            with contextlib.suppress(Exception):
                await self.delete(key)
            raise

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``.

        Raises:
            OSError: it cannot be read.
        """
        file = await asyncio.to_thread(self._files.open, self._path(key), "rb")
        try:
            await asyncio.to_thread(file.seek, start)
            left = end - start
            while left > 0:
                chunk = await asyncio.to_thread(file.read, min(left, READ_BYTES))
                if not chunk:
                    raise OSError("The file is shorter than it was.")
                left -= len(chunk)
                yield chunk
        finally:
            await asyncio.to_thread(file.close)

    async def delete(self, key: str) -> None:
        """Remove a file; none is there afterwards, nor need one have been.

        Raises:
            OSError: it cannot be removed.
        """
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(self._files.rm_file, self._path(key))

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def _close(file: Any) -> None:
    """What the database is told is kept has to survive a power cut, as the database does."""
    file.flush()
    with contextlib.suppress(AttributeError, OSError, ValueError):  # not a file of this machine
        os.fsync(file.fileno())
    file.close()
