"""`make run`'s launcher, as a person uses it: started, stopped with Ctrl-C, refused a port."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import httpx
import pytest

from tests.support.ports import free_ports
from tests.support.stack import OURS, PORTS
from tests.support.waiting import wait_until

COMMAND = [sys.executable, "-m", "handoff.launch"]
READY_SECONDS = 180
STOP_SECONDS = 12


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A new user's environment, on free ports."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    return {**inherited, **ports, "BATON_VAR": str(tmp_path / "var")}


@pytest.fixture
def launched(model: Path, environ: dict[str, str], tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The launcher in a process group of its own, as a shell would start it, and its log."""
    log = tmp_path / "launch.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            COMMAND, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    yield process, log
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS * 2)


def test_it_says_when_all_is_ready_and_ctrl_c_leaves_no_process(
    launched: tuple[subprocess.Popen[bytes], Path], environ: dict[str, str]
) -> None:
    process, log = launched
    running = "Baton is running"
    wait_until(running, lambda: running in log.read_text() or process.poll() is not None, READY_SECONDS, log.read_text)
    text = log.read_text()
    for name in ("SIMULATOR_PORT", "DESK_PORT"):
        address = f"http://127.0.0.1:{environ[name]}/"
        assert address in text
        assert httpx.get(address, follow_redirects=True).status_code == 200
    assert "sam" in text and "marigold-demo" in text
    children = [int(pid) for pid in re.findall(r"started \(pid=(\d+)\)", text)]
    assert len(children) == 4

    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(STOP_SECONDS) == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_a_taken_port_is_named_and_nothing_is_started(model: Path, environ: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environ["DESK_PORT"])))
        other.listen()
        done = subprocess.run(COMMAND, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert environ["DESK_PORT"] in done.stderr
    assert "DESK_PORT" in done.stderr
    assert "started" not in done.stdout
