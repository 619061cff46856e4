"""The evaluation's HTML report: one file that needs nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handoff.evaluation import charts, scores
from handoff.evaluation.baseline import Verdict
from handoff.evaluation.matrix import confusion_svg
from handoff.evaluation.player import Played
from handoff.evaluation.readings import FALLBACK, cross_validated
from handoff.evaluation.run import Evaluation
from handoff.evaluation.story_graph import story_graph_svg
from handoff.evaluation.transfer import share

_TEMPLATES = Path(__file__).parent


def write(
    file: Path,
    result: Evaluation,
    verdicts: Sequence[Verdict],
    crossvalidation: Path | None = None,
    root: Path = Path(),
) -> None:
    """Write the report of an evaluation. ``crossvalidation`` is the folder of Rasa's results, if it was run."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["percent"] = lambda value: "–" if value is None else f"{100 * value:.1f}%"
    page = environment.get_template("report.html").render(
        today=date.today(),
        result=result,
        verdicts=verdicts,
        worse=[verdict for verdict in verdicts if verdict.is_regression],
        understood=result.understanding,
        transfer=result.transfer,
        intents=scores.per_intent(result.readings),
        worst=scores.worst(result.readings),
        fallback=FALLBACK,
        misplaced=misplaced(result),
        missed=missed(result),
        crossvalidated=cross_validation_scores(crossvalidation),
        charts=_charts(result),
        matrix=confusion_svg(*scores.confusion(result.readings)),
        story_graph=story_graph_svg(root),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page)


def _charts(result: Evaluation) -> dict[str, str]:
    readings = result.readings
    right = [reading.confidence for reading in readings if reading.is_right]
    wrong = [reading.confidence for reading in readings if not reading.is_right]
    return {
        "histogram": charts.histogram(right, wrong),
        "reliability": charts.reliability(scores.calibration(readings)),
        "thresholds": charts.thresholds(scores.threshold_curve(readings, result.ambiguity), result.threshold),
        "lateness": charts.lateness(result.transfer.lateness),
    }


def missed(result: Evaluation) -> list[Played]:
    """The dialogues that needed a person and got none."""
    return [played for played in result.played if played.pair[0] is not None and played.pair[1] is None]


def misplaced(result: Evaluation) -> list[dict[str, object]]:
    """The dialogues that were not handed over at the golden turn, those with the largest loss first."""
    rows = []
    for played in result.played:
        golden, predicted = played.pair
        if golden != predicted:
            distance = abs(predicted - golden) if golden and predicted else 99
            at = (predicted or golden or 1) - 1
            turn = min(at, len(played.answers) - 1)
            rows.append(
                {
                    "played": played,
                    "said": str(played.dialogue.turns[turn]),
                    "read": played.readings[turn],
                    "distance": distance,
                }
            )
    return sorted(rows, key=lambda row: -int(str(row["distance"])))


def cross_validation_scores(folder: Path | None) -> dict[str, float] | None:
    """Of Rasa's cross-validation, before the fallback: examples and accuracy. None when it was not run."""
    rows = cross_validated(folder) if folder else []
    if not rows:
        return None
    return {
        "examples": len(rows),
        "accuracy": share(sum(meant == read for _, meant, read, _ in rows), len(rows)),
    }
