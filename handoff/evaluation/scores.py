"""Scores of readings: pure functions with their definitions. Shares are from 0 to 1.

"In scope" are the examples of every intent but `out_of_scope`; "rejected" is what the bot does not act on: it asks
back, or says that this is not Marigold's business. So one threshold trades caught nonsense against rejected good
messages.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Callable, Iterable, Sequence

from handoff.evaluation.readings import FALLBACK, OUT_OF_SCOPE, Reading
from handoff.evaluation.transfer import mean, share

HUMAN = "request_human"
# A wrong reading acted on costs as much as this many needless questions back: it sends the customer somewhere, and they
# have to notice and undo it.
WRONG_COSTS = 3.0
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class IntentScores:
    name: str
    examples: int
    precision: float
    recall: float
    f1: float
    mistaken_for: str | None


@dataclass(frozen=True)
class Understanding:
    """``accuracy`` and ``macro_f1`` of the best intent, before the fallback. ``scope_auroc``: the chance that an
    in-scope message has a surer reading than one out of scope. ``false_fallback``: in-scope messages that were read
    rightly and yet not acted on. ``caught``: out-of-scope messages that were rejected. ``wrongly_acted_on``: messages
    whose reading was wrong and acted on. ``human_recall``: wishes for a person that were heard. ``near_handed_over``:
    near misses taken for one.
    """

    examples: int
    accuracy: float
    macro_f1: float
    scope_auroc: float
    false_fallback: float
    caught: float
    wrongly_acted_on: float
    human_recall: float
    near_handed_over: float
    answer_accuracy: float | None
    expected_calibration_error: float
    p50_ms: float
    p95_ms: float


def understanding(readings: Sequence[Reading]) -> Understanding:
    inside = [reading for reading in readings if is_in_scope(reading)]
    outside = [reading for reading in readings if not is_in_scope(reading)]
    asked = [reading for reading in readings if reading.example.intent == HUMAN]
    near = [reading for reading in readings if reading.example.near == HUMAN]
    answers = [reading for reading in readings if reading.example.answer and reading.best == reading.example.intent]
    times = sorted(reading.milliseconds for reading in readings)
    return Understanding(
        examples=len(readings),
        accuracy=of(readings, lambda reading: reading.is_right),
        macro_f1=mean(intent.f1 for intent in per_intent(readings)),
        scope_auroc=auroc([r.in_scope_confidence for r in inside], [r.in_scope_confidence for r in outside]),
        false_fallback=of(inside, lambda reading: reading.is_right and is_rejected(reading)),
        caught=of(outside, is_rejected),
        wrongly_acted_on=of(readings, lambda reading: acted_wrongly(reading, is_rejected(reading))),
        human_recall=of(asked, lambda reading: reading.decided == HUMAN),
        near_handed_over=of(near, lambda reading: reading.decided == HUMAN),
        answer_accuracy=of(answers, lambda reading: reading.answer == reading.example.answer) if answers else None,
        expected_calibration_error=calibration_error(calibration(readings)),
        p50_ms=percentile(times, 50),
        p95_ms=percentile(times, 95),
    )


def is_in_scope(reading: Reading) -> bool:
    return reading.example.intent != OUT_OF_SCOPE


def is_rejected(reading: Reading) -> bool:
    return reading.decided in (FALLBACK, OUT_OF_SCOPE)


def acted_wrongly(reading: Reading, rejected: bool) -> bool:
    return not rejected and not reading.is_right


def per_intent(readings: Sequence[Reading]) -> list[IntentScores]:
    """One row per intent that occurs among the examples, by name. ``mistaken_for`` is the commonest wrong reading."""
    rows = []
    for name in sorted({reading.example.intent for reading in readings}):
        meant = [reading for reading in readings if reading.example.intent == name]
        read = [reading for reading in readings if reading.best == name]
        precision, recall = of(read, lambda r: r.is_right), of(meant, lambda r: r.is_right)
        wrong = Counter(reading.best for reading in meant if not reading.is_right)
        common = min(wrong, key=lambda other: (-wrong[other], other)) if wrong else None
        f1 = share(2 * precision * recall, precision + recall)
        rows.append(IntentScores(name, len(meant), precision, recall, f1, common))
    return rows


def confusion(readings: Sequence[Reading]) -> tuple[list[str], list[list[int]]]:
    """The intents, and how often each (row) was read as each (column)."""
    names = sorted({reading.example.intent for reading in readings} | {reading.best for reading in readings})
    counts = Counter((reading.example.intent, reading.best) for reading in readings)
    return names, [[counts[meant, read] for read in names] for meant in names]


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that one drawn from ``positive`` is above one drawn from ``negative``; ties count half."""
    if not positive or not negative:
        return 0.0
    above = sum((high > low) + 0.5 * (high == low) for high in positive for low in negative)
    return above / (len(positive) * len(negative))


@dataclass(frozen=True)
class Bin:
    """Readings whose confidence lies from ``low`` to ``low`` + 0.1."""

    low: float
    count: int
    confidence: float
    accuracy: float


def calibration(readings: Sequence[Reading]) -> list[Bin]:
    """Ten bins of confidence that have readings, each with its mean confidence and the share that was right."""
    bins = []
    for number in range(CALIBRATION_BINS):
        inside = [r for r in readings if min(int(r.confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1) == number]
        if inside:
            confidence, right = mean(r.confidence for r in inside), of(inside, lambda r: r.is_right)
            bins.append(Bin(number / CALIBRATION_BINS, len(inside), confidence, right))
    return bins


def calibration_error(bins: Sequence[Bin]) -> float:
    """How far confidence and share of right readings are apart, on average over the readings."""
    total = sum(each.count for each in bins)
    return share(sum(each.count * abs(each.confidence - each.accuracy) for each in bins), total)


@dataclass(frozen=True)
class Threshold:
    """What one confidence threshold does. ``rejected_good``: in-scope messages that would have been read rightly, and
    are rejected. ``caught``: out-of-scope messages that are. ``cost``: per message, see `WRONG_COSTS`."""

    at: float
    caught: float
    rejected_good: float
    wrongly_acted_on: float
    cost: float


def threshold(readings: Sequence[Reading], at: float, ambiguity: float) -> Threshold:
    """What Rasa's FallbackClassifier would do with these settings."""

    def rejected(reading: Reading) -> bool:
        return reading.confidence < at or reading.lead < ambiguity or reading.best == OUT_OF_SCOPE

    inside = [reading for reading in readings if is_in_scope(reading)]
    outside = [reading for reading in readings if not is_in_scope(reading)]
    needless = sum(reading.is_right and rejected(reading) for reading in inside)
    wrong = sum(acted_wrongly(reading, rejected(reading)) for reading in readings)
    return Threshold(
        at=at,
        caught=of(outside, rejected),
        rejected_good=share(needless, len(inside)),
        wrongly_acted_on=share(wrong, len(readings)),
        cost=share(WRONG_COSTS * wrong + needless, len(readings)),
    )


def threshold_curve(readings: Sequence[Reading], ambiguity: float) -> list[Threshold]:
    return [threshold(readings, step / 50, ambiguity) for step in range(0, 50)]


def cheapest(curve: Iterable[Threshold]) -> Threshold:
    """The threshold of the least cost; of equals the middle one, which is the least likely to be luck."""
    listed = list(curve)
    least = min(each.cost for each in listed)
    equals = [each for each in listed if each.cost <= least + 1e-9]
    return equals[len(equals) // 2]


def worst(readings: Iterable[Reading], count: int = 20) -> list[Reading]:
    """Wrong readings that are acted on first, the surest first; then what was rejected though it was read rightly."""
    wrong = [reading for reading in readings if not reading.is_right or (is_in_scope(reading) and is_rejected(reading))]
    return sorted(wrong, key=lambda r: (not acted_wrongly(r, is_rejected(r)), -r.confidence, r.example.text))[:count]


def of(readings: Sequence[Reading], holds: Callable[[Reading], bool]) -> float:
    """The share of readings for which something holds."""
    return share(sum(1 for reading in readings if holds(reading)), len(readings))


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile of sorted values."""
    if not ordered:
        return 0.0
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]
