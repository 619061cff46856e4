"""The escalation audit against the real assistant: open and closed, and without a desk."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.support.backends import SqliteBackend
from tests.support.stack import Stack

ROOT = Path(__file__).resolve().parents[2]


def closed_for_days() -> str:
    """A handoff.yml by which nobody is there now, whenever this runs, nor tomorrow."""
    today = date.today()
    return f"""
version: 1
hours:
  time_zone: Europe/London
  open: {{mon-sun: "00:00-24:00"}}
  holidays: [{{from: {today - timedelta(days=1)}, to: {today + timedelta(days=2)}}}]
"""


def audit(stack: Stack, *options: str, token: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "handoff", "audit", "--simulator", stack.url("simulator"), *options]
    environ = {**stack.environ, "AUDIT_DESK_TOKEN": token}
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True)


def desk_of(stack: Stack) -> tuple[list[str], str]:
    token = stack.agent().api.headers["Authorization"].removeprefix("Bearer ")
    return ["--desk", stack.url("desk")], token


@pytest.fixture
def seed() -> str:
    seed = os.environ.get("AUDIT_SEED") or str(random.randrange(10**6))
    print(f"AUDIT_SEED={seed}")
    return seed


def test_asking_for_a_person_leads_to_one_from_everywhere(stack: Stack, seed: str) -> None:
    desk, token = desk_of(stack)
    done = audit(stack, "--ways", "1", "--seed", seed, *desk, token=token)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_does_when_the_desk_is_closed_and_when_it_is_away(model: Path, tmp_path: Path, seed: str) -> None:
    (tmp_path / "closed.yml").write_text(closed_for_days())
    stack = Stack(model, tmp_path, SqliteBackend(tmp_path), environ={"HANDOFF_FILE": str(tmp_path / "closed.yml")})
    stack.start()
    try:
        desk, token = desk_of(stack)
        done = audit(stack, "--ways", "1", "--seed", seed, *desk, token=token)
        assert done.returncode == 0, done.stdout + done.stderr
        assert any("We are closed now and open again" in message["text"] for message in stack.sent())
        stack.kill("desk", signal.SIGKILL)
        done = audit(stack, "--ways", "1", "--seed", seed, "--only", "asked")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        stack.stop()


@pytest.mark.long
def test_every_way_of_asking_leads_to_a_person_from_everywhere(stack: Stack) -> None:
    desk, token = desk_of(stack)
    done = audit(stack, *desk, token=token)
    assert done.returncode == 0, done.stdout + done.stderr
