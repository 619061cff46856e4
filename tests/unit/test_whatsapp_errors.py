"""What Meta's error codes mean: one classifier for answers and for failed statuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.whatsapp_errors import classify


@pytest.mark.parametrize("code", [1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 132069, 133004, 135000])
def test_what_passes_is_tried_again_after_a_pause(code: int) -> None:
    verdict = classify(code)
    assert verdict.retry and verdict.delay is not None and verdict.delay > 0


@pytest.mark.parametrize(
    "code", [100, 130403, 130497, 131008, 131009, 131026, 131047, 131051, 131053, 132001, 132015, 137000]
)
def test_what_does_not_pass_is_not_tried_again(code: int) -> None:
    assert not classify(code).retry


@pytest.mark.parametrize("code", [0, 3, 10, 33, 104, 190, 200, 299, 368, 131005, 131031, 131042, 131045, 133010])
def test_what_only_the_operator_can_mend_waits_for_them(code: int) -> None:
    verdict = classify(code)
    assert verdict.operator and verdict.retry and verdict.tries is None


@pytest.mark.parametrize("code", [131000, 135000])
def test_an_error_without_a_reason_does_not_hold_up_the_queue_for_ever(code: int) -> None:
    assert 1 < (classify(code).tries or 0) < 10 and not classify(code).operator


def test_an_unknown_code_is_decided_by_the_status_it_came_with() -> None:
    assert not classify(999999).retry
    assert not classify(999999, status=400).retry
    assert classify(999999, status=500).retry and classify(999999, status=429).retry


def test_meta_saying_that_an_error_passes_is_believed() -> None:
    assert classify(131008, status=400, transient=True).retry
    assert classify(999999, transient=True).retry


@given(st.integers(), st.none() | st.integers(100, 599), st.none() | st.booleans())
def test_every_code_has_a_verdict_and_words_for_an_agent(code: int, status: int | None, transient: bool | None) -> None:
    verdict = classify(code, status=status, transient=transient)
    assert verdict.explanation.endswith(".") and (verdict.delay is not None) == verdict.retry
