"""How well the turn at which the bot hands over fits the turn at which it should: pure functions over pairs of turns.

A pair is (golden, predicted): turns from 1, or None for never.

**Dialogue level.** Positive is a dialogue that should be handed over. A dialogue that is handed over at any turn and
should be at any turn is a hit; how early or late is counted apart (`lateness`), because both errors cost something
else: too early takes a colleague's time, too late the customer's patience.

**Golden transfer within tolerance, GT-T** (Liu et al., "Time to Transfer: Predicting and Evaluating Machine-Human
Chatting Handoff", AAAI 2021), with golden turns q and predicted turns p of one dialogue:

    GT-T = mean over p of  max over q of  exp( -(p - q)^2 / (2 T^2 (1 - lambda * sgn(p - q))) )

1 when there is neither p nor q, 0 when there is only one of the two; the figure of a set is the mean over its
dialogues. T is the tolerance in turns (1, 2, 3: GT-I, GT-II, GT-III). With lambda above 0 late costs more than early,
below 0 less. Here a dialogue has at most one p and one q, because the conversation is the person's from then on, and T
counts the customer's turns. The formula was read in the evaluation code that the authors published with the paper
(lambda is 0 there unless set); the paper itself was not at hand, and what is said of it here is from memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import exp
from typing import Iterable, Sequence

Turn = int | None
Pair = tuple[Turn, Turn]
TOLERANCES = (1, 2, 3)


@dataclass(frozen=True)
class TransferScores:
    """Shares from 0 to 1. ``lateness``: predicted minus golden turn -> dialogues, of those rightly handed over."""

    dialogues: int
    golden: int
    predicted: int
    hits: int
    precision: float
    recall: float
    f1: float
    exact: float
    lateness: dict[int, int]
    golden_transfer: dict[int, float]


def score(pairs: Sequence[Pair], lateness_weight: float = 0.0) -> TransferScores:
    """All scores of (golden, predicted) pairs. ``exact`` is the share of dialogues with the very turn, or rightly
    none."""
    golden = sum(gold is not None for gold, _ in pairs)
    predicted = sum(turn is not None for _, turn in pairs)
    both = [(gold, turn) for gold, turn in pairs if gold is not None and turn is not None]
    precision, recall = share(len(both), predicted), share(len(both), golden)
    return TransferScores(
        dialogues=len(pairs),
        golden=golden,
        predicted=predicted,
        hits=len(both),
        precision=precision,
        recall=recall,
        f1=share(2 * precision * recall, precision + recall),
        exact=share(sum(gold == turn for gold, turn in pairs), len(pairs)),
        lateness=dict(sorted(Counter(turn - gold for gold, turn in both).items())),
        golden_transfer={
            tolerance: mean(golden_transfer(gold, turn, tolerance, lateness_weight) for gold, turn in pairs)
            for tolerance in TOLERANCES
        },
    )


def golden_transfer(golden: Turn, predicted: Turn, tolerance: int, lateness_weight: float = 0.0) -> float:
    """GT-T of one dialogue (the formula is above). ``lateness_weight`` is its lambda, between -1 and 1."""
    if golden is None or predicted is None:
        return float(golden is predicted)
    distance = predicted - golden
    sign = (distance > 0) - (distance < 0)
    return exp(-(distance**2) / (2 * tolerance**2 * (1 - lateness_weight * sign)))


def share(part: float, whole: float) -> float:
    """``part`` of ``whole``; 0 of nothing is 0."""
    return part / whole if whole else 0.0


def mean(values: Iterable[float]) -> float:
    listed = list(values)
    return share(sum(listed), len(listed))
