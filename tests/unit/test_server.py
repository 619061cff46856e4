"""Names of servers: which of them are surely gone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from handoff import server


def test_an_earlier_life_with_the_same_process_id_is_gone_and_a_running_process_is_not() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    mine, dead = server.new_name(), f"{server.place()}/{ended.pid}/aaaaaaaa"
    running = f"{server.place()}/{os.getppid()}/bbbbbbbb"
    assert server.gone([mine, dead, running]) == [mine, dead]


def test_another_container_with_the_same_host_name_and_process_id_is_not_taken_for_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    theirs = server.new_name()
    server.place.cache_clear()
    monkeypatch.setattr(os, "readlink", lambda _path: "pid:[another container]")
    ours = server.new_name()
    assert theirs.partition(".")[0] == ours.partition(".")[0], "the host's name is the same"
    assert server.gone([theirs, ours]) == [ours]
    server.place.cache_clear()


def test_no_two_lives_share_a_name() -> None:
    assert len({server.new_name() for _ in range(100)}) == 100
