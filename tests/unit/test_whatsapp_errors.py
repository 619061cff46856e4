"""What Meta's error codes mean: one classifier for answers and for failed statuses, one remedy for each code."""

from __future__ import annotations

import json
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.whatsapp_errors import classify, is_of_no_use, late_failure, once_for_a_link
from handoff.channel import APP, NUMBER, Remedy
from tests.unit.whatsapp_support import FIXTURES

# Every code of the reference's table, under what is done about it.
CODES: dict[str, list[int]] = json.loads((FIXTURES / "meta" / "error_codes.json").read_text())


@pytest.mark.parametrize("remedy, code", [(Remedy(name), code) for name, codes in CODES.items() for code in codes])
def test_each_code_has_its_one_remedy(remedy: Remedy, code: int) -> None:
    verdict = classify(code)
    assert verdict.remedy is remedy
    assert verdict.as_error(code).remedy is remedy and late_failure(code).code == code
    assert verdict.explanation.endswith(".")
    assert (verdict.delay is not None) == (remedy in (Remedy.RETRY, Remedy.PARK))


def test_every_code_is_listed_once() -> None:
    listed = list(chain.from_iterable(CODES.values()))
    assert len(listed) == len(set(listed)) == 73


@pytest.mark.parametrize("code, slows", [(130429, NUMBER), (131057, NUMBER), (4, APP), (80007, APP), (131056, None)])
def test_what_is_sent_too_fast_slows_down_what_it_has_to(code: int, slows: str | None) -> None:
    assert classify(code).slows == slows


@pytest.mark.parametrize("code", CODES["park"])
def test_what_waits_for_the_operator_keeps_the_whole_number_waiting_and_is_never_given_up(code: int) -> None:
    assert classify(code).slows == NUMBER and classify(code).tries is None


@pytest.mark.parametrize("code", [1, 131000, 131053, 135000])
def test_an_error_without_a_reason_does_not_hold_up_the_queue_for_ever(code: int) -> None:
    assert 1 < (classify(code).tries or 0) < 10 and not classify(code).operator


def test_a_file_is_asked_for_again_only_where_it_comes_from_an_address() -> None:
    link = {"type": "image", "image": {"link": "https://example.com/a.jpg"}}
    upload = {"type": "image", "image": {"id": "900010"}}
    verdict = classify(131053)
    assert once_for_a_link(verdict, 131053, link).remedy is Remedy.RETRY
    assert once_for_a_link(verdict, 131053, upload).remedy is Remedy.TELL_AGENT
    assert once_for_a_link(classify(131016), 131016, upload).remedy is Remedy.RETRY


def test_a_reaction_to_what_is_gone_troubles_nobody() -> None:
    assert is_of_no_use(131009, {"type": "reaction"})
    assert not is_of_no_use(131009, {"type": "text"}) and not is_of_no_use(131026, {"type": "reaction"})
    assert late_failure(131009).remedy is Remedy.TELL_AGENT


def test_an_unknown_code_is_decided_by_the_status_it_came_with() -> None:
    assert classify(999999).remedy is Remedy.TELL_AGENT
    assert classify(999999, status=400).remedy is Remedy.TELL_AGENT
    for status in (500, 429):
        assert classify(999999, status=status).remedy is Remedy.RETRY and classify(999999, status=status).tries == 4


def test_meta_saying_that_an_error_passes_is_believed() -> None:
    assert classify(131008, status=400, transient=True).retry
    assert classify(999999, transient=True).retry


def test_a_failure_without_a_code_is_told_to_the_agent() -> None:
    assert late_failure(None).remedy is Remedy.TELL_AGENT and str(late_failure(None))


@given(st.integers(), st.none() | st.integers(100, 599), st.none() | st.booleans())
def test_every_code_has_a_verdict_and_words_for_an_agent(code: int, status: int | None, transient: bool | None) -> None:
    verdict = classify(code, status=status, transient=transient)
    assert verdict.explanation.endswith(".") and (verdict.delay is not None) == verdict.retry
