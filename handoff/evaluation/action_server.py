"""An action server of its own for an evaluation: fresh shop, free port, gone at the end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Iterator, Mapping

import httpx

from handoff.services import QUIET

_PATIENCE_SECONDS = 60.0
# What would make the outcome depend on the hour, on a desk, or on somebody's real shop.
_NOT_INHERITED = ("HANDOFF_SECRET", "DESK_URL", "DATABASE_URL", "SHOP_API_URL")


class ActionServerFailed(Exception):
    """The action server did not start; carries the end of what it wrote."""


@contextmanager
def running_actions(root: Path = Path(), environ: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """The address of a running action server with the project's actions and a shop that nobody has bought from yet.
    ``environ`` is what it is told besides.

    Raises:
        ActionServerFailed: it ended, or does not answer in time.
    """
    with TemporaryDirectory(prefix="evaluation-") as folder:
        port = _free_port()
        log = Path(folder) / "actions.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "actions", "--port", str(port)],
                cwd=root,
                env={**_environ(folder), **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _environ(var: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return {**inherited, **QUIET, "BATON_VAR": var, "SANIC_HOST": "127.0.0.1"}


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/health", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise ActionServerFailed(f"The action server does not answer:\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
