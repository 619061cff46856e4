"""The bot's quality against the committed baseline: what `make evaluate` measures, without cross-validation."""

from __future__ import annotations

from pathlib import Path

import pytest

from handoff.evaluation import baseline, report, run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def result(model: Path) -> run.Evaluation:
    return run.evaluate(model, ROOT)


def test_the_bot_is_no_worse_than_the_baseline(result: run.Evaluation) -> None:
    before = baseline.read_baseline(ROOT / baseline.FILE)
    assert before, "there is no baseline: make evaluate BASELINE=update"
    worse = [str(verdict) for verdict in baseline.compare(result.figures, before) if verdict.is_regression]
    assert not worse, "\n".join([*worse, "If that is meant: make evaluate BASELINE=update, and commit the baseline."])


def test_the_report_holds_everything_and_needs_no_network(result: run.Evaluation, tmp_path: Path) -> None:
    verdicts = baseline.compare(result.figures, baseline.read_baseline(ROOT / baseline.FILE))
    report.write(tmp_path / "report.html", result, verdicts, root=ROOT)
    page = (tmp_path / "report.html").read_text()
    for part in (
        "Confusion matrix",
        "Calibration of the confidence",
        "Story graph",
        "worst 20 errors",
        "GT-T within 3",
    ):
        assert part in page
    assert "http" not in page.replace("http-equiv", "") and "<script" not in page
