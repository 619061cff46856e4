"""A Redis server of its own, on a free port, that keeps nothing on disk."""

from __future__ import annotations

import socket
import subprocess
import tempfile

from tests.support.ports import free_ports
from tests.support.waiting import wait_until


class Redis:
    def __init__(self, program: str) -> None:
        self.program = program
        (self.port,) = free_ports(1)
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = tempfile.TemporaryDirectory(prefix="baton-redis-")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder.name]
        self.process = subprocess.Popen([self.program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        wait_until("redis-server listens", self._listens)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def remove(self) -> None:
        self.stop()
        self.folder.cleanup()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
