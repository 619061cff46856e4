"""Parts of the evaluation's report, and what counts as worse than the baseline."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import networkx
import pytest

from handoff.evaluation import baseline, charts, scores
from handoff.evaluation.baseline import MEASURES, Verdict
from handoff.evaluation.dialogues import Dialogue, Said
from handoff.evaluation.matrix import confusion_svg
from handoff.evaluation.player import Played
from handoff.evaluation.story_graph import draw

BY_NAME = {measure.name: measure for measure in MEASURES}


def test_a_loss_within_the_tolerance_is_no_regression() -> None:
    accuracy = BY_NAME["accuracy"]
    assert not Verdict(accuracy, now=0.90 - accuracy.tolerance, before=0.90).is_regression
    assert Verdict(accuracy, now=0.90 - accuracy.tolerance - 0.001, before=0.90).is_regression


def test_more_errors_are_a_regression_and_fewer_are_not() -> None:
    wrong = BY_NAME["wrongly_acted_on"]
    assert Verdict(wrong, now=0.10, before=0.05).is_regression
    assert not Verdict(wrong, now=0.02, before=0.05).is_regression
    assert Verdict(wrong, now=0.02, before=0.05).change == pytest.approx(0.03)


def test_without_a_baseline_nothing_is_worse(tmp_path: Path) -> None:
    assert baseline.read_baseline(tmp_path / "none.json") == {}
    assert not any(verdict.is_regression for verdict in baseline.compare(dict.fromkeys(BY_NAME, 0.0), {}))


def test_a_baseline_that_was_written_is_read_again(tmp_path: Path) -> None:
    baseline.write_baseline(dict.fromkeys(BY_NAME, 0.12345), tmp_path / "new" / "baseline.json")
    assert set(baseline.read_baseline(tmp_path / "new" / "baseline.json").values()) == {0.1235}


@pytest.mark.parametrize(
    "svg",
    [
        charts.histogram([0.9, 1.0, 0.2], [0.3]),
        charts.histogram([], []),
        charts.reliability([scores.Bin(0.5, 3, 0.55, 0.66)]),
        charts.thresholds([scores.Threshold(0.1, 0.2, 0.0, 0.1, 0.3)], 0.55),
        charts.lateness({-2: 1, 0: 12, 4: 2}),
        charts.lateness({}),
        confusion_svg(["a<b", "c"], [[3, 1], [0, 2]]),
    ],
    ids=["histogram", "empty histogram", "reliability", "thresholds", "lateness", "no lateness", "confusion"],
)
def test_charts_are_well_formed_and_take_their_colours_from_the_page(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and root.get("aria-label")
    assert "#" not in svg and "rgb" not in svg


def test_an_offer_counts_only_at_the_golden_turn() -> None:
    turns = (Said("hello"), Said("track my order"), Said("9999"))
    dialogue = Dialogue("A title", "orders", handoff_at=2, reason="", turns=turns)

    def played(*offered: bool) -> Played:
        return Played(dialogue, None, ("",) * 3, ("",) * 3, "", offered)

    assert played(False, True, False).was_offered
    assert not played(True, False, True).was_offered


def test_the_story_graph_has_a_box_for_each_step_and_survives_circles() -> None:
    graph = networkx.MultiDiGraph()
    labels = {0: "START", 1: '"track_order"', 2: "utter_a <b>", 3: "END"}
    for node, label in labels.items():
        graph.add_node(node, label=label)
    graph.add_edges_from([(0, 1), (1, 2), (2, 1), (2, 3)])
    root = ElementTree.fromstring(draw(graph))
    titles = [title.text for title in root.iter("title")]
    assert sorted(filter(None, titles)) == ["END", "START", "track_order", "utter_a <b>"]
