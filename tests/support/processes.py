"""One real process of a stack: started, watched, killed, started again, its log kept."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from pathlib import Path
from typing import Mapping

import httpx

from handoff.services import Service


class ServiceProcess:
    def __init__(self, service: Service, environ: Mapping[str, str], log: Path) -> None:
        self.service = service
        self.environ = dict(environ)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.service.command,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Whether it answers. A process that has ended will never be ready, and is reported at once.

        Raises:
            AssertionError: it is not running.
        """
        if not self.alive:
            status = self.process.returncode if self.process else "never started"
            raise AssertionError(f"{self.service.name} is not running (status {status}):\n{self.last_lines()}")
        try:
            return httpx.get(self.service.ready_url, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def signal(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process and to all it started."""
        if self.process and self.alive:
            os.killpg(self.process.pid, number)

    def end(self, seconds: float = 10) -> None:
        """Wait for a process that was asked to stop; after ``seconds`` it is killed."""
        if not self.process:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.process.wait(10)

    def last_lines(self, count: int = 60, offset: int = 0) -> str:
        """The end of its log, from byte ``offset`` on."""
        if not self.log.exists():
            return ""
        with self.log.open(errors="replace") as lines:
            lines.seek(offset)
            return "".join(deque(lines, maxlen=count))

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0
