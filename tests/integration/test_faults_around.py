"""The database is away, WhatsApp delivers webhooks badly, the Graph API fails: nothing is lost or applied twice."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.faults import LONG, Traffic, settle_and_check

pytestmark = pytest.mark.chaos

AWAY_SECONDS = 10
MESSAGES = 600 if LONG else 120

GRAPH_FAULTS: dict[str, dict[str, Any]] = {
    "answers 500": {"status": 500, "rate": 0.3},
    "answers 429": {"status": 429, "code": 130429, "rate": 0.3},
    "hangs": {"hang_seconds": 20, "rate": 0.05},  # longer than we wait for an answer
    "accepts and drops the answer": {"drop_answer_rate": 0.2},
}


def test_nothing_is_lost_or_doubled_when_the_database_is_away(traffic: Traffic) -> None:
    with traffic.running(AWAY_SECONDS * 10 + 50):
        time.sleep(2)  # in the middle of the traffic
        with traffic.stack.backend.away():
            time.sleep(AWAY_SECONDS)  # that long is the fault
    settle_and_check(traffic, f"database away for {AWAY_SECONDS} s")


def test_nothing_is_lost_or_doubled_when_webhooks_come_three_times_and_shuffled(traffic: Traffic) -> None:
    traffic.stack.faults(webhook={"duplicate": 3, "shuffle": True, "shuffle_seconds": 1.0}, seed=traffic.seed)
    with traffic.running(MESSAGES):
        pass
    settle_and_check(traffic, "webhooks three times and shuffled", in_order=False)


def test_nothing_is_lost_or_doubled_when_the_graph_api_fails_in_every_way(traffic: Traffic) -> None:
    """An error says that nothing was sent; where no answer comes, a status tells soon whether anything was."""
    phases = [faults for faults in GRAPH_FAULTS.values() for _ in range(3 if LONG else 1)]
    with traffic.running(20 * len(phases)):
        for number, faults in enumerate(phases):
            traffic.stack.faults(graph=faults, seed=traffic.seed + number)
            time.sleep(2.0)  # that long is the fault
        traffic.stack.clear_faults()
    settle_and_check(traffic, "Graph API fails in every way")


@pytest.mark.long
@pytest.mark.parametrize("fault", GRAPH_FAULTS)
def test_nothing_is_lost_when_the_graph_api(traffic: Traffic, fault: str) -> None:
    traffic.stack.faults(graph=GRAPH_FAULTS[fault], seed=traffic.seed)
    with traffic.running(MESSAGES):
        pass
    figures = settle_and_check(traffic, f"Graph API {fault}")
    if fault.startswith("answers"):
        assert figures.duplicates == 0, "an error says that nothing was sent"


def test_a_dropped_answer_whose_status_never_comes_is_the_one_duplicate(traffic: Traffic) -> None:
    """WhatsApp has no idempotency key: what was accepted, and never confirmed in any way, is sent a second time."""
    webhook = {"drop_statuses": True}
    traffic.stack.faults(graph={"drop_answer_rate": 0.3}, webhook=webhook, seed=traffic.seed)
    with traffic.running(MESSAGES if LONG else 30):
        pass
    figures = settle_and_check(traffic, "answers dropped, statuses lost")
    assert 0 < figures.duplicates <= figures.sends_without_answer
