"""Processes are killed at random moments under load; nothing is lost, and nothing is applied twice."""

from __future__ import annotations

import random
import signal
import time
from typing import Sequence

import pytest

from tests.support.faults import LONG, Traffic, settle_and_check

pytestmark = pytest.mark.chaos

KILLS = 20 if LONG else 2
MESSAGES = None if LONG else 150  # None: customers write until the last kill


def interrupt_at_random(traffic: Traffic, names: Sequence[str], number: int, times: int) -> None:
    dice = random.Random(traffic.seed)
    for time_number in range(1, times + 1):
        for name in names:
            moment = dice.uniform(0.5, 4.0)
            time.sleep(moment)  # the fault is that it happens at any moment
            traffic.stack.restart(name, number)
            print(f"{name} ended by {signal.Signals(number).name} {time_number}/{times}, after {moment:.2f} s")


@pytest.mark.parametrize("names", [["rasa"], ["desk", "actions"]], ids=" and ".join)
def test_nothing_is_lost_or_doubled_when_a_process_is_killed(traffic: Traffic, names: list[str]) -> None:
    with traffic.running(MESSAGES):
        interrupt_at_random(traffic, names, signal.SIGKILL, KILLS)
    settle_and_check(traffic, f"{KILLS} kills of {' and '.join(names)}")


def test_nothing_is_lost_or_doubled_when_rasa_is_asked_to_stop_under_load(traffic: Traffic) -> None:
    with traffic.running(MESSAGES):
        interrupt_at_random(traffic, ["rasa"], signal.SIGTERM, 1)
    figures = settle_and_check(traffic, "SIGTERM")
    assert figures.duplicates == 0, "whoever is asked to stop finishes what it is sending"
