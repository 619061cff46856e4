"""Scores of an evaluation, against answers worked out by hand."""

from __future__ import annotations

from math import exp
from pathlib import Path

import pytest

from handoff.evaluation import scores, transfer
from handoff.evaluation.dialogues import DialogueError, Said, read_dialogues
from handoff.evaluation.readings import Example, Reading

ROOT = Path(__file__).resolve().parents[2]


def test_golden_transfer_is_whole_at_the_golden_turn_and_when_nobody_should_or_did_take_over() -> None:
    assert transfer.golden_transfer(3, 3, tolerance=1) == 1
    assert transfer.golden_transfer(None, None, tolerance=1) == 1


def test_golden_transfer_is_nothing_when_only_one_side_hands_over() -> None:
    assert transfer.golden_transfer(3, None, tolerance=3) == 0
    assert transfer.golden_transfer(None, 3, tolerance=3) == 0


def test_golden_transfer_falls_with_the_distance_and_slower_with_more_tolerance() -> None:
    assert transfer.golden_transfer(3, 4, tolerance=1) == pytest.approx(exp(-1 / 2))  # 1^2 / (2 * 1^2)
    assert transfer.golden_transfer(3, 5, tolerance=1) == pytest.approx(exp(-2))  # 2^2 / (2 * 1^2)
    assert transfer.golden_transfer(3, 5, tolerance=2) == pytest.approx(exp(-1 / 2))  # 2^2 / (2 * 2^2)
    assert transfer.golden_transfer(5, 3, tolerance=3) == pytest.approx(exp(-2 / 9))  # 2^2 / (2 * 3^2)


def test_the_weight_of_lateness_moves_credit_from_late_to_early() -> None:
    assert transfer.golden_transfer(3, 4, 1, lateness_weight=0.5) == pytest.approx(exp(-1))  # 1 / (2 * 0.5)
    assert transfer.golden_transfer(3, 2, 1, lateness_weight=0.5) == pytest.approx(exp(-1 / 3))  # 1 / (2 * 1.5)


def test_the_scores_of_a_set_of_dialogues() -> None:
    pairs = [(2, 2), (3, 4), (5, None), (None, 1), (None, None), (2, 1)]
    result = transfer.score(pairs)
    assert (result.golden, result.predicted, result.hits) == (4, 4, 3)
    assert (result.precision, result.recall, result.f1) == (0.75, 0.75, 0.75)
    assert result.exact == pytest.approx(2 / 6)
    assert result.lateness == {-1: 1, 0: 1, 1: 1}
    assert result.golden_transfer[1] == pytest.approx((1 + exp(-0.5) + 0 + 0 + 1 + exp(-0.5)) / 6)


def test_no_dialogue_scores_nothing_and_fails_nowhere() -> None:
    assert transfer.score([]).f1 == 0


def reading(meant: str, *ranking: tuple[str, float], decided: str | None = None, near: str | None = None) -> Reading:
    return Reading(Example("text", meant, near=near), decided or ranking[0][0], ranking)


MIXED = [
    reading("greet", ("greet", 0.9), ("thank", 0.1)),
    reading("greet", ("thank", 0.6), ("greet", 0.4)),
    reading("thank", ("thank", 0.45), ("greet", 0.4), decided="nlu_fallback"),
    reading("request_human", ("request_human", 0.8), ("greet", 0.2)),
    reading("complaint", ("request_human", 0.7), ("complaint", 0.3), near="request_human"),
    reading("out_of_scope", ("out_of_scope", 0.6), ("greet", 0.3)),
    reading("out_of_scope", ("greet", 0.5), ("out_of_scope", 0.4)),
]


def test_what_was_understood() -> None:
    result = scores.understanding(MIXED)
    assert result.accuracy == pytest.approx(4 / 7)  # the fallback does not count here
    assert result.false_fallback == pytest.approx(1 / 5)
    assert result.caught == pytest.approx(1 / 2)
    assert result.wrongly_acted_on == pytest.approx(3 / 7)
    assert (result.human_recall, result.near_handed_over) == (1, 1)
    # in scope 0.9 0.6 0.45 0.8 0.7 against 0.3 and 0.5: nine of ten pairs the right way round
    assert result.scope_auroc == pytest.approx(9 / 10)


def test_scores_of_each_intent() -> None:
    rows = {row.name: row for row in scores.per_intent(MIXED)}
    greet = rows["greet"]
    assert (greet.examples, greet.precision, greet.recall, greet.f1) == (2, 0.5, 0.5, 0.5)
    assert greet.mistaken_for == "thank"
    assert rows["complaint"].f1 == 0


def test_the_confusion_matrix_has_a_row_for_what_was_meant() -> None:
    names, counts = scores.confusion(MIXED)
    assert counts[names.index("complaint")][names.index("request_human")] == 1
    assert sum(map(sum, counts)) == len(MIXED)


def test_ties_count_half_in_the_ranking_score() -> None:
    assert scores.auroc([0.5, 0.9], [0.5, 0.1]) == pytest.approx(3.5 / 4)


def test_calibration_compares_confidence_with_what_was_right() -> None:
    bins = scores.calibration([reading("a", ("a", 0.82)), reading("a", ("b", 0.88)), reading("a", ("a", 0.21))])
    assert [(each.count, each.accuracy) for each in bins] == [(1, 1.0), (2, 0.5)]
    # one reading 0.79 apart, two with a mean of 0.85 against 0.5
    assert scores.calibration_error(bins) == pytest.approx((0.79 + 2 * 0.35) / 3)


def test_a_threshold_trades_caught_nonsense_for_rejected_good_messages() -> None:
    low, high = scores.threshold(MIXED, 0.0, 0.0), scores.threshold(MIXED, 0.55, 0.0)
    assert (low.caught, low.rejected_good) == (0.5, 0)
    assert (high.caught, high.rejected_good) == (1, pytest.approx(1 / 5))
    assert low.cost == pytest.approx(3 * 3 / 7)  # three wrong readings acted on
    assert high.cost == pytest.approx((3 * 2 + 1) / 7)  # two of them, and one needless question


def test_readings_that_are_close_together_are_rejected_as_ambiguous() -> None:
    assert scores.threshold(MIXED, 0.0, 0.06).rejected_good == pytest.approx(1 / 5)


def test_of_equally_cheap_thresholds_the_middle_one_is_taken() -> None:
    curve = [scores.Threshold(at, 0, 0, 0, cost) for at, cost in ((0.1, 2), (0.2, 1), (0.3, 1), (0.4, 1), (0.5, 3))]
    assert scores.cheapest(curve).at == 0.3


def test_the_worst_errors_are_the_sure_ones_that_were_acted_on() -> None:
    assert [r.confidence for r in scores.worst(MIXED)] == [0.7, 0.6, 0.5, 0.45]


def test_percentiles_are_values_that_occurred() -> None:
    assert scores.percentile([1, 2, 3, 4], 50) == 2
    assert scores.percentile(list(range(1, 101)), 95) == 95


def test_a_third_of_the_labelled_dialogues_need_nobody() -> None:
    dialogues = read_dialogues(ROOT / "tests" / "dialogues")
    never = sum(dialogue.handoff_at is None for dialogue in dialogues)
    assert len(dialogues) >= 60 and 0.3 <= never / len(dialogues) <= 0.4


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("handoff_at: 3", "from 1 to 2, or never"),
        ("handoff_at: 1\n  golden: 2", "unknown: golden"),
        ("customer: x", "missing: handoff_at"),
        ("handoff_at: 1\n  topic: twice", "twice"),
    ],
)
def test_a_wrong_dialogue_is_refused_with_what_is_allowed(tmp_path: Path, entry: str, says: str) -> None:
    text = f"dialogues:\n- title: A\n  topic: x\n  reason: y\n  turns: [hello, {{press: Yes}}]\n  {entry}\n"
    (tmp_path / "a.yml").write_text(text if "twice" not in entry else f"{text.replace('topic: twice', '')}{_SAME}")
    with pytest.raises(DialogueError, match=says if says != "twice" else "two dialogues"):
        read_dialogues(tmp_path)


_SAME = "- {title: A, topic: x, reason: y, turns: [hello], handoff_at: never}\n"


def test_a_turn_that_yaml_takes_for_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(_SAME.replace("- {", "dialogues:\n- {").replace("[hello]", "[1042]"))
    with pytest.raises(DialogueError, match="in quotes"):
        read_dialogues(tmp_path)


def test_turns_are_texts_presses_or_kinds() -> None:
    shown = [str(said) for said in (Said("hello"), Said(press="Yes"), Said(kind="voice"))]
    assert shown == ["hello", "[Yes]", "<voice>"]
