"""The committed baseline (`tests/baselines/evaluation.json`): what the scores were, and how far each may fall.

Scores are compared with the baseline, not with a wish: a change that makes the bot worse is noticed where it is made.
Each tolerance is about what one or two of the held-out messages or dialogues are worth, because a change may cost one
here and win two there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping

from handoff.evaluation.scores import Understanding
from handoff.evaluation.transfer import TransferScores

FILE = Path("tests/baselines/evaluation.json")


@dataclass(frozen=True)
class Measure:
    """A watched figure. ``tolerance``: by how much it may be worse than the baseline. ``low_is_good``: for errors."""

    name: str
    title: str
    tolerance: float
    low_is_good: bool = False


MEASURES = (
    Measure("accuracy", "Messages read rightly", 0.01),
    Measure("macro_f1", "Macro-F1 over the intents", 0.01),
    Measure("scope_auroc", "Sense told from nonsense (AUROC)", 0.01),
    Measure("caught", "Nonsense caught", 0.03),
    Measure("false_fallback", "Good messages asked back", 0.015, low_is_good=True),
    Measure("wrongly_acted_on", "Wrong readings acted on", 0.01, low_is_good=True),
    Measure("human_recall", "Wishes for a person heard", 0.03),
    Measure("near_handed_over", "Near misses handed over", 0.03, low_is_good=True),
    Measure("handoff_precision", "Handoffs that were due", 0.03),
    Measure("handoff_recall", "Due handoffs made", 0.03),
    Measure("handoff_f1", "Handoff F1", 0.025),
    Measure("golden_transfer_1", "Golden transfer within 1 turn", 0.025),
    Measure("golden_transfer_2", "Golden transfer within 2 turns", 0.025),
    Measure("golden_transfer_3", "Golden transfer within 3 turns", 0.025),
)


@dataclass(frozen=True)
class Verdict:
    measure: Measure
    now: float
    before: float | None

    @property
    def change(self) -> float:
        """How much better than the baseline, whichever way good is; 0 without one."""
        if self.before is None:
            return 0.0
        return (self.before - self.now) if self.measure.low_is_good else (self.now - self.before)

    @property
    def is_regression(self) -> bool:
        return self.change < -self.measure.tolerance - 1e-9

    def __str__(self) -> str:
        before = "no baseline" if self.before is None else f"baseline {self.before:.3f}"
        return f"{self.measure.title}: {self.now:.3f} ({before}, may be worse by {self.measure.tolerance:.3f})"


def figures(understood: Understanding, transfer: TransferScores) -> dict[str, float]:
    """Every watched figure by its measure's name."""
    values = {
        "handoff_precision": transfer.precision,
        "handoff_recall": transfer.recall,
        "handoff_f1": transfer.f1,
        **{f"golden_transfer_{turns}": value for turns, value in transfer.golden_transfer.items()},
    }
    return {measure.name: values.get(measure.name, getattr(understood, measure.name, 0.0)) for measure in MEASURES}


def compare(now: Mapping[str, float], before: Mapping[str, float]) -> list[Verdict]:
    return [Verdict(measure, now[measure.name], before.get(measure.name)) for measure in MEASURES]


def read_baseline(file: Path = FILE) -> dict[str, float]:
    """The committed figures; empty when there are none yet."""
    if not file.exists():
        return {}
    return {name: float(value) for name, value in json.loads(file.read_text()).items()}


def write_baseline(now: Mapping[str, float], file: Path = FILE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({name: round(value, 4) for name, value in now.items()}, indent=2) + "\n")
