"""The floor as a state machine: random interleavings of everything that can happen, over the real `Floor`."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from handoff.floor import BOT, HUMAN, Floor, StaleFloor
from tests.support.floor_model import play_many

SHORT = 50_000
LONG = 1_000_000
PIECE = 10_000


def test_nobody_speaks_without_the_floor_in_50000_interleavings() -> None:
    played, moves = play_many(range(SHORT))
    assert played == SHORT
    assert moves > SHORT // 2  # the floor does move in them


@pytest.mark.long
@pytest.mark.skipif(not os.environ.get("BATON_TEST_LONG"), reason="runs in `make test-long`")
def test_nobody_speaks_without_the_floor_in_a_million_interleavings() -> None:
    pieces = [range(start, start + PIECE) for start in range(SHORT, SHORT + LONG, PIECE)]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        results = pool.map(play_many, pieces, chunksize=1)
    assert sum(played for played, _ in results) == LONG
    assert sum(moves for _, moves in results) > LONG // 2


def test_a_person_cannot_take_the_floor_from_a_person() -> None:
    with pytest.raises(StaleFloor):
        Floor(HUMAN, "h1", 3).to_human("h2")


def test_only_the_handoff_that_has_the_floor_can_give_it_back() -> None:
    human = Floor(BOT, None, 0).to_human("h1")
    for stale in (None, "", "h2"):
        with pytest.raises(StaleFloor):
            human.to_bot(stale)
    assert human.to_bot("h1") == Floor(BOT, None, 2)
    with pytest.raises(StaleFloor):
        human.to_bot("h1").to_bot("h1")


def test_a_handoff_beside_the_bot_takes_the_floor_once_and_only_it_does() -> None:
    waiting = Floor(BOT, None, 3).waiting_beside_bot("h1")
    assert waiting == Floor(BOT, "h1", 3) and waiting.waits("h1") and not waiting.held_by("h1")
    assert waiting.to_human("h1") == Floor(HUMAN, "h1", 4)
    assert waiting.to_bot("h1") == Floor(BOT, None, 3)
    for move in (
        lambda: waiting.to_human("h2"),
        lambda: waiting.to_bot("h2"),
        lambda: waiting.waiting_beside_bot("h2"),
    ):
        with pytest.raises(StaleFloor):
            move()
    with pytest.raises(StaleFloor):
        waiting.to_human("h1").waiting_beside_bot("h2")


def test_a_floor_without_a_handoff_is_held_by_nobody() -> None:
    assert not Floor(BOT, None, 0).held_by(None)
    assert not Floor(HUMAN, None, 1).held_by(None)


def test_a_message_of_an_earlier_or_later_epoch_does_not_pass() -> None:
    floor = Floor(BOT, None, 4)
    assert [epoch for epoch in range(8) if floor.lets_pass(epoch)] == [4]
